/** A record as columns, in bounded memory. */
import type { RunRecord } from '#record/index.js'
import type { Evidence } from './evidence.js'
import { ObservedReader } from './observed-table.js'
import { findProfiles } from './profile-refs.js'

/**
 * Read once for each opening of a record: diagnosis and report of one run look at the same.
 * @param record  as `readRecord` opens it; one under way is read as far as it goes
 */
export function readEvidence(record: RunRecord): Promise<Evidence> {
  let reading = readings.get(record)
  if (reading === undefined) readings.set(record, (reading = read(record)))
  return reading
}

const readings = new WeakMap<RunRecord, Promise<Evidence>>()

async function read(record: RunRecord): Promise<Evidence> {
  const load = await record.digest()
  const { binS, binCount } = load
  const observed = new ObservedReader({ binS, binCount })
  for (const part of await record.observed()) {
    for await (const window of record.windows({}, `observed/${part}`)) observed.add(part, window)
  }
  const { events, missing } = await record.events()
  const startUnixMs = load.startUnixMs ?? record.run.startedUnixMs
  return {
    run: record.run,
    dir: record.dir,
    durationS: record.durationNs / 1e9,
    binS,
    binCount,
    load: load.columns,
    endpoints: load.endpoints,
    failures: load.failures,
    observed: observed.finish(),
    events: events.map((event) => ({ ...event, atS: (event.unixMs - startUnixMs) / 1000 })),
    profiles: await findProfiles(record.dir, startUnixMs),
    missing: [...record.missing, ...missing],
  }
}

/** One pass through a record, in bounded memory. */
import type { RunRecord, SeriesWindow } from '#record/index.js'
import type { Evidence } from './evidence.js'
import type { Grid } from './grid.js'
import { LoadReader } from './load-reader.js'
import { ObservedReader } from './observed-table.js'
import { findProfiles } from './profile-refs.js'

/** Bins of a run at most. */
const MAX_BINS = 1800

/** For who reads the record along with the evidence. */
export interface ReadAlong {
  /** Told of every window. */
  readonly each?: (window: SeriesWindow) => void
  /** Metrics that are passed over: their columns stay empty. */
  readonly exceptMetrics?: ReadonlySet<string>
}

/** @param record  as `readRecord` opens it; one under way is read as far as it goes */
export async function readEvidence(record: RunRecord, { each, exceptMetrics }: ReadAlong = {}): Promise<Evidence> {
  const durationS = record.durationNs / 1e9
  const binS = Math.max(1, Math.ceil(durationS / MAX_BINS))
  const binCount = Math.max(1, Math.ceil(durationS / binS))
  const grid: Grid = { binS, binCount }
  const load = new LoadReader(grid)
  const offsets: number[] = []
  for await (const window of record.windows(exceptMetrics === undefined ? {} : { exceptMetrics })) {
    load.add(window)
    each?.(window)
    if (offsets.length < 100) offsets.push(window.unixMs - window.toNs / 1e6)
  }
  const observed = new ObservedReader(grid)
  for (const part of await record.observed()) {
    for await (const window of record.windows({}, `observed/${part}`)) observed.add(part, window)
  }
  const { events, missing } = await record.events()
  const startUnixMs = offsets.sort((a, b) => a - b)[offsets.length >> 1] ?? record.run.startedUnixMs
  const { columns, endpoints, failures } = load.finish()
  return {
    run: record.run,
    dir: record.dir,
    durationS,
    binS,
    binCount,
    load: columns,
    endpoints,
    failures,
    observed: observed.finish(),
    events: events.map((event) => ({ ...event, atS: (event.unixMs - startUnixMs) / 1000 })),
    profiles: await findProfiles(record.dir, startUnixMs),
    missing: [...record.missing, ...missing],
  }
}

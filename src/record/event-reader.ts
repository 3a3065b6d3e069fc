import type { Disk } from './disk.js'
import { MAX_EVENTS } from './event-writer.js'
import { linesOf } from './lines.js'
import type { Missing, RecordEvent } from './types.js'

/** Reads `events.ndjson`; what is torn, damaged or beyond what a record holds is left out and counted. */
export async function readEvents(
  disk: Disk,
  path: string,
): Promise<{ readonly events: readonly RecordEvent[]; readonly missing: readonly Missing[] }> {
  if ((await disk.stat(path)) === undefined) return { events: [], missing: [] }
  const events: RecordEvent[] = []
  let damaged = 0
  for await (const { bytes, ended } of linesOf(disk.read(path), MAX_EVENT_BYTES)) {
    const event = ended && bytes !== undefined && events.length < MAX_EVENTS ? eventOf(bytes) : undefined
    if (event === undefined) damaged++
    else events.push(event)
  }
  const what = `events.ndjson: ${damaged} line${damaged === 1 ? '' : 's'}`
  return { events, missing: damaged === 0 ? [] : [{ what, why: 'torn or damaged' }] }
}

const MAX_EVENT_BYTES = 1 << 20

function eventOf(line: Buffer): RecordEvent | undefined {
  try {
    const { unixMs, type, detail } = JSON.parse(line.toString('utf8')) as Partial<RecordEvent>
    const sound =
      typeof unixMs === 'number' && typeof type === 'string' && typeof detail === 'object' && detail !== null
    return sound && !Array.isArray(detail) ? { unixMs, type, detail } : undefined
  } catch {
    return undefined
  }
}

import type { Disk } from './disk.js'
import { isTooDeep } from './depth.js'
import { MAX_EVENTS } from './event-writer.js'
import { linesOf } from './lines.js'
import type { Missing, RecordEvent } from './types.js'

/**
 * Reads `events.ndjson`; what is torn, damaged or beyond what a record holds is left out and counted.
 * @param written  how many its writer says there are, 0 when it could not say
 */
export async function readEvents(
  disk: Disk,
  path: string,
  written: number,
): Promise<{ readonly events: readonly RecordEvent[]; readonly missing: readonly Missing[] }> {
  const isThere = (await disk.stat(path)) !== undefined
  const events: RecordEvent[] = []
  let damaged = 0
  for await (const { bytes, ended } of isThere ? linesOf(disk.read(path), MAX_EVENT_BYTES) : []) {
    const event = ended && bytes !== undefined && events.length < MAX_EVENTS ? eventOf(bytes) : undefined
    if (event === undefined) damaged++
    else events.push(event)
  }
  const missing: Missing[] = []
  if (damaged > 0)
    missing.push({ what: `events.ndjson: ${damaged} line${damaged === 1 ? '' : 's'}`, why: 'torn or damaged' })
  const gone = written - events.length - damaged
  if (gone > 0)
    missing.push({
      what: `events.ndjson: ${gone} event${gone === 1 ? '' : 's'} at its end`,
      why: 'the file was cut off',
    })
  return { events, missing }
}

const MAX_EVENT_BYTES = 1 << 20

function eventOf(line: Buffer): RecordEvent | undefined {
  try {
    const { unixMs, type, detail } = JSON.parse(line.toString('utf8')) as Partial<RecordEvent>
    const sound =
      typeof unixMs === 'number' && typeof type === 'string' && typeof detail === 'object' && detail !== null
    return sound && !Array.isArray(detail) && !isTooDeep(detail) ? { unixMs, type, detail } : undefined
  } catch {
    return undefined
  }
}

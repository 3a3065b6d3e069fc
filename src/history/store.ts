/** The history: one line of facts a run, appended. A plain file, because it is small, diffable and needs no engine. */
import { join } from 'node:path'
import { type RunFacts, runFactsSchema } from '#gate/index.js'
import type { Disk } from '#record/index.js'

/** Below a project's folder. */
export const historyFile: string = join('.perfwright', 'history.ndjson')
const mostBytes = 256 << 20

export interface History {
  /** Oldest first; a run that was added twice counts once, as added last. */
  readonly runs: readonly RunFacts[]
  /** Lines that are no facts: a torn end, an edit by hand. */
  readonly damaged: number
}

export async function readHistory(disk: Disk, path: string): Promise<History> {
  const facts = await disk.stat(path)
  if (facts === undefined) return { runs: [], damaged: 0 }
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of disk.read(path)) {
    bytes += piece.length
    if (bytes > mostBytes) throw new RangeError(`${path} is larger than ${mostBytes} bytes`)
    pieces.push(piece)
  }
  const byId = new Map<string, RunFacts>()
  let damaged = 0
  for (const line of Buffer.concat(pieces).toString('utf8').split('\n')) {
    if (line.trim() === '') continue
    const one = parsed(line)
    if (one === undefined) damaged++
    else byId.set(one.id, one)
  }
  return { runs: [...byId.values()].sort((a, b) => a.startedUnixMs - b.startedUnixMs), damaged }
}

/** One write a run: appending is whole lines on every system that matters, so writers at the same time do not mix. */
export async function addToHistory(disk: Disk, path: string, runs: readonly RunFacts[]): Promise<void> {
  const file = await disk.append(path)
  try {
    for (const run of runs) await file.write(Buffer.from(`\n${JSON.stringify(run)}\n`))
  } finally {
    await file.close()
  }
}

function parsed(line: string): RunFacts | undefined {
  try {
    const checked = runFactsSchema.safeParse(JSON.parse(line))
    return checked.success ? checked.data : undefined
  } catch {
    return undefined
  }
}

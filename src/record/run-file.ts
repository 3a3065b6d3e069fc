import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '#base/clock.js'
import { isTooDeep } from './depth.js'
import type { Disk } from './disk.js'
import { diskReason, recordInvalid, recordNewer, recordUnreadable } from './errors.js'
import { wholeFile } from './lines.js'
import type { SeriesFindings } from './series-reader.js'
import { FORMAT_VERSION, type Missing, type RunFile, type RunHeader } from './types.js'
import { migrate } from './versions.js'

export interface StateOptions {
  readonly clock?: Clock
  /** Whether a process of this host still runs; by default the system is asked. */
  readonly isAlive?: (pid: number) => boolean
}

/**
 * Reads and checks `run.json`. Where it is gone or torn, the head that every file of the series repeats stands in, and
 * `missing` says so.
 * @throws PW_RECORD_UNREADABLE, PW_RECORD_INVALID, PW_RECORD_NEWER
 */
export async function readRunFile(
  dir: string,
  disk: Disk,
  found: SeriesFindings,
  missing: Missing[],
): Promise<RunFile> {
  const path = join(dir, 'run.json')
  let raw: unknown
  try {
    if ((await disk.stat(path)) === undefined) throw recordUnreadable(dir, 'the folder has no run.json')
    raw = await readJson(disk, path)
  } catch (error) {
    if (found.head === undefined) {
      if (isSystemError(error)) throw recordUnreadable(path, diskReason(error), error)
      throw error
    }
    const why = isSystemError(error) ? diskReason(error) : 'the file is not there or is damaged'
    missing.push({ what: 'run.json: all but what was known at the start', why })
    return fromHead(found.head.run, path)
  }
  return checkRunFile(raw, path)
}

/** @throws PW_RECORD_INVALID with every problem and its JSON path, PW_RECORD_NEWER */
export async function checkRunFile(raw: unknown, path: string): Promise<RunFile> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw recordInvalid(path, ['$: expected an object'])
  const version = (raw as { formatVersion?: unknown }).formatVersion
  if (typeof version === 'number' && version > FORMAT_VERSION) throw recordNewer(path, version, FORMAT_VERSION)
  const migrated = migrate(raw as Record<string, unknown>)
  if (migrated === undefined)
    throw recordInvalid(path, [`$.formatVersion: expected a whole number from 1 to ${FORMAT_VERSION}`])
  const { problemsOf, runFileSchema } = await import('./schema.js')
  const checked = runFileSchema.safeParse(migrated)
  if (!checked.success) throw recordInvalid(path, problemsOf(checked.error))
  return checked.data
}

export async function readJson(disk: Disk, path: string): Promise<unknown> {
  const bytes = await wholeFile(disk.read(path), MAX_JSON_BYTES)
  if (bytes === undefined) throw recordInvalid(path, [`$: the file is larger than ${MAX_JSON_BYTES >> 20} MB`])
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw recordInvalid(path, [`$: ${(error as Error).message}`])
  }
  if (isTooDeep(value)) throw recordInvalid(path, ['$: nested too deep'])
  return value
}

/** Who wrote it says whether it still does; from another host only silence tells. */
export function stateOf(run: RunFile, found: SeriesFindings, options: StateOptions): 'finished' | 'running' | 'killed' {
  if (run.state === 'finished') return 'finished'
  const { clock = systemClock, isAlive = processIsAlive } = options
  const silentMs = clock.unixMs() - Math.max(run.startedUnixMs, found.lastUnixMs)
  if (run.writer.host !== hostname()) return silentMs > SILENCE_MS ? 'killed' : 'running'
  return isAlive(run.writer.pid) ? 'running' : 'killed'
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number'
}

const MAX_JSON_BYTES = 256 << 20
/** A writer appends every second. */
const SILENCE_MS = 60_000

async function fromHead(head: RunHeader, path: string): Promise<RunFile> {
  const { problemsOf, runHeaderSchema } = await import('./schema.js')
  const checked = runHeaderSchema.safeParse(head)
  if (!checked.success) throw recordInvalid(path, problemsOf(checked.error))
  return {
    formatVersion: FORMAT_VERSION,
    state: 'running',
    ...checked.data,
    endedUnixMs: null,
    durationNs: null,
    scenarios: [],
    thresholds: [],
    checks: null,
    summary: null,
    trust: null,
    exit: null,
    missing: [],
    written: null,
  }
}

function processIsAlive(pid: number): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

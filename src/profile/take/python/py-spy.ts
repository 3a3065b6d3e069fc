/** Python by the real py-spy (github.com/benfred/py-spy), which the person installs; nothing is loaded into the target. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat } from '../../concat.js'
import type { Profile } from '../../model.js'
import { readCollapsed } from '../../read/collapsed.js'
import { unusable } from '../errors.js'
import type { ProfileKind, TakeOptions, Taken } from '../types.js'

/** py-spy's own default; +2 to +8 % CPU per request. */
const defaultRateHz = 100

/** What each kind asks of py-spy: threads that run, that hold the GIL, or all of them. */
const flags: Readonly<Partial<Record<ProfileKind, readonly string[]>>> = {
  cpu: [],
  lock: ['--gil'],
  wall: ['--idle'],
}

export const pythonKinds: readonly string[] = Object.keys(flags)

export interface PySpy {
  /** Path of py-spy. */
  readonly program: string
  /** Stacks of C extensions too: dearer, and stops the process longer. */
  readonly native: boolean
}

export async function takePython(pid: number, spy: PySpy, options: TakeOptions): Promise<Taken> {
  const wanted = flags[options.kind]
  if (wanted === undefined) {
    throw unusable(
      'PW_PROFILE_KIND',
      `py-spy has no profile of kind "${options.kind}".`,
      `use one of ${pythonKinds.join(', ')}; memory: memray run or python -m tracemalloc, and perfwright profile show`,
    )
  }
  if (options.onChunk === undefined) return await record(pid, spy, wanted, options)
  const untilNs = options.clock.nowNs() + options.durationMs * 1e6
  for (let partial: string | undefined; ; ) {
    const fromUnixMs = options.clock.unixMs()
    const durationMs = Math.min(options.chunkMs ?? chunkMs, (untilNs - options.clock.nowNs()) / 1e6)
    const taken = await record(pid, spy, wanted, { ...options, durationMs })
    options.onChunk({ profile: taken.profile, raw: taken.raw, fromUnixMs, toUnixMs: options.clock.unixMs() })
    partial = taken.partial
    if (partial !== undefined || options.clock.nowNs() >= untilNs) {
      return { ...taken, profile: concat([]), raw: [], partial }
    }
  }
}

/** py-spy reads the layout of the process anew each time it starts, so its chunks are longer than others'. */
const chunkMs = 10_000

async function record(pid: number, spy: PySpy, wanted: readonly string[], options: TakeOptions): Promise<Taken> {
  const rateHz = options.rateHz ?? defaultRateHz
  const dir = await mkdtemp(join(tmpdir(), 'perfwright-py-spy-'))
  const file = join(dir, 'raw.txt')
  const args = [
    'record',
    `--pid=${pid}`,
    '--format=raw',
    `--output=${file}`,
    `--rate=${rateHz}`,
    `--duration=${Math.max(1, Math.round(options.durationMs / 1000))}`,
    '--threads',
    // Whole paths tell the target's own code from the standard library's.
    '--full-filenames',
    ...wanted,
    spy.native ? '--native' : '--nonblocking',
  ]
  try {
    const { code, stderr } = await run(spy.program, args, options.signal)
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.trim() === '') throw pySpyFailure(pid, code, stderr)
    const period = { type: { type: 'wall', unit: 'nanoseconds' }, every: 1e9 / rateHz }
    const profile = timed(readCollapsed(text, `py-spy of ${pid}`), options.kind, period)
    const stopped = options.signal.aborted ? 'it was stopped' : undefined
    return {
      profile: { ...profile, durationNs: options.durationMs * 1e6 },
      runtime: 'python',
      method: `py-spy at ${rateHz} Hz${wanted.length > 0 ? ` ${wanted.join(' ')}` : ''}${spy.native ? ' --native' : ''}`,
      raw: [{ name: 'py-spy.raw.txt', bytes: new TextEncoder().encode(text) }],
      partial: /process exited/i.test(stderr) ? 'the process ended' : stopped,
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A sample stands for one period of its thread. */
function timed(profile: Profile, kind: ProfileKind, period: NonNullable<Profile['period']>): Profile {
  return {
    ...profile,
    valueTypes: [...profile.valueTypes, { type: kind === 'lock' ? 'gil' : kind, unit: 'nanoseconds' }],
    values: Float64Array.from(
      { length: profile.values.length * 2 },
      (_, i) => (profile.values[i >> 1] as number) * (i % 2 === 0 ? 1 : period.every),
    ),
    period,
    mainValue: 1,
  }
}

/** Ends py-spy by SIGINT, at which it writes what it has; SIGTERM would lose it. */
function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 20_000) stderr += chunk.toString()
    })
    const interrupt = (): void => void child.kill('SIGINT')
    signal.addEventListener('abort', interrupt, { once: true })
    child.on('error', () => {
      reject(
        unusable(
          'PW_PROFILE_NO_PY_SPY',
          `py-spy does not start (${program}).`,
          'pip install py-spy, or say where it is: --py-spy PATH',
        ),
      )
    })
    child.on('close', (code) => {
      signal.removeEventListener('abort', interrupt)
      resolve({ code, stderr })
    })
  })
}

/** What py-spy's words on standard error mean. */
export function pySpyFailure(pid: number, code: number | null, stderr: string): Error {
  if (/Permission Denied|Permission denied|Operation not permitted/.test(stderr)) {
    return unusable(
      'PW_PROFILE_PERMISSION',
      `This user may not read process ${pid} (ptrace).`,
      `sudo perfwright profile --pid ${pid}; in a container add --cap-add SYS_PTRACE (Kubernetes: securityContext.capabilities.add: [SYS_PTRACE]); or sysctl kernel.yama.ptrace_scope=0`,
    )
  }
  if (/No such (file|process)/.test(stderr)) {
    return unusable('PW_PROFILE_NO_PROCESS', `There is no process ${pid}.`, 'check the pid (pgrep -af python)')
  }
  if (/Failed to find python version/.test(stderr)) {
    return unusable('PW_PROFILE_RUNTIME', `Process ${pid} is not Python, as far as py-spy can tell.`, 'check the pid')
  }
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return unusable(
    'PW_PROFILE_EMPTY',
    `py-spy took no sample of process ${pid} (exit ${code}): ${last || 'the process was idle'}.`,
    'profile while load runs, or use --kind wall',
  )
}

/** `profile --pid | --url | -- COMMAND`: takes one profile and leaves it in a folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '#base/clock.js'
import { parseDuration } from '#base/duration.js'
import { ExitCode } from '#base/errors.js'
import { profileKinds, type Target, takeProfile } from '#profile/take/index.js'
import { cpuTimeNs, findInTree } from '#profile/take/process.js'
import type { ProfileKind, Taken } from '#profile/take/types.js'
import { type BundleFacts, writeBundle } from '#profile/bundle.js'
import { sampleCount } from '#profile/model.js'
import type { CommandIo } from '../../command.js'
import { printTable } from './table.js'
import { orUsage, rowLimit, usage } from './usage.js'

/** Fewer samples than this say nothing of where time goes. */
const fewSamples = 100

export async function take(argv: readonly string[], io: CommandIo): Promise<number> {
  const flags = parse(argv)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const child = flags.command.length === 0 ? undefined : await start(flags.command, io)
  try {
    const target = await targetOf(flags, child)
    const cpuBefore = 'pid' in target ? cpuTimeNs(target.pid) : undefined
    const startedNs = systemClock.nowNs()
    io.stderr.write(
      `taking a ${flags.kind} profile for ${flags.durationMs / 1000} s (Ctrl-C ends it early and keeps it)\n`,
    )
    const taken = await takeProfile(target, {
      kind: flags.kind,
      durationMs: flags.durationMs,
      rateHz: flags.rateHz,
      clock: systemClock,
      signal: stop.signal,
    })
    const cpuAfter = 'pid' in target ? cpuTimeNs(target.pid) : undefined
    const cores =
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : (cpuAfter - cpuBefore) / (systemClock.nowNs() - startedNs)
    const { dir, facts } = await save(taken, target, flags, cores, io)
    printTable(
      taken.profile,
      { value: taken.profile.mainValue, limit: flags.limit, json: flags.json, facts: { ...facts } },
      io,
    )
    if (cores !== undefined) io.stderr.write(`the process used ${cores.toFixed(2)} cores meanwhile\n`)
    const samples = sampleCount(taken.profile)
    if (samples < fewSamples && (flags.kind === 'cpu' || flags.kind === 'wall')) {
      io.stderr.write(`only ${samples} samples: profile while load runs, or longer\n`)
    }
    io.stderr.write(`${taken.method}; profile ${relative(io.cwd, dir) || dir}/{flame.html,profile.pb.gz}\n`)
    if (taken.partial !== undefined) io.stderr.write(`the profile is shorter than asked: ${taken.partial}\n`)
    return taken.partial === undefined ? ExitCode.ok : ExitCode.partialData
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    if (child?.pid !== undefined) endGroup(child.pid)
  }
}

interface TakeFlags {
  readonly pid: number | undefined
  readonly url: string | undefined
  readonly command: readonly string[]
  readonly kind: ProfileKind
  readonly durationMs: number
  readonly rateHz: number | undefined
  readonly pySpy: string
  readonly native: boolean
  readonly out: string | undefined
  readonly limit: number
  readonly json: boolean
}

function parse(argv: readonly string[]): TakeFlags {
  const at = argv.indexOf('--')
  const command = at < 0 ? [] : argv.slice(at + 1)
  const { values } = orUsage(() =>
    parseArgs({
      args: at < 0 ? [...argv] : argv.slice(0, at),
      options: {
        pid: { type: 'string' },
        url: { type: 'string' },
        kind: { type: 'string', default: 'cpu' },
        duration: { type: 'string', default: '30s' },
        rate: { type: 'string' },
        'py-spy': { type: 'string', default: 'py-spy' },
        native: { type: 'boolean', default: false },
        out: { type: 'string', short: 'o' },
        limit: { type: 'string', short: 'n' },
        json: { type: 'boolean', default: false },
      },
    }),
  )
  const given = [values.pid, values.url, command[0]].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw usage(`One target is needed, ${given.length} given.`, 'give --pid PID, --url URL, or -- COMMAND')
  }
  if (!profileKinds.includes(values.kind)) {
    throw usage(`There is no kind "${values.kind}".`, `use one of ${profileKinds.join(', ')}`)
  }
  const duration = parseDuration(values.duration)
  if (!('ns' in duration) || duration.ns <= 0)
    throw usage(`--duration ${values.duration} is no time above 0.`, 'give 30s or 2m')
  return {
    pid: values.pid === undefined ? undefined : positive('--pid', values.pid),
    url: values.url,
    command,
    kind: values.kind as ProfileKind,
    durationMs: duration.ns / 1e6,
    rateHz: values.rate === undefined ? undefined : positive('--rate', values.rate),
    pySpy: values['py-spy'],
    native: values.native,
    out: values.out,
    limit: rowLimit(values.limit),
    json: values.json,
  }
}

function addressOf(text: string): string {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`
  if (URL.canParse(url)) return url
  throw usage(`--url ${text} is no address.`, 'give http://127.0.0.1:6060')
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw usage(`${flag} ${text} is no whole number above 0.`, `give ${flag} 100`)
}

async function targetOf(flags: TakeFlags, child: ChildProcess | undefined): Promise<Target> {
  if (flags.url !== undefined) return { url: addressOf(flags.url) }
  const pySpy = { program: flags.pySpy, native: flags.native }
  if (flags.pid !== undefined) return { pid: flags.pid, pySpy }
  const pid = child?.pid
  if (pid === undefined) throw usage('The command did not start.', 'check its name')
  // `npm start` and shells run the program as a child of theirs.
  for (let i = 0; i < 100; i++) {
    const found = findInTree(pid)
    if (found !== undefined) return { pid: found, pySpy }
    if (child?.exitCode !== null) break
    await new Promise<void>((done) => systemClock.at(systemClock.nowNs() + 100e6, done))
  }
  throw usage(
    `"${flags.command.join(' ')}" started no Node, Python or Go program within 10 s.`,
    'start it yourself and give --pid',
  )
}

function start(command: readonly string[], io: CommandIo): Promise<ChildProcess> {
  return new Promise((done, reject) => {
    // A group of its own: shells and `npm start` leave their children behind when they are ended.
    const child = spawn(command[0] as string, command.slice(1), {
      cwd: io.cwd,
      stdio: ['ignore', 2, 2],
      detached: true,
    })
    child.on('spawn', () => done(child))
    child.on('error', (error) => reject(usage(`Cannot start ${command[0]}: ${error.message}`, 'check the command')))
  })
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // All of it has ended by itself.
  }
}

async function save(
  taken: Taken,
  target: Target,
  flags: TakeFlags,
  cores: number | undefined,
  io: CommandIo,
): Promise<{ readonly dir: string; readonly facts: BundleFacts }> {
  const stamp = new Date(systemClock.unixMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const dir = resolve(io.cwd, flags.out ?? join('.perfwright', 'profiles', `${stamp}-${flags.kind}`))
  try {
    const facts = await writeBundle(dir, {
      profile: taken.profile,
      raw: taken.raw,
      title: `${flags.kind} profile, ${taken.runtime}`,
      facts: {
        kind: flags.kind,
        runtime: taken.runtime,
        method: taken.method,
        target: 'pid' in target ? { pid: target.pid } : { url: target.url },
        processCores: cores ?? null,
        partial: taken.partial ?? null,
      },
    })
    return { dir, facts }
  } catch (error) {
    throw usage(
      `Cannot write the profile to ${dir}: ${(error as Error).message}`,
      'give --out a folder that can be written',
    )
  }
}

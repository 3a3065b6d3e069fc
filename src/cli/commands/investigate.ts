/**
 * `perfwright investigate SCRIPT`: the eight steps of profiling as one command. Observe the symptoms, state a hypothesis,
 * choose the profile, take it under load, analyse, name the hot spots; the person optimizes; `--again` validates.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { readEvidence } from '#diagnose/read-evidence.js'
import type { Evidence } from '#diagnose/evidence.js'
import { compareProfiles, type Observation } from '#profile/diff/compare.js'
import { readProfile } from '#profile/read/index.js'
import { topText, plain } from '#profile/views/top-text.js'
import { type Finding, readRecord, type RunRecord } from '#record/index.js'
import type { Command, CommandIo } from '../command.js'
import { parseRunFlags } from '../run-flags.js'
import { diffText } from './profile/diff.js'
import { hypothesisOf } from './investigate/hypothesis.js'
import { runScript } from './run.js'

const defaultRounds = 5
const shownRows = 10

export const investigateCommand: Command = {
  name: 'investigate',
  summary: 'find out under load why a program is slow, and whether a change helped',
  async run(argv, io) {
    if (argv.includes('--help') || argv.includes('-h') || argv.length === 0) {
      io.stdout.write(HELP)
      return argv.length === 0 ? ExitCode.usage : ExitCode.ok
    }
    const again = argv.includes('--again')
    const rounds = roundsOf(argv)
    const given = withoutOwn(argv)
    const state = again ? readState(io.cwd) : { runArgs: given, before: [] as string[] }
    if (again && given.length > 0)
      throw usage('--again takes the command line of the first time.', 'perfwright investigate --again')
    const dirs = await measure(state.runArgs, rounds, io)
    if (!again) {
      const dir = writeState(io.cwd, { runArgs: state.runArgs, before: dirs })
      await tell(dirs, io)
      io.stdout.write(
        `\n7 Optimize  change one thing, the first on the list.\n8 Validate  perfwright investigate --again   (kept in ${relative(io.cwd, dir)})\n`,
      )
      return ExitCode.ok
    }
    return await validate(state.before, dirs, io)
  },
}

const HELP = `Finds out under load why a program is slow, in the eight steps of profiling, and afterwards whether a change helped.

Usage: perfwright investigate [flags] SCRIPT     observes, states a hypothesis, profiles under load, names the hot spots
       perfwright investigate --again            the same after your change: better, worse, the same, or cannot tell

Takes every flag of perfwright run; --target-cmd starts the program anew for each round, which is what makes the
comparison fair. Records and profiles are kept as those of any run.

Flags:
      --rounds N      runs a side (default ${defaultRounds}; fewer than 4 cannot decide anything)
      --again         compare with the first time
  -h, --help          this text

Exit codes: 0; 30 --again found it worse; 32 it cannot tell; those of perfwright run when a run could not be made.

Examples:
  perfwright investigate --target-cmd 'node server.js' load.js
  perfwright investigate --target-pid 4242 --rounds 8 load.js
  perfwright investigate --again
`

interface State {
  readonly runArgs: readonly string[]
  /** Records of the first time. */
  readonly before: readonly string[]
}

/** Runs the load so many times with profiles; a run that could not be made ends it. */
async function measure(runArgs: readonly string[], rounds: number, io: CommandIo): Promise<string[]> {
  const dirs: string[] = []
  for (let round = 1; round <= rounds; round++) {
    io.stderr.write(`round ${round} of ${rounds}\n`)
    const flags = [...runArgs, '--profile', 'auto', '--no-summary', '--quiet']
    const { exitCode, recordDir } = await runScript(parseRunFlags(flags, io.env), io)
    if (recordDir === undefined || exitCode === ExitCode.interrupted || exitCode === ExitCode.targetUnusable) {
      throw new PerfwrightError({
        code: 'PW_INVESTIGATE_RUN',
        message: `Round ${round} could not be run (exit ${exitCode}).`,
        fix: `perfwright run ${runArgs.join(' ')}`,
        exitCode: (exitCode === ExitCode.ok ? ExitCode.ourBug : exitCode) as ExitCode,
      })
    }
    dirs.push(recordDir)
  }
  return dirs
}

async function tell(dirs: readonly string[], io: CommandIo): Promise<void> {
  const last = await readRecord(dirs.at(-1) as string)
  const evidence = await readEvidence(last)
  const { symptoms, hypothesis, kinds } = hypothesisOf(evidence)
  io.stdout.write(`\n1 Observe     ${symptoms.join('; ')}\n2 Hypothesis  ${hypothesis}\n3 Choose      ${kinds}\n`)
  const taken = evidence.profiles.map(({ source, kind }) => `${kind} (${source})`)
  io.stdout.write(`4 Profile     ${taken.length === 0 ? noProfile(evidence) : taken.join(', ')}\n`)
  const [profile] = await observations(dirs.slice(-1))
  if (profile !== undefined) {
    io.stdout.write(`\n5 Analyse, 6 Hot spots: the fewest functions that hold 80 %\n\n`)
    io.stdout.write(topText(profile.profile, { limit: shownRows, width: io.stdout.columns ?? 140 }))
  }
  for (const finding of ((await last.findings()) ?? []).filter(isTrouble).slice(0, 5)) {
    io.stdout.write(`\n! ${plain(finding.title)}\n    ${plain(finding.fix)}\n`)
  }
}

function noProfile(evidence: Evidence): string {
  return evidence.events.some(({ type }) => type === 'target')
    ? 'none could be taken: see the warnings above'
    : 'no target was found: name it with --target-cmd or --target-pid'
}

function isTrouble({ severity }: Finding): boolean {
  return severity !== 'info'
}

async function validate(before: readonly string[], after: readonly string[], io: CommandIo): Promise<number> {
  const [a, b] = [await observations(before), await observations(after)]
  const latency = async (dirs: readonly string[]): Promise<string> => spread(await Promise.all(dirs.map(p95Of)))
  io.stdout.write(`\n8 Validate\n\np95 ${await latency(before)} before, ${await latency(after)} after\n`)
  if (a.length === 0 || b.length === 0) {
    io.stdout.write('There is no profile on one of the sides: nothing to compare.\n')
    return ExitCode.inconclusive
  }
  const result = compareProfiles(a, b)
  const type = a[0]?.profile.valueTypes[a[0].profile.mainValue]
  io.stdout.write(`\nCPU of ${diffText(result, type?.unit ?? 'count', 'request', shownRows)}`)
  const now = b.at(-1)
  if (now !== undefined) {
    io.stdout.write('\nNow on top:\n\n')
    io.stdout.write(topText(now.profile, { limit: 5, width: io.stdout.columns ?? 140 }))
  }
  if (result.verdict === 'regressed') return ExitCode.regression
  return result.verdict === 'inconclusive' ? ExitCode.inconclusive : ExitCode.ok
}

/** The steady CPU profile of each record, and the requests that it saw. */
async function observations(dirs: readonly string[]): Promise<Observation[]> {
  const found: Observation[] = []
  for (const dir of dirs) {
    try {
      const facts = JSON.parse(readFileSync(join(dir, 'profiles', 'steady-cpu', 'profile.json'), 'utf8')) as {
        readonly requests?: number
      }
      const bytes = readFileSync(join(dir, 'profiles', 'steady-cpu', 'profile.pb.gz'))
      const profile = await readProfile(bytes, 'profile.pb.gz')
      const cpu = profile.valueTypes.findIndex(({ type }) => type === 'cpu')
      if (facts.requests !== undefined && facts.requests > 0)
        found.push({ profile: { ...profile, mainValue: cpu < 0 ? profile.mainValue : cpu }, units: facts.requests })
    } catch {
      // A round without a profile counts for nothing; how many there are decides whether anything can be told.
    }
  }
  return found
}

async function p95Of(dir: string): Promise<number | undefined> {
  const record: RunRecord = await readRecord(dir)
  return (await record.quantile('http_req_duration', 0.95))?.value
}

function spread(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (known.length === 0) return 'unknown'
  const ms = (value: number | undefined): string => `${(value ?? 0).toFixed(1)} ms`
  return `${ms(known[known.length >> 1])} [${ms(known[0])} to ${ms(known.at(-1))}]`
}

function statePath(cwd: string): string {
  return join(cwd, '.perfwright', 'investigation.json')
}

function writeState(cwd: string, state: State): string {
  const path = statePath(cwd)
  mkdirSync(join(cwd, '.perfwright'), { recursive: true })
  writeFileSync(path, `${JSON.stringify(state, null, 2)}\n`)
  return path
}

function readState(cwd: string): State {
  try {
    const state = JSON.parse(readFileSync(statePath(cwd), 'utf8')) as Partial<State>
    const texts = (list: unknown): list is string[] =>
      Array.isArray(list) && list.every((one) => typeof one === 'string')
    if (texts(state.runArgs) && texts(state.before)) return { runArgs: state.runArgs, before: state.before }
  } catch {
    // Said below.
  }
  throw usage(
    'There is nothing to compare with in this folder.',
    'perfwright investigate --target-cmd "..." SCRIPT first',
  )
}

function roundsOf(argv: readonly string[]): number {
  const at = argv.findIndex((arg) => arg === '--rounds' || arg.startsWith('--rounds='))
  if (at < 0) return defaultRounds
  const rounds = Number(argv[at]?.split('=')[1] ?? argv[at + 1])
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 50) return rounds
  throw usage('--rounds takes a number from 1 to 50.', '--rounds 3')
}

function withoutOwn(argv: readonly string[]): string[] {
  return argv.filter((arg, i) => arg !== '--again' && !arg.startsWith('--rounds') && argv[i - 1] !== '--rounds')
}

function usage(message: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_INVESTIGATE_USAGE', message, fix, exitCode: ExitCode.usage })
}

/** `perfwright prove FINDING`: applies a finding's change to a copy, measures both by duet, says what it gains and costs. */
import { dirname, resolve } from 'node:path'
import { readFileSync, statSync } from 'node:fs'
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { type DuetVerdict, runDuets, usage } from '#duet/index.js'
import { type Finding, nodeDisk, readFindings, writeFindings } from '#record/index.js'
import type { Command, CommandIo } from '../command.js'
import { DUET_FLAGS, readDuetFlags } from '../duet/flags.js'
import { answer, duetting, textOf } from '../duet/plan-of.js'
import { type ProofSides, proofSides } from '../duet/prove-sides.js'
import { untilStopped } from '../duet/stopping.js'
import { type Flag, flagHelp } from '../flag-table.js'
import { recordDirOf } from '../record-dir.js'

const FLAGS: readonly Flag[] = [
  {
    name: 'cmd',
    takes: 'text',
    arg: 'CMD',
    group: 'Sides',
    help: 'starts the program; the change is applied to a copy for b',
  },
  { name: 'patch', takes: 'text', arg: 'FILE', group: 'Sides', help: 'a patch to try, where the finding brings none' },
  { name: 'statement', takes: 'each', arg: 'SQL', group: 'Sides', help: 'a statement to try (repeatable)' },
  {
    name: 'db',
    takes: 'text',
    arg: 'URI',
    group: 'Sides',
    help: 'the database that is copied for both sides; never changed itself',
  },
  {
    name: 'db-env',
    takes: 'text',
    arg: 'NAME',
    group: 'Sides',
    help: 'the variable by which the program finds it (default DATABASE_URL)',
  },
]

export const proveCommand: Command = {
  name: 'prove',
  summary: "try a finding's change on a copy and say what it gains and costs, by duet",
  async run(argv, io) {
    const [word, ...rest] = argv
    const isHelp = word === undefined || argv.includes('--help') || argv.includes('-h')
    if (isHelp) {
      io.stdout.write(help(io.stdout.columns))
      return word === undefined ? ExitCode.usage : ExitCode.ok
    }
    if (word.startsWith('-'))
      throw usage('prove takes the finding first.', 'perfwright prove latest#ID --cmd CMD --url /path')
    const { flags, parsed } = readDuetFlags(rest, FLAGS)
    const { dir, finding } = await findingOf(word, io)
    const text = (name: string): string | undefined => parsed.values.get(name) as string | undefined
    return await untilStopped(async (signal) => {
      const progress = (line: string): void => void (flags.json || io.stderr.write(`${line}\n`))
      const patch = text('patch')
      const hasBoth = flags.a !== undefined || flags.aUrl !== undefined
      const command = text('cmd')
      if (!hasBoth && command === undefined)
        throw usage('There is no program to measure.', '--cmd CMD, or both versions: --a CMD --b CMD')
      const sides = hasBoth
        ? undefined
        : await proofSides(finding, {
            cwd: io.cwd,
            database: text('db'),
            databaseEnv: text('db-env') ?? 'DATABASE_URL',
            statements: (parsed.values.get('statement') as readonly string[] | undefined) ?? [],
            patch: patch === undefined ? undefined : textOf(resolve(io.cwd, patch)),
            signal,
            progress,
          })
      try {
        const what = await duetting(hasBoth ? flags : { ...flags, a: command, b: command }, io, signal)
        const plan = sides === undefined ? what.plan : withSides(what.plan, sides)
        const result = await runDuets(plan, { clock: systemClock, signal, progress })
        const { verdict } = result
        const costs = [...(finding.advice?.costs ?? []), ...(sides?.costs ?? []), ...slower(verdict)]
        if (!flags.json) io.stdout.write(proofText(finding, verdict, costs, flags.format === 'md'))
        answer(what, result, flags, io)
        if (!result.stopped && dir !== undefined) await keep(dir, finding, verdict, io)
        if (result.stopped) return ExitCode.interrupted
        if (verdict.verdict === 'better') return ExitCode.ok
        return verdict.verdict === 'invalid'
          ? ExitCode.notTrustworthy
          : verdict.verdict === 'inconclusive'
            ? ExitCode.inconclusive
            : ExitCode.regression
      } finally {
        await sides?.close()
      }
    })
  },
}

function withSides<T extends { a: object; b: object }>(plan: T, sides: ProofSides): T {
  const env = (side: object, more: Readonly<Record<string, string>>): object => ({
    ...(side as { env: object }).env,
    ...more,
  })
  return {
    ...plan,
    a: { ...plan.a, env: env(plan.a, sides.aEnv) },
    b: { ...plan.b, cwd: sides.bCwd, env: env(plan.b, sides.bEnv) },
  }
}

/** `RECORD#id`, `findings.json#id`, or a beginning of the id that only one finding has. */
async function findingOf(word: string, io: CommandIo): Promise<{ dir: string | undefined; finding: Finding }> {
  const at = word.indexOf('#')
  const place = at < 0 ? 'latest' : word.slice(0, at) || 'latest'
  const id = at < 0 ? word : word.slice(at + 1)
  const isFile = place.endsWith('.json')
  const dir = isFile ? undefined : recordDirOf(place, io.cwd)
  if (!isFile && dir === undefined)
    throw usage('There is no record yet.', 'perfwright run, then perfwright diagnose or advise')
  const all = isFile ? listOf(resolve(io.cwd, place)) : ((await readFindings(nodeDisk, dir as string)) ?? [])
  const found = all.filter((one) => one.id === id)
  const close = found.length > 0 ? found : all.filter((one) => one.id.startsWith(id))
  if (close.length !== 1) {
    const ids = all.map((one) => one.id).slice(0, 20)
    throw usage(
      `${close.length === 0 ? 'No finding' : `${close.length} findings`} of ${isFile ? place : dirname(`${dir}/x`)} ${close.length === 0 ? 'has' : 'have'} the id "${id}".`,
      ids.length === 0 ? 'perfwright diagnose, or advise, finds some' : `one of ${ids.join(', ')}`,
    )
  }
  return { dir, finding: close[0] as Finding }
}

function listOf(path: string): readonly Finding[] {
  try {
    if (statSync(path).size > 64 << 20) throw new RangeError('larger than 64 MB')
    const value = JSON.parse(readFileSync(path, 'utf8')) as unknown
    const list = Array.isArray(value)
      ? value
      : ((value as { findings?: unknown }).findings ?? (value as { advice?: unknown }).advice)
    if (!Array.isArray(list)) throw new TypeError('no list of findings')
    return list as readonly Finding[]
  } catch (error) {
    throw usage(
      `The findings cannot be read: ${(error as Error).message}`,
      'a findings.json, or what diagnose or advise --json wrote',
      path,
    )
  }
}

function slower({ comparisons }: DuetVerdict): string[] {
  return comparisons
    .filter(({ verdict }) => verdict === 'worse')
    .map(
      ({ metric, endpoint, change }) => `${metric} of ${endpoint} got worse by ${(100 * (change ?? 0)).toFixed(0)} %`,
    )
}

function proofText(finding: Finding, verdict: DuetVerdict, costs: readonly string[], isMarkdown: boolean): string {
  const words = {
    better: 'VERIFIED',
    same: 'REFUTED',
    regression: 'REFUTED',
    inconclusive: 'CANNOT TELL',
    invalid: 'INVALID',
  }
  const gain = verdict.comparisons.find((one) => one.verdict === 'better' && one.change !== null)
  const times =
    gain?.change == null
      ? ''
      : ` ${gain.metric === 'cpu' ? 'CPU per request' : gain.metric}${gain.endpoint === 'all' ? '' : ` of ${gain.endpoint}`} falls to 1/${(1 / (1 + gain.change)).toFixed(1)} [1/${(1 / (1 + (gain.high ?? 0))).toFixed(1)}, 1/${(1 / (1 + (gain.low ?? 0))).toFixed(1)}].`
  const clean = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?')
  const mark = isMarkdown ? '**' : ''
  const lines = [`${mark}${words[verdict.verdict]}${mark}  ${clean(finding.title)}.${times}`]
  lines.push(
    costs.length === 0
      ? 'Costs: none were seen with these requests; requests that write show what writes pay.'
      : `Costs: ${costs.map(clean).join('; ')}.`,
  )
  return `${lines.join('\n')}\n\n`
}

/** The record says from now on that it was tried. */
async function keep(dir: string, finding: Finding, verdict: DuetVerdict, io: CommandIo): Promise<void> {
  if (finding.advice === undefined || verdict.verdict === 'invalid' || verdict.verdict === 'inconclusive') return
  const state = verdict.verdict === 'better' ? ('verified' as const) : ('refuted' as const)
  const advice = { ...finding.advice, verification: { state, how: `${verdict.duets} duets: ${verdict.why}` } }
  try {
    const all = (await readFindings(nodeDisk, dir)) ?? []
    await writeFindings(nodeDisk, dir, {
      findings: all.map((one) => (one.id === finding.id ? { ...one, advice } : one)),
    })
  } catch (error) {
    io.stderr.write(`the record keeps its former findings: ${(error as Error).message}\n`)
  }
}

function help(width: number | undefined): string {
  return `Tries the change that a finding proposes, by duet against the program as it is, and says what it gains and what it costs.
Neither the project nor its database is changed: a patch goes to a copy of the folder, a statement to a copy of the database.

Usage: perfwright prove FINDING --cmd CMD [flags] [SCRIPT]
       perfwright prove FINDING --a CMD --b CMD [flags] [SCRIPT]

FINDING is RECORD#id, findings.json#id, or an id (or its beginning) of the latest record.

Examples:
  perfwright prove latest#missing-index --cmd 'node server.js' --db postgres://localhost/shop --url '/orders?customer={1..500}'
  perfwright prove n-plus-one --a 'node server.js' --b 'cd ../fixed && node server.js' load.js --format md
${flagHelp([...FLAGS, ...DUET_FLAGS], width)}

Exit codes: 0 better; 30 not better, or worse; 32 it cannot tell; 33 the sides did not do the same work; 34 a side could not
be used.
`
}

/** `perfwright slo ...`: objectives from a baseline, judged on a record or on Prometheus, with budgets and alert rules. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { ExitCode } from '#base/errors.js'
import { systemClock } from '#base/clock.js'
import { readRecord, type RunRecord } from '#record/index.js'
import { type BudgetResult, checkBudgets, readBudgets } from '#slo/budgets.js'
import { checkPrometheus } from '#slo/check-prometheus.js'
import { checkRecord, exitCodeOfSlos, type SloResult } from '#slo/check-record.js'
import { serviceClasses } from '#slo/classes.js'
import { sloFileMissing, sloUsage } from '#slo/errors.js'
import { proposeSlos } from '#slo/init.js'
import type { SloFile } from '#slo/model.js'
import { readSlos } from '#slo/read.js'
import { prometheusRules } from '#slo/rules.js'
import { alertsText, budgetsText, classTable, proposalText, resultsText } from '#slo/text.js'
import { slosOf, thresholdsOf } from '#slo/thresholds.js'
import { sloFormats, writeOpenSlo } from '#slo/write.js'
import type { Command, CommandIo } from '../command.js'

export const sloCommand: Command = {
  name: 'slo',
  summary: 'set objectives from a baseline, judge them on a record or on Prometheus, write alert rules',
  async run(argv, io) {
    const [verb, ...rest] = argv
    if (verb === undefined || verb === '--help' || verb === '-h' || rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    const action = verbs[verb]
    if (action === undefined) throw sloUsage(`there is no "slo ${verb}"; there are ${Object.keys(verbs).join(', ')}`)
    return await action(parse(rest), io)
  },
}

const HELP = `Service level objectives: what is promised, whether it was kept, and what is left of the error budget.

Usage: perfwright slo table
       perfwright slo init --from RECORD [--from RECORD ...] --type TYPE [flags]
       perfwright slo check [RECORD] --slo FILE [--budgets FILE]
       perfwright slo check --prometheus URL [--window 30d] --slo FILE
       perfwright slo rules --slo FILE [-o FILE] [--explain]
       perfwright slo export --slo FILE --to ${Object.keys(sloFormats).join('|')}
       perfwright slo thresholds --slo FILE
       perfwright slo thresholds --from RECORD

  table        the recommended objectives by type of service
  init         measure a baseline, set it against what users expect, promise 10 to 20 % better, with a date to look again;
               writes OpenSLO v1. Several records of the same test show how much runs differ
  check        met, missed or undecided, with interval, error budget left and burn rate
  rules        Prometheus rules: error ratios, budget, multi-window multi-burn-rate alerts;
               --explain says instead how soon each alert fires
  export       the same objectives for other tools; reads OpenSLO v1 and Sloth
  thresholds   objectives as a k6 script's thresholds, and a run's thresholds as objectives

Flags:
      --slo FILE         OpenSLO v1 or Sloth (default slo.yaml)
      --from RECORD      folder of a run, or "latest"
      --type TYPE        ${serviceClasses.map(({ type }) => type).join(', ')}
      --service NAME     name of the service (default: name of the run)
      --better PERCENT   how much better than the baseline to promise, 10 to 20 (default 15)
      --endpoints N      objectives of their own for the N dearest endpoints (default 0)
      --window TIME      time over which a promise holds (default 30d)
      --review DATE      when to look again (default in 90 days)
      --metric NAME      Prometheus histogram of response times in seconds (default http_request_duration_seconds)
      --labels MATCHERS  of the service's series: 'job="shop"'
      --prometheus URL   judge what production counted
      --budgets FILE     budgets of endpoints and queries too: budgets: 1, endpoints: {NAME: {p95, p99, bytes, failed}},
                         queries: {statementsPerRequest, timePerRequest, slowest}
      --json             results as JSON
  -o, --out FILE         where init, rules, export and thresholds write (default: slo.yaml for init, else standard output)
  -h, --help             this text

Exit codes: 0 kept; 31 an objective or a budget is missed; 32 undecided or without data; 34 Prometheus cannot be asked.

Examples:
  perfwright slo init --from latest --type user-facing-api -o slo.yaml
  perfwright slo check latest --slo slo.yaml
  perfwright slo check --prometheus http://127.0.0.1:9090 --slo slo.yaml
  perfwright slo rules --slo slo.yaml -o slo-rules.yaml && promtool check rules slo-rules.yaml
`

type Flags = ReturnType<typeof parse>

const verbs: Readonly<Record<string, (flags: Flags, io: CommandIo) => Promise<ExitCode>>> = {
  table: async (_, io) => {
    io.stdout.write(classTable())
    return ExitCode.ok
  },
  init,
  check,
  rules: async (flags, io) => {
    const file = readFile(flags, io)
    if (flags.values.explain) {
      io.stdout.write(alertsText(file))
      return ExitCode.ok
    }
    const { yaml, left } = prometheusRules(file)
    emit(yaml, flags.values.out, io)
    for (const line of left) io.stderr.write(`no rules for ${line}\n`)
    return ExitCode.ok
  },
  export: async (flags, io) => {
    const write = sloFormats[flags.values.to ?? 'openslo']
    if (write === undefined) throw sloUsage(`--to takes ${Object.keys(sloFormats).join(', ')}`)
    emit(write(readFile(flags, io)), flags.values.out, io)
    return ExitCode.ok
  },
  thresholds,
}

async function init({ values, positionals }: Flags, io: CommandIo): Promise<ExitCode> {
  const given = values.from ?? positionals
  if (given.length === 0) throw sloUsage('--from RECORD is missing: the first step is to measure a baseline')
  const expected = serviceClasses.find(({ type }) => type === values.type)
  if (expected === undefined) {
    const what = values.type === undefined ? '--type is missing' : `there is no service type "${values.type}"`
    throw sloUsage(`${what}: what do users expect? ${serviceClasses.map(({ type }) => type).join(', ')}`)
  }
  const records = await Promise.all(given.map((name) => readRecord(recordDir(name, io.cwd))))
  const out = resolve(io.cwd, values.out ?? 'slo.yaml')
  if (existsSync(out) && !values.force)
    throw sloUsage(`${out} is there already`, 'give another name with -o, or --force')
  const service = values.service ?? records[0]?.run.name ?? 'service'
  const proposal = await proposeSlos(records, {
    service,
    expected,
    better: share(values.better ?? '15', '--better', 0, 50),
    windowDays: days(values.window ?? '30d'),
    reviewOn: values.review ?? dateIn(90),
    endpoints: count(values.endpoints ?? '0'),
    durationMetric: values.metric ?? 'http_request_duration_seconds',
    matchers: values.labels ?? `job=${JSON.stringify(service)}`,
  })
  writeFileSync(out, writeOpenSlo(proposal.file))
  if (values.json) io.stdout.write(`${JSON.stringify({ written: out, ...proposal }, null, 2)}\n`)
  else {
    io.stdout.write(proposalText(proposal))
    io.stdout.write(
      `\n${out}: read it, change it, then: perfwright slo check latest --slo ${values.out ?? 'slo.yaml'}\n`,
    )
  }
  if (records.length < 3)
    io.stderr.write(
      'One run is a thin baseline: three and more of the same test show how much runs differ (--from again).\n',
    )
  return ExitCode.ok
}

async function check(flags: Flags, io: CommandIo): Promise<ExitCode> {
  const { values, positionals } = flags
  const file = values.slo === undefined && values.budgets !== undefined ? undefined : readFile(flags, io)
  let results: readonly SloResult[] = []
  let budgets: readonly BudgetResult[] = []
  if (values.prometheus !== undefined) {
    if (file === undefined) throw sloUsage('--slo FILE is missing')
    results = await checkPrometheus(file, {
      url: values.prometheus,
      window: values.window,
      fetch: globalThis.fetch,
      headers:
        io.env['PROMETHEUS_TOKEN'] === undefined ? {} : { authorization: `Bearer ${io.env['PROMETHEUS_TOKEN']}` },
    })
  } else {
    const record: RunRecord = await readRecord(recordDir(positionals[0] ?? values.from?.[0] ?? 'latest', io.cwd))
    if (file !== undefined) results = await checkRecord(file, record)
    if (values.budgets !== undefined) {
      budgets = await checkBudgets(readBudgets(text(values.budgets, io), values.budgets), record)
    }
  }
  if (values.json) io.stdout.write(`${JSON.stringify({ results, budgets }, null, 2)}\n`)
  else {
    if (results.length > 0) io.stdout.write(resultsText(results, `of ${values.window ?? '30d'}`))
    if (budgets.length > 0) io.stdout.write(budgetsText(budgets))
  }
  return exitCodeOfSlos([...results, ...budgets].map(({ verdict }) => verdict))
}

async function thresholds(flags: Flags, io: CommandIo): Promise<ExitCode> {
  const { values, positionals } = flags
  const from = values.from?.[0] ?? positionals[0]
  if (from === undefined) {
    const { thresholds: made, left } = thresholdsOf(readFile(flags, io))
    emit(`export const options = ${JSON.stringify({ thresholds: made }, null, 2)}\n`, values.out, io)
    for (const line of left) io.stderr.write(`no threshold for ${line}\n`)
    return ExitCode.ok
  }
  const { run } = await readRecord(recordDir(from, io.cwd))
  const byMetric: Record<string, string[]> = {}
  for (const { metric, source } of run.thresholds) (byMetric[metric] ??= []).push(source)
  const { file, left } = slosOf(byMetric, values.service ?? run.name, days(values.window ?? '30d'))
  emit(file.slos.length === 0 ? stringify([]) : writeOpenSlo(file), values.out, io)
  for (const line of left) io.stderr.write(`left out: ${line}\n`)
  return ExitCode.ok
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        slo: { type: 'string' },
        from: { type: 'string', multiple: true },
        type: { type: 'string' },
        service: { type: 'string' },
        better: { type: 'string' },
        endpoints: { type: 'string' },
        window: { type: 'string' },
        review: { type: 'string' },
        metric: { type: 'string' },
        labels: { type: 'string' },
        prometheus: { type: 'string' },
        budgets: { type: 'string' },
        to: { type: 'string' },
        json: { type: 'boolean' },
        force: { type: 'boolean' },
        explain: { type: 'boolean' },
        out: { type: 'string', short: 'o' },
      },
    })
  } catch (error) {
    throw sloUsage((error as Error).message)
  }
}

function readFile({ values }: Flags, io: CommandIo): SloFile {
  const name = values.slo ?? 'slo.yaml'
  return readSlos(text(name, io), name)
}

function text(name: string, io: CommandIo): string {
  try {
    return readFileSync(resolve(io.cwd, name), 'utf8')
  } catch (error) {
    throw sloFileMissing(name, error)
  }
}

function emit(content: string, out: string | undefined, io: CommandIo): void {
  if (out === undefined) io.stdout.write(content)
  else writeFileSync(resolve(io.cwd, out), content)
}

function share(value: string, flag: string, least: number, most: number): number {
  const number = Number(value.replace('%', ''))
  if (!(number >= least && number <= most))
    throw sloUsage(`${flag} takes ${least} to ${most} (percent), not "${value}"`)
  return number / 100
}

function count(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 100)
    throw sloUsage(`--endpoints takes 0 to 100, not "${value}"`)
  return number
}

function days(value: string): number {
  const [, number = '', unit = ''] = /^(\d+)([dw])$/.exec(value) ?? []
  if (number === '') throw sloUsage(`--window takes days or weeks, such as 30d or 4w, not "${value}"`)
  return Number(number) * (unit === 'w' ? 7 : 1)
}

function dateIn(daysAhead: number): string {
  return new Date(systemClock.unixMs() + daysAhead * 86_400_000).toISOString().slice(0, 10)
}

/** Folder names begin with the time, so the last one is the newest. */
function recordDir(given: string, cwd: string): string {
  if (given !== 'latest') return resolve(cwd, given)
  const runs = join(cwd, '.perfwright', 'runs')
  const names = existsSync(runs) ? readdirSync(runs) : []
  const newest = names.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1)
  if (newest === undefined) throw sloUsage(`there is no record below ${runs}`)
  return join(runs, newest)
}

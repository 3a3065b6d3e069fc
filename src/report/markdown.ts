import type { RunRecord } from '#record/index.js'
import { executiveOf, findingFix, findingTitle } from './executive.js'
import type { ReportOptions } from './index.js'
import { type LatencyStats, buildReport, type PartRow, type ReportModel } from './report-model.js'
import { wordsOf } from './words/index.js'
import type { Words } from './words/types.js'
import { formatBytes, formatDuration, formatNumber, formatPercent } from './summary/format.js'

/** The technical report: for the person who has to find out why. */
export async function* markdownReport(record: RunRecord, { language }: ReportOptions): AsyncGenerator<string> {
  const report = await buildReport(record)
  const words = wordsOf(language)
  const sections: readonly (readonly [title: string, body: readonly string[]])[] = [
    [words.page.summary, summary(report, words)],
    [words.page.findings, findings(report, words)],
    ['Trust', trust(report)],
    ['Thresholds', thresholds(report)],
    ['Checks', checks(report)],
    ['Latency', latency(report)],
    ['By endpoint', parts(report.endpoints, 'Endpoint')],
    ['By scenario', parts(report.byScenario, 'Scenario')],
    ['By group', report.byGroup.length > 1 ? parts(report.byGroup, 'Group') : []],
    ['Errors by kind', errors(report)],
    ['Asked and sent', askedAndSent(report)],
    ['All metrics', metrics(report)],
    ['Observed', observed(report)],
    ['Environment', environment(report)],
    ['What is missing', report.missing.map(({ what, why }) => `- ${inline(what)}: ${inline(why)}`)],
  ]
  yield `# ${inline(report.run.name)}\n\n${verdictLine(report)}\n\n${facts(report).join('\n')}\n`
  for (const [title, body] of sections) if (body.length > 0) yield `\n## ${title}\n\n${body.join('\n')}\n`
}

const MAX_ROWS = 50
const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' }

function verdictLine({ verdict, state, run }: ReportModel): string {
  const word =
    verdict.passed === null ? (state === 'running' ? 'RUNNING' : 'NO VERDICT') : verdict.passed ? 'PASSED' : 'FAILED'
  const code = verdict.exitCode === null ? '' : ` (exit code ${verdict.exitCode})`
  const trusted =
    run.trust === null || run.trust.verdict === 'trustworthy'
      ? ''
      : ` The numbers are ${run.trust.verdict.replaceAll('-', ' ')}.`
  return `**${word}**${code}${verdict.reason === null ? '' : `: ${inline(verdict.reason)}`}.${trusted}`
}

function facts({ run, durationS, record }: ReportModel): string[] {
  const ended = run.endedUnixMs === null ? '' : ` to ${iso(run.endedUnixMs)}`
  return table(
    ['', ''],
    [
      ['Record', record],
      ['Time', `${iso(run.startedUnixMs)}${ended} (${formatDuration(durationS * 1000)})`],
      ['Script', `${run.script.path} (sha256 ${run.script.sha256.slice(0, 12)})`],
      ['Engine', `${run.engine.name} ${run.engine.version}`],
      ...(run.testType === null ? [] : [['Test type', run.testType]]),
      ['Command', ['perfwright', ...run.commandLine].join(' ')],
    ],
    2,
  )
}

function summary(report: ReportModel, words: Words): string[] {
  const { answer, capacity, risk, next } = executiveOf(report, words)
  const sentences = (of: typeof answer): string => of.map(({ text }) => inline(text)).join(' ')
  const part = (title: string, of: typeof answer): string[] =>
    of.length === 0 ? [] : ['', `**${title}**: ${sentences(of)}`]
  return [
    sentences(answer),
    ...part(words.page.capacity, capacity),
    ...part(words.page.risk, risk),
    '',
    `**${inline(next.text)}**`,
  ]
}

function findings(report: ReportModel, words: Words): string[] {
  return (report.findings ?? [])
    .slice(0, MAX_ROWS)
    .flatMap((finding) => [
      `- **${inline(findingTitle(finding, words))}** (${words.severity[finding.severity]}, ${finding.kind}, ${words.page.confidence} ${Math.round(finding.confidence * 100)} %)`,
      ...finding.evidence.map(({ text, source }) => `  - ${inline(text)} (${inline(source)})`),
      `  - ${words.page.fix}: ${inline(findingFix(finding, words))}`,
      ...(finding.prove === '' ? [] : [`  - ${words.page.prove}: ${inline(finding.prove)}`]),
    ])
}

function trust({ run }: ReportModel): string[] {
  if (run.trust === null) return []
  return [`**${run.trust.verdict.replaceAll('-', ' ')}**`, ...run.trust.reasons.map((reason) => `- ${inline(reason)}`)]
}

function thresholds({ run }: ReportModel): string[] {
  const rows = run.thresholds.map(({ metric, source, ok, value }) => [
    ok === null ? 'not judged' : ok ? 'holds' : '**crossed**',
    metric,
    source,
    value === null ? 'no data' : formatNumber(value),
  ])
  return rows.length === 0 ? [] : table(['', 'Metric', 'Threshold', 'Value'], rows, 3, 1)
}

function checks({ checks }: ReportModel): string[] {
  const rows: string[][] = []
  const walk = (group: ReportModel['checks']): void => {
    for (const { name, passes, fails } of group.checks) {
      rows.push([group.path, name, String(passes), String(fails), formatPercent(passes / (passes + fails))])
    }
    for (const inner of group.groups) walk(inner)
  }
  walk(checks)
  return rows.length === 0
    ? []
    : limited(rows, (shown) => table(['Group', 'Check', 'Passed', 'Failed', 'Passed, share'], shown, 2))
}

function latency({ metrics }: ReportModel): string[] {
  const wanted = [
    ['http_req_duration', 'Service time of requests (from send)'],
    ['http_req_response_time', 'Response time of requests (from the intended start)'],
    ['iteration_duration', 'Iterations'],
    ['iteration_start_lag', 'Lag behind the intended start of iterations'],
  ] as const
  const rows = wanted.flatMap(([name, title]) => {
    const metric = metrics.find((found) => found.name === name && found.count > 0)
    if (metric === undefined) return []
    const { values } = metric
    const times = ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'].map((stat) => time(values[stat]))
    return [[title, String(metric.count), ...times, bound(metric.relativeError)]]
  })
  return rows.length === 0
    ? []
    : table(['', 'Count', 'avg', 'min', 'p50', 'p90', 'p95', 'p99', 'max', 'Error of percentiles'], rows, 1)
}

function parts(rows: readonly PartRow[], title: string): string[] {
  if (rows.length === 0) return []
  const cells = (stats: LatencyStats | null): string[] =>
    stats === null ? ['-', '-', '-', '-'] : [stats.med, stats.p95, stats.p99, stats.max].map(time)
  const all = rows.map((row) => [
    row.key,
    `${row.count}${row.unit === 'requests' ? '' : ' iterations'}`,
    row.perS === null ? '-' : formatNumber(round(row.perS)),
    row.failedRatio === null ? '-' : formatPercent(row.failedRatio),
    ...cells(row.serviceTimeMs),
    ...cells(row.responseTimeMs),
  ])
  const head = [
    title,
    'Requests',
    'per s',
    'Failed',
    'Service p50',
    'p95',
    'p99',
    'max',
    'Response p50',
    'p95',
    'p99',
    'max',
  ]
  return limited(all, (shown) => table(head, shown, 1))
}

function errors({ errors }: ReportModel): string[] {
  const rows = errors.map(({ kind, of, count }) => [kind, of, String(count)])
  return rows.length === 0 ? [] : limited(rows, (shown) => table(['Kind', 'Of', 'Count'], shown, 2))
}

function askedAndSent({ run }: ReportModel): string[] {
  const rows = run.scenarios.map(({ name, executor, asked, sent, dropped, startLagMs }) => [
    name,
    executor,
    asked === null ? 'closed model' : String(asked),
    String(sent),
    String(dropped),
    ...(startLagMs === null ? ['-', '-', '-'] : [startLagMs.med, startLagMs.p99, startLagMs.max].map(time)),
  ])
  const head = ['Scenario', 'Executor', 'Asked', 'Sent', 'Dropped', 'Start lag p50', 'p99', 'max']
  return rows.length === 0 ? [] : table(head, rows, 2)
}

function metrics({ metrics }: ReportModel): string[] {
  const rows = metrics.map(({ name, type, unit, count, values, own }) => {
    const shown = Object.entries(values).flatMap(([stat, value]) => {
      if (stat === 'count' && type === 'trend') return []
      const isRatio = type === 'rate' && stat === 'rate'
      const text = isRatio
        ? formatPercent(value)
        : unit === 'ms'
          ? formatDuration(value)
          : unit === 'bytes'
            ? formatBytes(value)
            : formatNumber(value)
      return [`${stat}=${text}${type === 'counter' && stat === 'rate' ? '/s' : ''}`]
    })
    return [`${name}${own ? ' (perfwright)' : ''}`, type, String(count), count === 0 ? 'no data' : shown.join(' ')]
  })
  return rows.length === 0 ? ['No data.'] : table(['Metric', 'Type', 'Samples', 'Values'], rows, 4)
}

function observed({ observed }: ReportModel): string[] {
  const rows = Object.entries(observed).flatMap(([part, found]) =>
    found.map(({ metric, samples, last, min, max }) => [
      part,
      metric,
      String(samples),
      ...[min, max, last].map((n) => formatNumber(round(n))),
    ]),
  )
  return rows.length === 0 ? [] : table(['Of', 'Metric', 'Samples', 'min', 'max', 'last'], rows, 2)
}

function environment({ run }: ReportModel): string[] {
  const { hosts, git, scalingFactor } = run.environment
  const rows = hosts.map((host) => [
    host.name,
    host.role,
    host.cores === null ? '?' : String(host.cores),
    host.cpuModel ?? '?',
    host.memoryBytes === null ? '?' : formatBytes(host.memoryBytes),
    [host.os, host.arch].filter((text) => text !== null).join(' '),
    Object.entries(host.runtimes)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ])
  return [
    ...table(['Host', 'Role', 'Cores', 'Processor', 'Memory', 'System', 'Runtimes'], rows, 7),
    ...(git === null
      ? []
      : ['', `Git commit ${inline(git.commit)}${git.branch === null ? '' : ` on ${inline(git.branch)}`}.`]),
    ...(scalingFactor === null
      ? []
      : ['', `The tested environment has ${formatPercent(scalingFactor)} of production's capacity.`]),
  ]
}

function limited(rows: readonly string[][], render: (rows: readonly string[][]) => string[]): string[] {
  if (rows.length <= MAX_ROWS) return render(rows)
  return [...render(rows.slice(0, MAX_ROWS)), '', `${rows.length - MAX_ROWS} more stand in the csv and json reports.`]
}

/** @param left  columns that are text; the others are numbers
 *  @param marked  columns that hold Markdown of ours */
function table(head: readonly string[], rows: readonly (readonly string[])[], left: number, marked = 0): string[] {
  const row = (cells: readonly string[], safe: number): string =>
    `| ${cells.map((cell, i) => (i < safe ? cell : inline(cell))).join(' | ')} |`
  return [
    row(head, head.length),
    `|${head.map((_cell, i) => (i < left ? '---' : '---:')).join('|')}|`,
    ...rows.map((cells) => row(cells, marked)),
  ]
}

/** Text from a script, a server or a stranger's record, as plain text on one line. */
function inline(text: string): string {
  const flat = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
  const cut = flat.length > 300 ? `${flat.slice(0, 300)}...` : flat
  // An underscore within a word is plain text, and metric names are full of them.
  return cut.replace(/[\\`*[\]<>|~&]|(?<![a-z0-9])_|_(?![a-z0-9])/gi, (char) => ENTITIES[char] ?? `\\${char}`)
}

function time(ms: number | undefined): string {
  return ms === undefined ? '-' : formatDuration(ms)
}

function bound(relativeError: number | null): string {
  if (relativeError === null) return '-'
  return relativeError === 0 ? 'exact' : `at most ${(relativeError * 100).toFixed(2)} %`
}

function iso(unixMs: number): string {
  const at = new Date(unixMs)
  return Number.isNaN(at.getTime()) ? '?' : at.toISOString()
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

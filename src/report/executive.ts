/**
 * The page that executives read: goal, answer, risk, cost or capacity, next step. Every sentence is made of fields of the
 * record alone, and names them.
 */
import type { Analysis, Finding, ObjectiveResult } from '#record/index.js'
import type { Executive, KeyNumber, Sentence } from './executive-types.js'
import type { ReportModel } from './report-model.js'
import { type Amount, amount, type AmountUnit } from './words/amounts.js'
import type { Words } from './words/types.js'

export function executiveOf(model: ReportModel, words: Words): Executive {
  const { analysis } = model
  const say = sayer(words)
  const verdict = verdictOf(model)
  return {
    goal: { text: say.question(analysis), from: ['analysis.answer.question'] },
    verdict,
    answer: [
      {
        text: words.summary[verdict === 'yes' ? 'yes' : verdict === 'no' ? 'no' : 'unclear']({
          question: say.question(analysis),
        }),
        from: ['analysis.answer', 'verdict'],
      },
      ...trafficSentences(model, words, say),
      ...goalSentences(analysis, words),
      ...causeSentences(model, words, say),
    ],
    risk: riskSentences(model, words, say),
    capacity: capacitySentences(model, words, say),
    next: nextStep(model, words, say),
    numbers: keyNumbers(model, words, say),
  }
}

/** A finding in the language of the report, with its place. */
export function findingTitle({ kind, title, where }: Finding, words: Words): string {
  const own = words.finding?.[kind]
  if (own === undefined) return title
  const place = where.endpoint ?? where.function ?? where.resource ?? where.host ?? where.sql
  return place === undefined ? own.title : `${own.title}: ${place}`
}

export function findingFix({ kind, fix }: Finding, words: Words): string {
  return words.finding?.[kind]?.fix ?? fix
}

interface Sayer {
  readonly of: (value: number | null | undefined, unit: AmountUnit) => Amount
  readonly question: (analysis: Analysis | null) => string
}

function sayer(words: Words): Sayer {
  return {
    of: (value, unit) => amount(value, unit, words.locale),
    question: (analysis) => words.question[analysis?.testType ?? 'unknown'],
  }
}

function verdictOf({ analysis, verdict }: ReportModel): Executive['verdict'] {
  if (analysis !== null) return analysis.answer.verdict
  return verdict.passed === null ? 'cannot-tell' : verdict.passed ? 'yes' : 'no'
}

function trafficSentences(model: ReportModel, words: Words, say: Sayer): Sentence[] {
  const requests = metric(model, 'http_reqs')
  const latency = metric(model, 'http_req_response_time') ?? metric(model, 'http_req_duration')
  const sentences: Sentence[] = []
  if (requests !== undefined && requests.count > 0) {
    const { count, rate } = requests.values
    sentences.push({
      text: words.summary.load({
        requests: say.of(count, 'count'),
        seconds: say.of(model.durationS, 's'),
        rate: say.of(rate, 'per-s'),
      }),
      from: ['run.summary http_reqs', 'durationS'],
    })
  }
  const p95 = latency?.values['p(95)']
  const p99 = latency?.values['p(99)']
  if (latency !== undefined && latency.count > 0 && p95 !== undefined && p99 !== undefined) {
    sentences.push({
      text: words.summary.latency({ p95: say.of(p95, 'ms'), p99: say.of(p99, 'ms') }),
      from: [`run.summary ${latency.name}`],
    })
  }
  return sentences
}

function goalSentences(analysis: Analysis | null, words: Words): Sentence[] {
  const goals = (analysis?.objectives ?? []).filter(({ verdict }) => verdict !== 'no-data')
  const from = ['analysis.objectives']
  if (goals.length === 0) return [{ text: words.summary.noGoals, from }]
  const missed = goals.filter(({ verdict }) => verdict === 'missed')
  const unsure = goals.filter(({ verdict }) => verdict === 'unsure')
  const count = goals.length
  if (missed.length > 0) {
    return [{ text: words.summary.missed({ missed: missed.length, count, first: goalName(missed[0]) }), from }]
  }
  if (unsure.length > 0) return [{ text: words.summary.unsure({ unsure: unsure.length, count }), from }]
  return [{ text: words.summary.met({ count }), from }]
}

function goalName(goal: ObjectiveResult | undefined): string {
  if (goal === undefined) return ''
  return goal.name.endsWith(goal.target) ? goal.name : `${goal.name} ${goal.target}`.trim()
}

/** Findings that say something is wrong, those that cost most first. */
export function troubles(findings: readonly Finding[]): Finding[] {
  const rank = { critical: 0, warning: 1, info: 2 } as const
  return findings
    .filter(({ severity }) => severity !== 'info')
    .sort(
      (a, b) => rank[a.severity] - rank[b.severity] || (b.share ?? 0) - (a.share ?? 0) || b.confidence - a.confidence,
    )
}

function causeSentences({ findings, observed }: ReportModel, words: Words, say: Sayer): Sentence[] {
  const [first] = troubles(findings ?? [])
  if (first !== undefined) {
    const title = findingTitle(first, words)
    const text =
      first.share === null
        ? words.summary.causeAlone({ title })
        : words.summary.cause({ title, share: say.of(first.share, 'ratio') })
    return [{ text, from: ['findings'] }]
  }
  const isBlind = Object.keys(observed).every((part) => part === 'injector')
  return [{ text: isBlind ? words.summary.notObserved : words.summary.noCause, from: ['findings', 'observed'] }]
}

function riskSentences(model: ReportModel, words: Words, say: Sayer): Sentence[] {
  const { analysis, run, errors, missing } = model
  const sentences: Sentence[] = []
  const failed = metric(model, 'http_req_failed')
  const ratio = failed === undefined || failed.count === 0 ? null : (failed.values['rate'] ?? null)
  if (ratio !== null && ratio > 0) {
    const cause = analysis?.errors[0]?.cause ?? errors[0]?.kind ?? '?'
    const count = failed?.values['passes'] ?? ratio * (failed?.count ?? 0)
    const values = { ratio: say.of(ratio, 'ratio'), count: say.of(count, 'count'), cause: cause.slice(0, 120) }
    sentences.push({ text: words.summary.errors(values), from: ['run.summary http_req_failed', 'analysis.errors'] })
  } else if (ratio === 0) sentences.push({ text: words.summary.noErrors, from: ['run.summary http_req_failed'] })
  for (const trend of analysis?.trends ?? []) {
    if (trend.verdict !== 'grows') continue
    const what = trend.source.replace(/^observed\//, '')
    const slope = say.of(trend.slopePerH, trend.unit === 'bytes' ? 'bytes' : trend.unit === 'ms' ? 'ms' : 'plain')
    sentences.push({ text: words.summary.grows({ what, slope }), from: ['analysis.trends'] })
    if (trend.exhaustionH !== null) {
      const hours = say.of(trend.exhaustionH, 'hours')
      sentences.push({ text: words.summary.exhausted({ what, hours }), from: ['analysis.trends'] })
    }
  }
  const recovery = analysis?.recovery ?? null
  if (recovery !== null) {
    const seconds = say.of(recovery.recoveredAfterS, 's')
    const text = recovery.backToBaseline ? words.summary.recovered({ seconds }) : words.summary.notRecovered
    sentences.push({ text, from: ['analysis.recovery'] })
  }
  if (run.trust !== null && run.trust.verdict !== 'trustworthy')
    sentences.push({ text: words.summary.distrust({ reason: run.trust.reasons[0] ?? '' }), from: ['run.trust'] })
  if (missing.length > 0) sentences.push({ text: words.summary.missing({ count: missing.length }), from: ['missing'] })
  return sentences
}

function capacitySentences(model: ReportModel, words: Words, say: Sayer): Sentence[] {
  const { analysis, run } = model
  const capacity = analysis?.capacity ?? null
  const sentences: Sentence[] = []
  if (capacity?.knee === 'reached' && capacity.at !== null && capacity.throughputPerS !== null) {
    sentences.push({
      text: words.summary.capacity({
        at: `${say.of(capacity.at, 'plain')} ${capacity.loadUnit}`,
        rate: say.of(capacity.throughputPerS, 'per-s'),
        low: say.of(capacity.low, 'plain'),
        high: say.of(capacity.high, 'plain'),
      }),
      from: ['analysis.capacity'],
    })
    if (capacity.saturatedFirst !== null)
      sentences.push({ text: words.summary.saturated({ what: capacity.saturatedFirst }), from: ['analysis.capacity'] })
  } else if (capacity?.knee === 'not-reached') {
    const most = Math.max(...capacity.points.map(({ throughputPerS }) => throughputPerS))
    sentences.push({ text: words.summary.capacityOpen({ most: say.of(most, 'per-s') }), from: ['analysis.capacity'] })
  }
  const factor = run.environment.scalingFactor
  const rate = capacity?.throughputPerS ?? metric(model, 'http_reqs')?.values['rate'] ?? null
  if (factor !== null && factor > 0 && rate !== null) {
    const values = { factor: say.of(factor, 'ratio'), rate: say.of(rate / factor, 'per-s') }
    sentences.push({ text: words.summary.scaled(values), from: ['run.environment.scalingFactor'] })
  }
  return sentences
}

function nextStep({ analysis, findings, run, observed }: ReportModel, words: Words, _say: Sayer): Sentence {
  if (run.trust?.verdict === 'not-trustworthy') return { text: words.summary.nextTrust, from: ['run.trust'] }
  const [first] = troubles(findings ?? [])
  if (first !== undefined) return { text: words.summary.next({ fix: findingFix(first, words) }), from: ['findings'] }
  if (Object.keys(observed).every((part) => part === 'injector'))
    return { text: words.summary.nextObserve, from: ['observed'] }
  if ((analysis?.objectives ?? []).length === 0) return { text: words.summary.nextGoals, from: ['analysis.objectives'] }
  if ((analysis?.objectives ?? []).some(({ verdict }) => verdict === 'unsure'))
    return { text: words.summary.nextLonger, from: ['analysis.objectives'] }
  return { text: words.summary.nextNothing, from: ['findings', 'analysis.objectives'] }
}

/** Response time, errors, throughput: each with the goal that speaks of it, where there is one. */
function keyNumbers(model: ReportModel, words: Words, say: Sayer): KeyNumber[] {
  const goals = model.analysis?.objectives ?? []
  const factor = model.run.environment.scalingFactor
  const numbers: KeyNumber[] = []
  const add = (
    label: string,
    value: number | null | undefined,
    unit: AmountUnit,
    goal: ObjectiveResult | undefined,
    scaled: number | null = null,
  ): void => {
    if (value === null || value === undefined) return
    numbers.push({
      label,
      value: say.of(value, unit),
      target: goal?.target ?? null,
      interval:
        goal?.low == null || goal.high === null ? null : `${say.of(goal.low, unit)} – ${say.of(goal.high, unit)}`,
      state: goal === undefined || goal.verdict === 'no-data' ? 'none' : goal.verdict,
      scaled: scaled === null ? null : say.of(scaled, unit),
    })
  }
  const latencyGoal = goals.find(({ metric, unit }) => unit === 'ms' && /duration|response_time/.test(metric))
  const latency = metric(model, 'http_req_response_time') ?? metric(model, 'http_req_duration')
  if (latency !== undefined && latency.count > 0) {
    const label = `${words.page.responseTime}, p95`
    const isP95 = latencyGoal?.target.startsWith('p(95)') === true
    add(label, isP95 ? latencyGoal?.value : latency.values['p(95)'], 'ms', isP95 ? latencyGoal : undefined)
  }
  const failed = metric(model, 'http_req_failed')
  if (failed !== undefined && failed.count > 0)
    add(
      words.page.errors,
      failed.values['rate'],
      'ratio',
      goals.find((goal) => goal.metric === 'http_req_failed'),
    )
  const requests = metric(model, 'http_reqs')
  if (requests !== undefined && requests.count > 0) {
    const rate = requests.values['rate']
    const scaled = factor !== null && factor > 0 && rate !== undefined ? rate / factor : null
    add(
      words.page.requestsPerS,
      rate,
      'per-s',
      goals.find((goal) => goal.metric === 'http_reqs'),
      scaled,
    )
  }
  return numbers
}

function metric(model: ReportModel, name: string): ReportModel['metrics'][number] | undefined {
  return model.metrics.find((one) => one.name === name)
}

/** SLOs judged on the run of a load test: what was reached with its interval, and what became of the error budget. */
import { ExitCode } from '#base/errors.js'
import { objectivesOf } from '#diagnose/by-test-type/objectives.js'
import { parseExpression } from '#gate/expression.js'
import { type MetricSink, parseSelector } from '#metrics/index.js'
import type { ObjectiveResult, RunRecord } from '#record/index.js'
import type { Sketch } from '#stats/index.js'
import type { BudgetResult } from './budgets.js'
import { type Budget, budgetOf, exhaustedInDays } from './budget.js'
import type { LoadThreshold, Slo, SloFile } from './model.js'

export interface SloResult {
  readonly name: string
  readonly title: string
  readonly target: number
  readonly verdict: 'met' | 'missed' | 'unsure' | 'no-data' | 'not-judged'
  /** What was judged: `http_req_duration: p(95)<200`, or a query. */
  readonly judged: string
  /** Null where only a share of good events is known. */
  readonly measured: {
    readonly value: number
    readonly unit: string
    readonly low: number | null
    readonly high: number | null
  } | null
  readonly budget: Budget | null
  /** Of the window of the SLO, if it went on like this. */
  readonly exhaustedInDays: number | null
  /** Why it was not judged, or what the verdict rests on. */
  readonly note: string
}

/** @param record  opened; read once for all SLOs */
export async function checkRecord(file: SloFile, record: RunRecord): Promise<readonly SloResult[]> {
  const judged = file.slos.flatMap((slo) => (slo.threshold === undefined ? [] : [{ slo, threshold: slo.threshold }]))
  const rows = judged.map(({ threshold }) => ({ ...threshold, abortOnFail: false, ok: null, value: null }))
  const durationS = record.durationNs / 1e9
  const objectives = await objectivesOf({ run: record.run, durationS }, record, rows)
  const totals = await record.totalsOfEach(judged.map(({ threshold }) => queryOf(threshold)))
  const results = new Map(
    judged.map(({ slo, threshold }, i) => [
      slo,
      resultOf(slo, threshold, objectives[i] as ObjectiveResult, totals[i]?.[0]?.sink),
    ]),
  )
  return file.slos.map((slo) => results.get(slo) ?? notJudged(slo))
}

/** 0 when all are kept, 31 when one is missed, 32 when one is not decided. */
export function exitCodeOfSlos(verdicts: readonly (SloResult['verdict'] | BudgetResult['verdict'])[]): ExitCode {
  if (verdicts.some((verdict) => verdict === 'missed' || verdict === 'broken')) return ExitCode.sloMissed
  return verdicts.every((verdict) => verdict === 'met' || verdict === 'kept') ? ExitCode.ok : ExitCode.inconclusive
}

function queryOf({ metric }: LoadThreshold): {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
} {
  const selector = parseSelector(metric)
  return { metric: selector.metric, tags: Object.fromEntries(selector.tags) }
}

function resultOf(
  slo: Slo,
  threshold: LoadThreshold,
  objective: ObjectiveResult,
  sink: MetricSink | undefined,
): SloResult {
  const bad = sink === undefined ? undefined : badEvents(threshold, sink)
  const budget = bad === undefined || sink === undefined ? null : budgetOf(slo.target, bad, sink.count)
  const { value, unit, low, high } = objective
  const base = describe(slo, `${threshold.metric}: ${threshold.source}`)
  if (value === null) {
    return {
      ...base,
      verdict: 'no-data',
      measured: null,
      budget: null,
      exhaustedInDays: null,
      note: `the run has no samples of ${threshold.metric}`,
    }
  }
  return {
    ...base,
    verdict: objective.verdict,
    measured: { value, unit: isShare(threshold, sink) ? 'ratio' : unit, low, high },
    budget,
    exhaustedInDays: budget?.burnRate == null ? null : exhaustedInDays(budget.burnRate, slo.windowDays),
    note:
      objective.verdict === 'unsure' ? `the interval holds the limit: ${objective.count} samples do not decide it` : '',
  }
}

function isShare({ source }: LoadThreshold, sink: MetricSink | undefined): boolean {
  const parsed = parseExpression(source)
  return sink?.type === 'rate' && !('problem' in parsed) && parsed.aggregation.method === 'rate'
}

/** Undefined where a threshold counts no events: a mean, a throughput. */
function badEvents({ source }: LoadThreshold, sink: MetricSink): number | undefined {
  const parsed = parseExpression(source)
  if ('problem' in parsed) return undefined
  const { aggregation, operator, value: limit } = parsed
  const below = operator === '<' || operator === '<='
  if (sink.type === 'trend' && aggregation.method === 'p' && below) return countAbove(sink.sketch, limit)
  if (sink.type === 'rate' && aggregation.method === 'rate') return below ? sink.sum : sink.count - sink.sum
  return undefined
}

/** Events above a limit, within the sketch's relative error of it. */
export function countAbove(sketch: Sketch, limit: number): number {
  if (sketch.count === 0 || sketch.max <= limit) return 0
  if (sketch.min > limit) return sketch.count
  let [low, high] = [0, sketch.count - 1]
  // The last rank whose value is not above the limit.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((sketch.quantile(middle / (sketch.count - 1)) ?? 0) <= limit) low = middle
    else high = middle - 1
  }
  return sketch.count - 1 - low
}

function notJudged(slo: Slo): SloResult {
  return {
    ...describe(slo, ''),
    verdict: 'not-judged',
    measured: null,
    budget: null,
    exhaustedInDays: null,
    note: 'nothing says how a load test counts it: add the annotation perfwright.dev/threshold, such as "http_req_duration: p(95)<200"',
  }
}

function describe(
  { name, title, target }: Slo,
  judged: string,
): Pick<SloResult, 'name' | 'title' | 'target' | 'judged'> {
  return { name, title, target, judged }
}

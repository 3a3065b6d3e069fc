/** Thresholds of the run with the uncertainty of what was measured. */
import { isObject } from '#config/values.js'
import { type Aggregation, holds, parseExpression, type ThresholdExpression } from '#gate/expression.js'
import { endpointName, type Metric, type MetricSink, parseSelector } from '#metrics/index.js'
import {
  objectiveKey,
  type ObjectiveParts,
  ObjectiveReader,
  type ObjectiveResult,
  type RunRecord,
  type SeriesWindow,
  stretchOfSpec,
  type ThresholdVerdictRow,
} from '#record/index.js'
import { sketchQuantileInterval, type Sketch, stretchInterval, trialsToShow, wilson } from '#stats/index.js'
import type { Evidence } from '../evidence.js'

/** Objectives whose parts are held in memory at once; more are given without an interval. */
const mostJudged = 400

/** Reads the record at most once for all of them. @param rows  the run's own thresholds when left out */
export async function objectivesOf(
  evidence: Pick<Evidence, 'run' | 'durationS'>,
  record: RunRecord,
  rows: readonly ThresholdVerdictRow[] = evidence.run.thresholds,
): Promise<readonly ObjectiveResult[]> {
  const wanted = rows.slice(0, mostJudged).map((row) => new Judged(row, evidence))
  const known = (await record.digest()).objectives
  const unread = wanted.filter((one) => !one.takeFrom(known))
  if (unread.length > 0) {
    // A threshold that looks at the end of the run alone, or one that was not the run's own.
    const fromNs = Math.min(...unread.map((one) => one.fromNs))
    for await (const window of record.windows({ fromNs })) for (const one of unread) one.add(window)
  }
  return rows.map((row, i) => wanted[i]?.result() ?? withoutInterval(row))
}

class Judged {
  readonly fromNs: number
  readonly #row: ThresholdVerdictRow
  readonly #expression: ThresholdExpression | undefined
  readonly #key: string
  readonly #reader: ObjectiveReader
  readonly #durationS: number
  #known: ObjectiveParts | undefined

  constructor(row: ThresholdVerdictRow, evidence: Pick<Evidence, 'run' | 'durationS'>) {
    const parsed = parseExpression(row.source)
    this.#row = row
    this.#expression = 'problem' in parsed ? undefined : parsed
    const { excludeFirstS, windowS } = stretchOf(row, evidence.run.options)
    // A sliding window at the end of the run looks at its last stretch alone.
    const skippedS = windowS === undefined ? excludeFirstS : Math.max(excludeFirstS, evidence.durationS - windowS)
    const objective = { metric: row.metric, excludeFirstS: skippedS }
    this.fromNs = skippedS * 1e9
    this.#key = objectiveKey(objective)
    this.#reader = new ObjectiveReader(objective)
    this.#durationS = Math.max(0, evidence.durationS - skippedS)
  }

  /** False when it is not among them. */
  takeFrom(known: ReadonlyMap<string, ObjectiveParts>): boolean {
    this.#known = known.get(this.#key)
    return this.#known !== undefined
  }

  add(window: SeriesWindow): void {
    this.#reader.add(window)
  }

  result(): ObjectiveResult {
    const found = this.#known ?? this.#reader.parts()
    const parts = found?.sinks ?? []
    const count = parts.reduce((sum, part) => sum + part.count, 0)
    const base = withoutInterval(this.#row)
    if (found === undefined || this.#expression === undefined || count === 0) return base
    const { aggregation } = this.#expression
    const interval = intervalOf(parts, aggregation, this.#durationS)
    const value = this.#row.value ?? interval.value
    const { low, high } = interval
    return {
      ...base,
      value,
      unit: unitOf(found.metric, aggregation),
      low,
      high,
      count,
      verdict: verdictOf(this.#expression, value, low, high, this.#row.ok),
    }
  }
}

/**
 * What it would take to show an error ratio as low as the objective asks for; undefined where the run was long enough.
 * @returns  "99.99 % is not demonstrable with n = 1,200: ..."
 */
export function demonstrable(objective: ObjectiveResult): string | undefined {
  const parsed = parseExpression(objective.target)
  if ('problem' in parsed || parsed.aggregation.method !== 'rate' || objective.unit !== '') return undefined
  const isUpper = parsed.operator === '<' || parsed.operator === '<='
  const allowed = isUpper ? parsed.value : 1 - parsed.value
  if (!(allowed > 0 && allowed < 0.5)) return undefined
  const needed = trialsToShow(allowed)
  if (objective.count >= needed || objective.verdict === 'missed') return undefined
  const share = `${Number((100 * (1 - allowed)).toPrecision(8))} %`
  return `${objective.name}: ${share} is not demonstrable with n=${objective.count}: it takes ${needed} without a single failure to show it with 95 % confidence.`
}

interface Measured {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

/** Null sides are open: the run cannot bound it there. */
function intervalOf(parts: readonly MetricSink[], { method, percentile }: Aggregation, durationS: number): Measured {
  const first = parts[0]!
  const closed = (low: number, high: number, value: number): Measured => ({
    value,
    low: Number.isFinite(low) ? low : null,
    high: Number.isFinite(high) ? high : null,
  })
  const sum = (of: readonly MetricSink[]): number => of.reduce((all, part) => all + part.sum, 0)
  const count = (of: readonly MetricSink[]): number => of.reduce((all, part) => all + part.count, 0)
  switch (method) {
    case 'p':
    case 'med': {
      const q = method === 'med' ? 0.5 : percentile / 100
      const found = sketchQuantileInterval(
        parts.map((part): Sketch => part.sketch),
        q,
      )
      return found === undefined ? { value: null, low: null, high: null } : closed(found.low, found.high, found.value)
    }
    case 'rate': {
      if (first.type === 'rate') {
        // Failures come in bursts: where whole stretches differ more than chance has it, the bootstrap is the wider.
        const byCount = wilson(sum(parts), count(parts))
        const byPart = stretchInterval(parts, (sample) => sum(sample) / count(sample))!
        return closed(
          Math.max(0, Math.min(byCount.low, byPart.low)),
          Math.min(1, Math.max(byCount.high, byPart.high)),
          sum(parts) / count(parts),
        )
      }
      const perS = (of: readonly MetricSink[]): number => (sum(of) / of.length) * (parts.length / durationS)
      const byPart = parts.length < 5 ? undefined : stretchInterval(parts, perS)
      const value = sum(parts) / durationS
      return byPart === undefined ? { value, low: null, high: null } : closed(byPart.low, byPart.high, value)
    }
    case 'avg': {
      const average = (of: readonly MetricSink[]): number => sum(of) / count(of)
      const byPart = parts.length < 5 ? undefined : stretchInterval(parts, average)
      const value = average(parts)
      return byPart === undefined ? { value, low: null, high: null } : closed(byPart.low, byPart.high, value)
    }
    // What was counted or was the extreme is a fact of this run; no sample of it bounds what another would give.
    case 'count':
      return closed(sum(parts), sum(parts), sum(parts))
    case 'value':
      return closed(parts.at(-1)!.sum, parts.at(-1)!.sum, parts.at(-1)!.sum)
    case 'min': {
      const least = Math.min(...parts.map((part) => part.min))
      return closed(least, least, least)
    }
    case 'max': {
      const most = Math.max(...parts.map((part) => part.max))
      return closed(most, most, most)
    }
  }
}

/** Met or missed when the whole interval says so. An open side can still be decided by the other. */
function verdictOf(
  { operator, value: limit }: ThresholdExpression,
  value: number | null,
  low: number | null,
  high: number | null,
  ok: boolean | null,
): ObjectiveResult['verdict'] {
  if (value === null) return 'no-data'
  if (operator === '==' || operator === '===' || operator === '!=') return ok === false ? 'missed' : 'met'
  const below = operator === '<' || operator === '<='
  const best = below ? low : high
  const worst = below ? high : low
  if (worst !== null && holds(worst, operator, limit)) return 'met'
  if (best !== null && !holds(best, operator, limit)) return 'missed'
  return 'unsure'
}

function withoutInterval(row: ThresholdVerdictRow): ObjectiveResult {
  const { metric, tags } = selectorOf(row.metric)
  const has = new Map(tags)
  const name = has.get('name') ?? has.get('url')
  return {
    name: `${row.metric}: ${row.source}`,
    endpoint: endpointName({ method: has.get('method'), name }) ?? null,
    metric,
    target: row.source,
    value: null,
    unit: '',
    low: null,
    high: null,
    count: 0,
    verdict: 'no-data',
  }
}

function selectorOf(key: string): { readonly metric: string; readonly tags: readonly (readonly [string, string])[] } {
  try {
    return parseSelector(key)
  } catch {
    // A damaged record: such a metric has no samples.
    return { metric: key, tags: [] }
  }
}

function unitOf({ contains, type }: Metric, { method }: Aggregation): string {
  const unit = contains === 'time' ? 'ms' : contains === 'data' ? 'bytes' : ''
  return method === 'rate' && type === 'counter' ? (unit === '' ? '/s' : `${unit}/s`) : unit
}

function stretchOf(
  row: ThresholdVerdictRow,
  options: Readonly<Record<string, unknown>>,
): ReturnType<typeof stretchOfSpec> {
  const all = options['thresholds']
  const specs = isObject(all) ? all[row.metric] : undefined
  const spec = Array.isArray(specs)
    ? specs.find((one) => isObject(one) && one['threshold'] === row.source && (one['excludeFirst'] ?? one['window']))
    : undefined
  return stretchOfSpec(spec)
}

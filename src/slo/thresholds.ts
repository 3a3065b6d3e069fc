/** SLOs as the thresholds of a script, and the thresholds of a script as SLOs. */
import { parseExpression } from '#gate/expression.js'
import { parseSelector } from '#metrics/index.js'
import type { Slo, SloFile } from './model.js'
import { kebab, percentText } from './write.js'

/** k6's `options.thresholds`, and the SLOs that no threshold can ask for. */
export function thresholdsOf({ slos }: SloFile): {
  readonly thresholds: Readonly<Record<string, readonly string[]>>
  readonly left: readonly string[]
} {
  const thresholds: Record<string, string[]> = {}
  const left: string[] = []
  for (const { name, threshold } of slos) {
    if (threshold === undefined) left.push(`${name}: nothing says how a load test counts it`)
    else (thresholds[threshold.metric] ??= []).push(threshold.source)
  }
  return { thresholds, left }
}

/** @param thresholds  as `run.json` and `perfwright inspect` have them: selector -> expressions */
export function slosOf(
  thresholds: Readonly<Record<string, readonly string[]>>,
  service: string,
  windowDays: number,
): { readonly file: SloFile; readonly left: readonly string[] } {
  const slos: Slo[] = []
  const left: string[] = []
  for (const [metric, sources] of Object.entries(thresholds)) {
    for (const source of sources) {
      const target = targetOf(metric, source)
      if (target === undefined) left.push(`${metric}: ${source} promises no share of requests`)
      else slos.push(sloOf(metric, source, target, windowDays, slos.length + 1))
    }
  }
  return { file: { service, labels: {}, slos }, left }
}

/** Share of good events that a threshold promises. */
function targetOf(metric: string, source: string): number | undefined {
  const parsed = parseExpression(source)
  if ('problem' in parsed) return undefined
  const { aggregation, operator, value } = parsed
  const below = operator === '<' || operator === '<='
  const round = (share: number): number => Number(share.toPrecision(12))
  if (aggregation.method === 'p' && below)
    return aggregation.percentile < 100 ? round(aggregation.percentile / 100) : undefined
  if (aggregation.method === 'med' && below) return 0.5
  if (aggregation.method !== 'rate') return undefined
  const name = parseSelector(metric).metric
  // Rates of failures are to be low, those of checks to be high; a rate of a counter is a throughput.
  if (below && name === 'http_req_failed' && value > 0 && value < 1) return round(1 - value)
  if (!below && name === 'checks' && value > 0 && value < 1) return value
  return undefined
}

function sloOf(metric: string, source: string, target: number, windowDays: number, number: number): Slo {
  const name = kebab(`${metric}-${source}`) || `slo-${number}`
  return {
    name,
    title: `${metric}: ${source}`,
    description: `${percentText(target)} of the events are good, as the load test counts them.`,
    target,
    windowDays,
    indicator: undefined,
    threshold: { metric, source },
    annotations: {},
    alerting: { name, page: { labels: {}, annotations: {} }, ticket: { labels: {}, annotations: {} } },
    place: '',
  }
}

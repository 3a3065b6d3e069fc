import type { Sketch } from '#stats/index.js'
import { invalidTrendStat } from './errors.js'
import { parseGoFloat } from './go-float.js'

/** A column of the summary: `avg`, `min`, `med`, `max`, `count`, `p(99.9)`. */
export type TrendStat =
  | { readonly kind: 'avg' | 'min' | 'max' | 'count' }
  | { readonly kind: 'quantile'; readonly q: number }

/** @throws PW_METRIC_TREND_STAT in k6's words */
export function parseTrendStat(stat: string): TrendStat {
  if (stat === 'avg' || stat === 'min' || stat === 'max' || stat === 'count') return { kind: stat }
  if (stat === 'med') return { kind: 'quantile', q: 0.5 }
  if (!stat.startsWith('p(') || !stat.endsWith(')')) {
    throw invalidTrendStat(`invalid trend stat '${stat}', unknown format`)
  }
  const parsed = parseGoFloat(stat.slice(2, -1))
  if (typeof parsed !== 'number' || !(parsed >= 0 && parsed <= 100)) {
    throw invalidTrendStat(`invalid percentile trend stat value '${stat}', provide a number between 0 and 100`)
  }
  return { kind: 'quantile', q: parsed / 100 }
}

/** The value in k6's reading: 0 when there was no sample. Callers that must tell "no data" from 0 look at `count`. */
export function trendStatOf(sketch: Sketch, stat: TrendStat): number {
  if (sketch.count === 0) return 0
  switch (stat.kind) {
    case 'avg':
      return sketch.sum / sketch.count
    case 'min':
      return sketch.min
    case 'max':
      return sketch.max
    case 'count':
      return sketch.count
    case 'quantile':
      return sketch.quantile(stat.q) ?? 0
  }
}

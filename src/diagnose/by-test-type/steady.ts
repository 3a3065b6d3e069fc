/** The stretch from which a run's numbers of the steady state are taken: the longest hold without its warm-up. */
import type { Stretch } from '#record/index.js'
import { halvesDiffer, mannWhitney, mser5 } from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import { valuesIn } from './columns.js'
import { isHold, type LoadShape } from './load-shape.js'
import { lengthOf } from './test-type.js'

export interface Steady {
  readonly stretch: Stretch | null
  readonly warmupS: number | null
  readonly caveats: readonly string[]
}

/** A cut must leave behind something that differs from the rest at this level: the best of all cuts always looks good. */
const cutLevel = 0.01
const fewestBins = 20

/** Null where the load never stood still. */
export function steadyOf(evidence: Evidence, total: Pick<LoadShape, 'segments'> | undefined): Steady {
  const holds = total?.segments.filter((segment) => isHold(segment) && segment.to > 0) ?? []
  const longest = holds.reduce<Stretch | undefined>(
    (best, hold) => (best === undefined || lengthOf(hold) > lengthOf(best) ? hold : best),
    undefined,
  )
  if (longest === undefined) return { stretch: null, warmupS: null, caveats: [] }
  const hold = { fromS: longest.fromS, toS: longest.toS }
  const { load, binS } = evidence
  const columns = { 'response time': load.meanMs, throughput: load.requestsPerS }
  const series = Object.entries(columns).map(([name, column]) => ({ name, ...valuesIn(evidence, column, hold) }))
  if (series.every(({ values }) => values.length < fewestBins)) return { stretch: hold, warmupS: null, caveats: [] }
  const cuts = series.map(({ values }) => {
    const { cut } = mser5(values)
    return cut > 0 && mannWhitney(values.slice(0, cut), values.slice(cut)).p < cutLevel ? cut : 0
  })
  const cut = Math.min(Math.max(...cuts), Math.floor(series[0]!.values.length / 2))
  const warmupS = cut * binS
  const moving = series.filter(({ values }) => halvesDiffer(values.slice(cut)) < cutLevel).map(({ name }) => name)
  const caveats =
    moving.length === 0
      ? []
      : [
          `The ${moving.join(' and the ')} of the later half of the steady stretch differs from the earlier half: it had not settled, or something changed on the way.`,
        ]
  return { stretch: { fromS: hold.fromS + warmupS, toS: hold.toS }, warmupS, caveats }
}

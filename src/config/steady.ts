import type { Scenario } from './types.js'

export interface SteadyStretch {
  readonly fromNs: number
  readonly toNs: number
}

/**
 * When the options ask for the same load all the time: no scenario ramps, starts or ends within. Nanoseconds since the
 * start of the load. Work that is bounded by a count may end before its stretch does.
 */
export function steadyStretches(scenarios: Readonly<Record<string, Scenario>>): SteadyStretch[] {
  const spans = Object.values(scenarios).flatMap(spansOf)
  const edges = [...new Set(spans.flatMap(({ fromNs, toNs }) => [fromNs, toNs]))].sort((a, b) => a - b)
  const steady: { fromNs: number; toNs: number }[] = []
  for (const [i, fromNs] of edges.slice(0, -1).entries()) {
    const toNs = edges[i + 1] as number
    const here = spans.filter((span) => span.fromNs < toNs && span.toNs > fromNs)
    if (here.some(({ ramps }) => ramps) || !here.some(({ load }) => load > 0)) continue
    steady.push({ fromNs, toNs })
  }
  return steady
}

interface Span extends SteadyStretch {
  readonly ramps: boolean
  /** VUs or arrivals at its end. */
  readonly load: number
}

function spansOf(scenario: Scenario): Span[] {
  const at = scenario.startTimeNs
  const level = (load: number, durationNs: number): Span[] => [
    { fromNs: at, toNs: at + durationNs, ramps: false, load },
  ]
  switch (scenario.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
      return level(scenario.vus, scenario.maxDurationNs)
    case 'constant-vus':
    case 'externally-controlled':
      return level(scenario.vus, scenario.durationNs)
    case 'constant-arrival-rate':
      return level(scenario.rate, scenario.durationNs)
    case 'ramping-vus':
    case 'ramping-arrival-rate': {
      let before = scenario.executor === 'ramping-vus' ? scenario.startVUs : scenario.startRate
      let fromNs = at
      return scenario.stages.map(({ durationNs, target }) => {
        const span = { fromNs, toNs: fromNs + durationNs, ramps: target !== before, load: target }
        before = target
        fromNs += durationNs
        return span
      })
    }
  }
}

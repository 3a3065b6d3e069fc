/** What several rules ask of the evidence, worked out once. */
import type { Analysis, Severity } from '#record/index.js'
import type { Endpoint, Evidence } from './evidence.js'
import type { Column } from './grid.js'
import { type Hosts, hostsOf } from './hosts.js'
import { type Mask, mean, median, quantile } from './measure.js'
import { proveCommand } from './finding.js'
import { type Peer, peersOf } from './peers.js'
import { type Statement, statementsOf } from './statements.js'
import { type TargetFacts, targetsOf } from './target-facts.js'

export interface RunFacts {
  readonly evidence: Evidence
  readonly analysis: Omit<Analysis, 'analysisVersion'>
  /** Bins in which the load did its work: the steady stretch, or all with load but the first moments. */
  readonly mask: Mask
  readonly load: LoadFacts
  /** By time spent in them. */
  readonly endpoints: readonly EndpointFacts[]
  readonly statements: readonly Statement[]
  readonly targets: readonly TargetFacts[]
  /** Whom the targets have connections to. */
  readonly peers: readonly Peer[]
  readonly hosts: Hosts
  /** Severity of what explains this share of what the run was about: critical only when its goal was missed. */
  severity(share: number | null): Severity
  prove(rule: string): string
}

export interface LoadFacts {
  readonly requestsPerS: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  /** By Little's law. */
  readonly inFlight: number
  readonly failedRatio: number
}

export interface EndpointFacts {
  readonly endpoint: Endpoint
  readonly name: string
  readonly requestsPerS: number
  readonly meanMs: number
  /** Of all its requests: what the fastest take. */
  readonly fastestMs: number
  /** Share of all time spent in requests. */
  readonly timeShare: number
}

export function factsOf(evidence: Evidence, analysis: Omit<Analysis, 'analysisVersion'>): RunFacts {
  const mask = maskOf(evidence, analysis.steady)
  const { load } = evidence
  const spent = evidence.endpoints.reduce((sum, { total }) => sum + total.latency.sum, 0)
  const goalMissed = analysis.answer.verdict === 'no' || evidence.run.thresholds.some(({ ok }) => ok === false)
  const requestsPerS = mean(load.requestsPerS, mask) ?? 0
  return {
    evidence,
    analysis,
    mask,
    load: {
      requestsPerS,
      meanMs: mean(load.meanMs, mask) ?? 0,
      p50Ms: median(load.p50Ms, mask) ?? 0,
      p95Ms: median(load.p95Ms, mask) ?? 0,
      inFlight: mean(load.inFlight, mask) ?? 0,
      failedRatio: requestsPerS === 0 ? 0 : (mean(load.failedPerS, mask) ?? 0) / requestsPerS,
    },
    endpoints: evidence.endpoints.map((endpoint) => ({
      endpoint,
      name: endpoint.name,
      requestsPerS: mean(endpoint.columns.requestsPerS, mask) ?? 0,
      meanMs: weightedMean(endpoint.columns.meanMs, endpoint.columns.requestsPerS, mask),
      fastestMs: endpoint.total.latency.quantile(0.02) ?? 0,
      timeShare: spent === 0 ? 0 : endpoint.total.latency.sum / spent,
    })),
    statements: statementsOf(evidence, mask),
    targets: targetsOf(evidence, mask),
    peers: peersOf(evidence, mask),
    hosts: hostsOf(evidence, mask),
    severity: (share) => (goalMissed && share !== null && share >= 0.3 ? 'critical' : 'warning'),
    prove: (rule) => proveCommand(evidence.run, rule),
  }
}

/** Without a steady stretch: with load, and not the first two seconds, in which connections are made. */
export function maskOf(evidence: Evidence, steady: Analysis['steady']): Mask {
  const { requestsPerS } = evidence.load
  const { binS } = evidence
  if (steady !== null && steady.toS - steady.fromS >= 5) {
    const [from, to] = [Math.ceil(steady.fromS / binS), Math.floor(steady.toS / binS)]
    if (to - from >= 3) return (bin) => bin >= from && bin < to && (requestsPerS[bin] as number) > 0
  }
  const busy = quantile(requestsPerS, 0.9) ?? 0
  const first = requestsPerS.findIndex((rate) => rate > 0)
  const skip = requestsPerS.length > 6 ? Math.ceil(2 / binS) : 0
  return (bin) => bin >= first + skip && (requestsPerS[bin] as number) > 0.05 * busy
}

export function weightedMean(values: Column, weights: Column, mask: Mask): number {
  let [sum, weight] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const [value, w] = [values[i] as number, weights[i] as number]
    if (value !== value || w !== w || !mask(i)) continue
    sum += value * w
    weight += w
  }
  return weight === 0 ? 0 : sum / weight
}

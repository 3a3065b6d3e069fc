/** What a run shows by its shape alone: the analysis by test type has done the work, these say what it means. */
import { makeFinding, ms, number, percent } from '../finding.js'
import { known, maximum, quantileOf } from '../measure.js'
import { found, notAssessed, type Rule } from './rule.js'

export const capacityKnee: Rule = {
  name: 'capacity-knee',
  kinds: ['capacity-knee'],
  explains: 'The knee of the capacity curve in stress and breakpoint tests, with its interval: docs/statistics.md.',
  assess(facts) {
    const { capacity } = facts.analysis
    if (capacity === null) return notAssessed('only a run with rising load shows its capacity (stress, breakpoint)')
    if (capacity.knee !== 'reached') return found([], capacity.note)
    const at = capacity.at ?? 0
    const interval =
      capacity.low === null || capacity.high === null ? '' : ` (${number(capacity.low)} to ${number(capacity.high)})`
    const [endpoint] = facts.endpoints
    return {
      findings: [
        makeFinding({
          rule: 'capacity-knee',
          kind: 'capacity-knee',
          severity: facts.severity(null),
          confidence: 0.85,
          title: `The knee is at ${number(at)} ${capacity.loadUnit}${interval}${capacity.throughputPerS === null ? '' : `: ${number(capacity.throughputPerS)} requests a second`}${capacity.saturatedFirst === null ? '' : `; ${capacity.saturatedFirst} was the first at its limit`}`,
          where: {
            resource: capacity.saturatedFirst ?? 'capacity of the target',
            ...(endpoint !== undefined && endpoint.requestsPerS > 0.9 * facts.load.requestsPerS
              ? { endpoint: endpoint.name }
              : {}),
          },
          evidence: [
            {
              text: capacity.note,
              source: 'series http_reqs',
              value: at,
              unit: capacity.loadUnit,
            },
            ...capacity.points.slice(-3).map((point) => ({
              text: `at ${number(point.load)} ${capacity.loadUnit}: ${number(point.throughputPerS)} requests a second${point.p95Ms === null ? '' : `, p95 ${ms(point.p95Ms)}`}, ${percent(point.errorRatio)} failed`,
              source: 'series http_req_duration',
            })),
          ],
          fix: `Above it more load only waits${capacity.saturatedFirst === null ? '' : `: widen ${capacity.saturatedFirst} first`}; keep production below, shed load beyond (a queue with a limit, 503 early).`,
          prove: facts.prove('capacity-knee'),
          share: null,
        }),
      ],
    }
  },
}

export const noRecovery: Rule = {
  name: 'no-recovery',
  kinds: ['no-recovery'],
  explains: 'After a spike: whether latency and errors came back to what they were before it, within the run.',
  assess(facts) {
    const { recovery } = facts.analysis
    if (recovery === null) return notAssessed('only a run with a spike shows recovery')
    if (recovery.backToBaseline) {
      return found(
        [],
        `it was back ${recovery.recoveredAfterS === null ? '' : `${number(recovery.recoveredAfterS)} s `}after the spike`,
      )
    }
    const left = facts.evidence.durationS - recovery.spike.toS
    return {
      findings: [
        makeFinding({
          rule: 'no-recovery',
          kind: 'no-recovery',
          severity: facts.severity(1),
          confidence: 0.85,
          title: `${number(left)} s after the spike the service had not come back to where it was before`,
          where: { resource: 'recovery after the spike' },
          evidence: [
            {
              text: `p95 was ${ms(recovery.baselineP95Ms ?? 0)} before the spike and ${ms(recovery.peakP95Ms ?? 0)} at its worst; ${number(recovery.errorsDuring)} requests failed${recovery.backlogMax === null ? '' : `, and up to ${number(recovery.backlogMax)} waited`}`,
              source: 'series http_req_duration',
              value: recovery.peakP95Ms ?? 0,
              unit: 'ms',
              fromS: recovery.spike.fromS,
              toS: recovery.spike.toS,
            },
          ],
          fix: 'Bound queues and give up on what nobody waits for any more (time limits that cancel the work), limit retries (back off, a budget), and answer 503 early when full.',
          prove: facts.prove('no-recovery'),
          share: null,
        }),
      ],
    }
  },
}

export const degradesOverTime: Rule = {
  name: 'degrades-over-time',
  kinds: ['degrades-over-time'],
  explains:
    'Trend of the latency over the steady part of the run (block medians, Mann-Kendall, Theil-Sen: docs/statistics.md).',
  assess(facts) {
    const trends = facts.analysis.trends.filter(({ source }) => source.startsWith('series '))
    if (trends.length === 0) return notAssessed('there was no steady stretch long enough for a trend of the latency')
    const growing = trends.filter(({ verdict }) => verdict === 'grows')
    const [worst] = growing
    if (worst === undefined) return found([], 'latency does not grow over the run')
    const [endpoint] = facts.endpoints
    return {
      findings: [
        makeFinding({
          rule: 'degrades-over-time',
          kind: 'degrades-over-time',
          severity: facts.severity(1),
          confidence: 0.85,
          title: `Latency grows while the load stays: ${number(worst.slopePerH / 60)} ${worst.unit} a minute`,
          where: {
            resource: worst.source,
            ...(endpoint !== undefined && endpoint.requestsPerS > 0.9 * facts.load.requestsPerS
              ? { endpoint: endpoint.name }
              : {}),
          },
          evidence: growing.slice(0, 4).map((trend) => ({
            text: `${trend.source}: ${number(trend.slopePerH / 60)} ${trend.unit} more a minute (95 % interval ${number(trend.low / 60)} to ${number(trend.high / 60)}). ${trend.note}`,
            source: trend.source,
            value: trend.slopePerH,
            unit: `${trend.unit}/h`,
          })),
          fix: 'Find what grows with it: a table or a list that every request walks, a cache without an end, descriptors or memory (see the other findings). Bound it, or index it.',
          prove: facts.prove('degrades-over-time'),
          share: null,
        }),
      ],
    }
  },
}

/** The first seconds are this many times as slow as the rest, and by so much. */
const coldTimes = 3
const coldMs = 50
const fewestBins = 6
/** And more than one for each VU: those wait for connections. */
const fewestCold = 20

export const coldStart: Rule = {
  name: 'cold-start',
  kinds: ['cold-start'],
  explains: `Median latency of the first seconds with load against the usual of the run: ${coldTimes} times and ${coldMs} ms more, falling within the first third; connections and a first compilation alone do not take that long.`,
  assess(facts) {
    const { evidence } = facts
    const { p50Ms: meanMs, requestsPerS } = evidence.load
    const bins = [...meanMs.keys()].filter((i) => !Number.isNaN(meanMs[i]) && (requestsPerS[i] as number) > 0)
    const vus = maximum(evidence.load.vus) ?? 0
    if (bins.length < fewestBins) return notAssessed('the run is too short to tell its start from the rest')
    const later = known(meanMs, (i) => i >= (bins[Math.floor(bins.length / 3)] as number))
    const usual = quantileOf(later, 0.5) ?? 0
    let last = -1
    for (const [n, i] of bins.entries()) {
      if ((meanMs[i] as number) < Math.max(1.5 * usual, usual + coldMs / 2)) break
      last = n
    }
    const cold = bins.slice(0, last + 1)
    const requests = cold.reduce((sum, i) => sum + (requestsPerS[i] as number) * evidence.binS, 0)
    const worst = Math.max(0, ...cold.map((i) => meanMs[i] as number))
    if (
      cold.length === 0 ||
      cold.length > bins.length / 2 ||
      worst < coldTimes * usual ||
      worst - usual < coldMs ||
      requests < Math.max(fewestCold, vus)
    ) {
      return found(
        [],
        `requests lasted ${ms(meanMs[bins[0] as number] as number)} in the first second, ${ms(usual)} later`,
      )
    }
    const fromS = (cold[0] as number) * evidence.binS
    const toS = ((cold.at(-1) as number) + 1) * evidence.binS
    return {
      findings: [
        makeFinding({
          rule: 'cold-start',
          kind: 'cold-start',
          severity: facts.severity(null),
          confidence: cold.length >= 2 ? 0.85 : 0.7,
          title: `The first ${number(toS - fromS)} s are slow: ${ms(worst)} a request, later ${ms(usual)}`,
          where: { resource: 'start of the target' },
          evidence: [
            {
              text: `${number(requests)} requests lasted up to ${ms(worst)} on average; from ${number(toS)} s on they last ${ms(usual)}`,
              source: 'series http_req_duration',
              value: worst,
              unit: 'ms',
              threshold: Math.max(coldTimes * usual, usual + coldMs),
              fromS,
              toS,
            },
          ],
          fix: 'Do before the first request what it waits for now: open connections, load caches, compile; and let traffic in only when that is done (readiness), gradually.',
          prove: facts.prove('cold-start'),
          share: null,
        }),
      ],
    }
  },
}

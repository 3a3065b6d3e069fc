/** What a run shows by its shape alone: the analysis by test type has done the work, these say what it means. */
import { makeFinding, ms, number, percent } from '../finding.js'
import { maximum, quantileOf } from '../measure.js'
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
const coldTimes = 8
const coldMs = 50
/** So long, and so many seconds lost by each user: one slow request for each is a connection, or a first compilation. */
const coldS = 2
const lostS = 1.2
const fewestBins = 6

export const coldStart: Rule = {
  name: 'cold-start',
  kinds: ['cold-start'],
  explains: `Mean latency of the first seconds with load against the usual of the run: ${coldTimes} times and ${coldMs} ms more for ${coldS} s at least, seconds in which nobody got an answer included, and ${lostS} s lost by each user; connections and a first compilation alone do not take that long.`,
  assess(facts) {
    const { evidence } = facts
    const { binS } = evidence
    const { meanMs, requestsPerS, vus } = evidence.load
    const first = [...vus.keys()].findIndex((i) => (vus[i] as number) > 0 || (requestsPerS[i] as number) > 0)
    const answered = [...meanMs.keys()].filter((i) => !Number.isNaN(meanMs[i]) && (requestsPerS[i] as number) > 0)
    if (first < 0 || answered.length < fewestBins)
      return notAssessed('the run is too short to tell its start from the rest')
    const later = answered.slice(Math.floor(answered.length / 3))
    const usual =
      quantileOf(
        later.map((i) => meanMs[i] as number),
        0.5,
      ) ?? 0
    const isCold = (i: number): boolean =>
      !((requestsPerS[i] as number) > 0) || (meanMs[i] as number) >= Math.max(1.5 * usual, usual + coldMs / 2)
    let end = first
    while (end < meanMs.length && isCold(end)) end++
    const cold = answered.filter((i) => i < end)
    const requests = cold.reduce((sum, i) => sum + (requestsPerS[i] as number) * binS, 0)
    const lost = cold.reduce(
      (sum, i) => sum + (((meanMs[i] as number) - usual) / 1000) * (requestsPerS[i] as number) * binS,
      0,
    )
    // Threads that waited for a core meanwhile: the machine was busy, not the service cold.
    const starved = cold.reduce(
      (sum, i) => sum + (evidence.observed.one('target', 'run_delay_ratio')?.values[i] || 0) * binS,
      0,
    )
    const users = Math.max(1, maximum(vus, (i) => i <= end) ?? 1)
    const worst = Math.max(0, ...cold.map((i) => meanMs[i] as number))
    const isSlow = worst >= coldTimes * usual && worst - usual >= coldMs
    const isStart = (end - first) * binS >= coldS && end - first <= meanMs.length / 2
    if (!isSlow || !isStart || lost < lostS * users || starved > 0.3 * lost) {
      return found(
        [],
        `requests lasted ${ms(meanMs[answered[0] as number] as number)} in the first second, ${ms(usual)} later`,
      )
    }
    const [fromS, toS] = [first * binS, end * binS]
    return {
      findings: [
        makeFinding({
          rule: 'cold-start',
          kind: 'cold-start',
          severity: facts.severity(null),
          confidence: 0.85,
          title: `The first ${number(toS - fromS)} s are slow: up to ${ms(worst)} a request, later ${ms(usual)}`,
          where: { resource: 'start of the target' },
          evidence: [
            {
              text: `${number(requests)} requests lasted up to ${ms(worst)} on average, and each user lost ${number(lost / users)} s; from ${number(toS)} s on they last ${ms(usual)}`,
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

import type { EndpointFacts, RunFacts } from '../facts.js'
import { makeFinding, ms, number, percent } from '../finding.js'
import { mean } from '../measure.js'
import type { Peer } from '../peers.js'
import { found, notAssessed, type Rule } from './rule.js'
import { tracedDependencies } from './traced.js'

/** Of a request's time in somebody else's hands: the recommended p95 of a user-facing request is 200 ms. */
const slowMs = 150
const idleCpu = 0.6
/** Connections to the dependency for each request of the endpoint in flight. */
const leastBusy = 0.4
/** The fastest of its requests, as a share of the usual one. */
const leastFloor = 0.3

export const slowDependency: Rule = {
  name: 'slow-dependency',
  kinds: ['slow-dependency'],
  explains: `Endpoints whose requests last ${slowMs} ms and more while the target's CPU is idle, its database has little to do with it, and connections to another service are open for them; traces say it outright.`,
  assess(facts) {
    const { observed } = facts.evidence
    if (observed.has('traces')) {
      const byEndpoint = tracedDependencies(facts, slowMs)
      const traced = byEndpoint.length > 0 ? byEndpoint : fromTraces(facts)
      if (traced.length > 0) return { findings: onePerPeer(traced) }
    }
    if (facts.targets.length === 0) return notAssessed('connections of the target were not observed (--target-pid)')
    const services = facts.peers.filter(({ kind, mean }) => kind === 'service' && mean > 0.05)
    const findings =
      services.length === 0 ? [] : facts.endpoints.flatMap((one) => assessEndpoint(facts, one, services) ?? [])
    return found(
      onePerPeer(findings),
      services.length === 0 ? 'the target calls no other service' : 'no endpoint waits long for another service',
    )
  },
}

function assessEndpoint(
  facts: RunFacts,
  one: EndpointFacts,
  services: readonly Peer[],
): ReturnType<typeof makeFinding> | undefined {
  const typical = one.endpoint.total.latency.quantile(0.5) ?? 0
  if (typical < slowMs || one.endpoint.total.requests < 5) return undefined
  if (Math.max(0, ...facts.targets.map(({ cpuUse }) => cpuUse ?? 0)) > idleCpu) return undefined
  // By Little's law the connections that run something are the requests that the database has in hand.
  const active = facts.peers
    .filter(({ part }) => part !== undefined)
    .reduce(
      (sum, { part }) =>
        sum +
        (mean(
          facts.evidence.observed.list((part ?? '').replace(/-\d+$/, ''), 'connections_active', part)[0]?.values,
          facts.mask,
        ) ?? 0),
      0,
    )
  if (active > 0.4 * facts.load.inFlight) return undefined
  const inFlight = (one.requestsPerS * one.meanMs) / 1000
  const peer = services.find((one) => one.mean >= leastBusy * inFlight)
  if (peer === undefined) return undefined
  const share = one.timeShare
  // What always takes long is not a queue of the target's own.
  if (one.fastestMs < leastFloor * typical) return undefined
  // On a machine that is busy with others everything lasts: there even the very fastest must have waited for the service.
  if (facts.hosts.busyWithOthers !== undefined && one.endpoint.total.latency.min < slowMs) return undefined
  const isFloor = one.fastestMs >= 0.6 * typical
  return makeFinding({
    rule: 'slow-dependency',
    kind: 'slow-dependency',
    severity: facts.severity(share),
    confidence: isFloor ? 0.85 : 0.7,
    title: `${one.name} waits for ${peer.host}: ${ms(typical)} a request, with the target's CPU idle`,
    where: { host: peer.host, endpoint: one.name },
    evidence: [
      {
        text: `half of the requests last ${ms(typical)} and more; the fastest ${ms(one.fastestMs)}`,
        source: 'series http_req_duration',
        value: typical,
        unit: 'ms',
        threshold: slowMs,
      },
      {
        text: `${number(peer.mean)} connections to ${peer.host} are open on average, for ${number(inFlight)} requests of this endpoint in flight`,
        source: peer.source,
        value: peer.mean,
        unit: 'connections',
        threshold: leastBusy * inFlight,
      },
      ...facts.targets.slice(0, 1).map(({ cpuUse, part }) => ({
        text: `the target uses ${percent(cpuUse ?? 0)} of the CPU it can use`,
        source: `observed/${part} cpu_cores`,
        value: cpuUse ?? 0,
        unit: 'ratio',
      })),
    ],
    fix: `Do not make the caller wait for ${peer.host}: answer first and call in the background, or call with a time limit and a retry that fit, keep what it answers, and ask several things at once; then ask its owner.`,
    prove: facts.prove('slow-dependency'),
    share,
  })
}

/** Client spans that hold most of the time of the endpoints. */
function fromTraces(facts: RunFacts): ReturnType<typeof makeFinding>[] {
  const { evidence, mask } = facts
  return evidence.observed.list('traces', 'span_ms_per_s').flatMap((series) => {
    const { service = '', name = '', kind = '' } = series.tags
    if (!/client/i.test(kind)) return []
    const counts = evidence.observed
      .list('traces', 'spans_per_s')
      .find(({ tags }) => tags.service === service && tags.name === name && tags.kind === kind)
    let [total, count] = [0, 0]
    for (let i = 0; i < evidence.binCount; i++) {
      if (!mask(i)) continue
      total += series.values[i] || 0
      count += counts?.values[i] || 0
    }
    const meanMs = count === 0 ? 0 : total / count
    if (meanMs < slowMs || /select|insert|update|delete|query|redis|mongo|sql/i.test(name)) return []
    return [
      makeFinding({
        rule: 'slow-dependency',
        kind: 'slow-dependency',
        severity: facts.severity(null),
        confidence: 0.9,
        title: `${service} waits ${ms(meanMs)} for "${name}"`,
        where: { resource: `span ${name}`, host: name },
        evidence: [
          {
            text: `${number(count * evidence.binS)} spans "${name}" of ${ms(meanMs)} on average`,
            source: series.source,
            value: meanMs,
            unit: 'ms',
            threshold: slowMs,
          },
        ],
        fix: 'Answer first and call in the background, or call with a time limit that fits, and keep what it answers.',
        prove: facts.prove('slow-dependency'),
        share: null,
      }),
    ]
  })
}

/** One dependency that makes several endpoints wait is one finding. */
function onePerPeer(findings: readonly ReturnType<typeof makeFinding>[]): ReturnType<typeof makeFinding>[] {
  const byHost = new Map<string, ReturnType<typeof makeFinding>>()
  for (const finding of findings) {
    const host = finding.where.host ?? ''
    if (!byHost.has(host)) byHost.set(host, finding)
  }
  return [...byHost.values()]
}

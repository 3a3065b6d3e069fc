import type { RunFacts } from '../facts.js'
import { bytes, makeFinding, ms, number, percent } from '../finding.js'
import { known, mean, median, quantile } from '../measure.js'
import { found, type Rule } from './rule.js'

/** A round trip so long is a network, not a host; and of the request's time. */
const slowRttMs = 5
const rttShare = 0.15
/** What even the fastest request of every endpoint takes, with nothing to show for it. */
const floorMs = 15
const alike = 1.6
/** A statement that the database finishes at once, and that takes this long to come back. */
const perStatementMs = 5
const receivingMs = 20
const receivingShare = 0.4
const largeBody = 20_000
const idleCpu = 0.6

export const networkLatency: Rule = {
  name: 'network-latency',
  kinds: ['network-latency'],
  explains: `Round-trip time of the connections to the target (${slowRttMs} ms and ${rttShare * 100} % of a request); or a floor of ${floorMs} ms that the fastest requests of all endpoints share while target and database do nothing; or statements that the database finishes at once and that come back ${perStatementMs} ms later.`,
  assess(facts) {
    const findings = [byRoundTrip(facts), byFloor(facts), toDatabase(facts)].filter((one) => one !== undefined)
    return found(findings.slice(0, 1), 'no part of the latency looks like the way to the target')
  },
}

export const networkBandwidth: Rule = {
  name: 'network-bandwidth',
  kinds: ['network-bandwidth'],
  explains: `Answers whose bodies take ${receivingShare * 100} % of the request's time and ${receivingMs} ms to arrive, at a rate of bytes that stands still, while the target has CPU to spare.`,
  assess(facts) {
    const { evidence, mask, load } = facts
    const slow = facts.endpoints.filter(({ endpoint, meanMs, timeShare }) => {
      const receiving = mean(endpoint.columns.receivingMs, mask) ?? 0
      return receiving >= receivingMs && receiving >= receivingShare * meanMs && timeShare >= 0.05
    })
    const rate = mean(evidence.load.receivedBytesPerS, mask) ?? 0
    const [low, high] = [
      quantile(evidence.load.receivedBytesPerS, 0.2, mask) ?? 0,
      quantile(evidence.load.receivedBytesPerS, 0.8, mask) ?? 0,
    ]
    const stands = high > 0 && low >= 0.6 * high
    const cpuUse = Math.max(0, ...facts.targets.map((one) => one.cpuUse ?? 0))
    const worst = slow[0] ?? heldBack(facts, low, high)
    if (worst === undefined || !stands || cpuUse > 0.8) {
      return found([], `answers arrive at ${bytes(rate)} a second, and requests do not wait for their bodies`)
    }
    // What a proxy holds back arrives late and at once: then the wait is the transfer.
    const late = slow.length === 0
    const receiving = late ? worst.meanMs : (mean(worst.endpoint.columns.receivingMs, mask) ?? 0)
    const body = worst.endpoint.total.body
    const share = Math.min(1, receiving / worst.meanMs) * worst.timeShare
    return {
      findings: [
        makeFinding({
          rule: 'network-bandwidth',
          kind: 'network-bandwidth',
          severity: facts.severity(share),
          confidence: (late ? 0.6 : 0.8) - (facts.hosts.injector === undefined ? 0 : 0.3),
          title: `${worst.name}: ${percent(receiving / worst.meanMs)} of a request is spent ${late ? 'waiting for' : 'receiving'} its body; the network gives ${bytes(rate)} a second and no more`,
          where: { resource: 'network between load and target', endpoint: worst.name },
          evidence: [
            {
              text: `a body${body === undefined ? '' : ` of ${bytes(body.bytes / body.count)}`} takes ${ms(receiving)} to arrive, of ${ms(worst.meanMs)} in all`,
              source: 'series http_req_receiving',
              value: receiving,
              unit: 'ms',
              threshold: receivingMs,
            },
            {
              text: `${bytes(low)} to ${bytes(high)} a second arrived in four of five seconds: it stands at a limit`,
              source: 'series data_received',
              value: rate,
              unit: 'bytes/s',
            },
            ...(facts.targets.length === 0
              ? []
              : [
                  {
                    text: `the target uses ${percent(cpuUse)} of the CPU it can use`,
                    source: `observed/${facts.targets[0]?.part ?? 'target'} cpu_cores`,
                    value: cpuUse,
                    unit: 'ratio',
                  },
                ]),
          ],
          fix: 'Send less (compression, fewer fields, pages instead of whole lists), or widen what is between load and target; a load generator beside the target would not see this limit.',
          prove: facts.prove('network-bandwidth'),
          share: load.meanMs === 0 ? null : share,
        }),
      ],
    }
  },
}

/** Large answers at a rate of bytes that does not move at all, far slower than the fastest, while nobody works. */
function heldBack(facts: RunFacts, low: number, high: number): RunFacts['endpoints'][number] | undefined {
  const [endpoint] = facts.endpoints
  const body = endpoint?.endpoint.total.body
  if (endpoint === undefined || body === undefined || body.bytes / body.count < largeBody) return undefined
  const isQueue = facts.load.inFlight >= 2 && endpoint.meanMs >= 3 * endpoint.endpoint.total.latency.min
  const nobodyWorks =
    facts.targets.length > 0 &&
    facts.targets.every(({ cpuUse }) => (cpuUse ?? 1) < 0.3) &&
    facts.peers.every((peer) => peer.mean < 0.3 * facts.load.inFlight)
  return isQueue && nobodyWorks && low >= 0.9 * high && endpoint.timeShare > 0.7 ? endpoint : undefined
}

function byRoundTrip(facts: RunFacts): ReturnType<typeof makeFinding> | undefined {
  const series = facts.evidence.observed.one('host', 'tcp_rtt_ms')
  const rtt = median(series?.values, facts.mask)
  if (series === undefined || rtt === undefined || rtt < slowRttMs || rtt < rttShare * facts.load.meanMs)
    return undefined
  const share = Math.min(1, rtt / facts.load.meanMs)
  return latencyFinding(
    facts,
    share,
    0.9,
    `A round trip to the target takes ${ms(rtt)}, ${percent(share)} of a request`,
    {
      resource: 'network between load and target',
    },
    [
      {
        text: `the kernel measures ${ms(rtt)} for a round trip on the connections to the target; a request lasts ${ms(facts.load.meanMs)}`,
        source: series.source,
        value: rtt,
        unit: 'ms',
        threshold: slowRttMs,
      },
    ],
  )
}

/** The same delay for all, however little they ask: it is not in what they do. */
function byFloor(facts: RunFacts): ReturnType<typeof makeFinding> | undefined {
  const asked = facts.endpoints.filter(({ endpoint }) => endpoint.total.requests >= 20)
  const floors = asked.map(({ fastestMs }) => fastestMs)
  const [least, most] = [Math.min(...floors), Math.max(...floors)]
  if (asked.length < 2 || least < floorMs || most > alike * least || !isIdle(facts)) return undefined
  // Other services would explain it as well.
  if (facts.peers.some(({ kind, mean }) => kind === 'service' && mean >= 0.3 * facts.load.inFlight)) return undefined
  if (databaseMsPerRequest(facts) > 0.3 * least || toDatabase(facts) !== undefined) return undefined
  const share = Math.min(1, least / facts.load.meanMs)
  return latencyFinding(
    facts,
    share,
    0.7,
    `Every request takes ${ms(least)} before anything else, whatever it asks for: the way to the target`,
    { resource: 'network between load and target' },
    [
      {
        text: `the fastest requests of ${number(asked.length)} endpoints take ${ms(least)} to ${ms(most)}: ${asked
          .slice(0, 3)
          .map(({ name, fastestMs }) => `${name} ${ms(fastestMs)}`)
          .join(', ')}`,
        source: 'series http_req_duration',
        value: least,
        unit: 'ms',
        threshold: floorMs,
      },
      {
        text: `the target works ${ms(cpuMsPerRequest(facts) ?? 0)} of CPU for a request and waits for nobody else`,
        source: 'observed/target cpu_cores',
        value: cpuMsPerRequest(facts) ?? 0,
        unit: 'ms',
      },
    ],
  )
}

/** Between the target and its database. */
function toDatabase(facts: RunFacts): ReturnType<typeof makeFinding> | undefined {
  const calls = facts.statements.reduce((sum, one) => sum + one.calls, 0)
  const seconds = [...facts.evidence.load.requestsPerS.keys()].filter(facts.mask).length * facts.evidence.binS
  const requests = facts.load.requestsPerS * seconds
  if (calls < 20 || requests < 20 || !isIdle(facts)) return undefined
  const peer = facts.peers.find(({ kind }) => kind === 'database')
  // Connections that run or wait for something are the database's own time, whatever its statements say.
  if (busyConnections(facts) > 0.3 * facts.load.inFlight) return undefined
  if (facts.peers.some(({ kind, mean }) => kind === 'service' && mean >= 0.3 * facts.load.inFlight)) return undefined
  const perRequest = calls / requests
  // Where others hold the machine only the very fastest shows what is always there.
  const floor = Math.min(
    ...facts.endpoints
      .filter(({ endpoint }) => endpoint.total.requests >= 20)
      .map((one) => (facts.hosts.busyWithOthers === undefined ? one.fastestMs : one.endpoint.total.latency.min)),
  )
  const databaseMs = databaseMsPerRequest(facts)
  const unexplained = floor - databaseMs - (cpuMsPerRequest(facts) ?? 0)
  const each = unexplained / Math.max(1, perRequest)
  if (!Number.isFinite(floor) || perRequest < 0.5 || each < perStatementMs || unexplained < 0.6 * floor || floor < 10)
    return undefined
  const share = Math.min(1, unexplained / facts.load.meanMs)
  const what = peer === undefined || peer.what === '' ? 'the database' : peer.what
  return latencyFinding(
    facts,
    share,
    0.7,
    `A statement comes back ${ms(each)} after it was sent, though ${what} is done in ${ms(databaseMs / Math.max(1, perRequest))}: the way between target and database`,
    {
      resource: `network between target and ${(facts.statements[0]?.part ?? 'database').replace(/-\d+$/, '')}`,
      ...(peer === undefined ? {} : { host: peer.host }),
    },
    [
      {
        text: `even the fastest request takes ${ms(floor)}, of which the database works ${ms(databaseMs)} and the target ${ms(cpuMsPerRequest(facts) ?? 0)}`,
        source: 'series http_req_duration',
        value: floor,
        unit: 'ms',
      },
      {
        text: `${number(perRequest)} statements a request: ${ms(each)} each that nobody works`,
        source: facts.statements[0]?.source ?? 'observed/postgres',
        value: each,
        unit: 'ms',
        threshold: perStatementMs,
      },
    ],
  )
}

function latencyFinding(
  facts: RunFacts,
  share: number,
  confidence: number,
  title: string,
  where: Parameters<typeof makeFinding>[0]['where'],
  evidence: Parameters<typeof makeFinding>[0]['evidence'],
): ReturnType<typeof makeFinding> {
  return makeFinding({
    rule: 'network-latency',
    kind: 'network-latency',
    severity: facts.severity(share),
    confidence,
    title,
    where,
    evidence,
    fix: 'Bring the two closer together (same zone, no detour by proxy or VPN), make fewer round trips (keep-alive, one statement instead of several), and measure again from where the users are.',
    prove: facts.prove('network-latency'),
    share,
  })
}

function isIdle(facts: RunFacts): boolean {
  if (facts.targets.length === 0) return false
  return facts.targets.every(({ cpuUse }) => (cpuUse ?? 1) < idleCpu)
}

function cpuMsPerRequest(facts: RunFacts): number | undefined {
  const cores = known(Float64Array.from(facts.targets.map(({ cpuCores }) => cpuCores ?? Number.NaN)))
  return cores.length === 0 || facts.load.requestsPerS === 0
    ? undefined
    : (cores.reduce((sum, value) => sum + value, 0) / facts.load.requestsPerS) * 1000
}

function databaseMsPerRequest(facts: RunFacts): number {
  const seconds = [...facts.evidence.load.requestsPerS.keys()].filter(facts.mask).length * facts.evidence.binS
  const requests = facts.load.requestsPerS * seconds
  return requests === 0 ? 0 : facts.statements.reduce((sum, { totalMs }) => sum + totalMs, 0) / requests
}

function busyConnections(facts: RunFacts): number {
  const { observed } = facts.evidence
  return observed.parts
    .filter((part) => /^(postgres|mysql)(-\d+)?$/.test(part))
    .reduce((sum, part) => {
      const series = observed.one(part.replace(/-\d+$/, ''), 'connections_active', part)
      return sum + (mean(series?.values, facts.mask) ?? 0)
    }, 0)
}

import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, percent } from '../finding.js'
import { mean, quantile } from '../measure.js'
import { databaseClients, type Peer } from '../peers.js'
import { functionOf, meanWithZeros } from './lock-contention.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Requests in flight for each connection, from which some must wait. */
const crowd = 1.4
/** How much longer than its fastest a request lasts. */
const inflation = 1.6
/** Connections in use, by Little's law, of those there are. */
const inUse = 0.6
const idleCpu = 0.75
/** Python's queues are waited at by idle workers as well: those of connections say so. */
const forConnections = /pool|conn|acquire|checkout|borrow|session|engine|database|\bdb/i
const largestPool = 200
/** Of the requests in flight seen waiting for a connection. */
const seenShare = 0.25

export const poolExhausted: Rule = {
  name: 'pool-exhausted',
  kinds: ['pool-exhausted'],
  explains: `Connections from the target to its database stand at a number that is smaller than the requests in flight (${crowd} times and more), requests last ${inflation} times their fastest, and by Little's law the connections are in use, while neither CPU nor database are busy; or stacks that wait for a connection.`,
  assess(facts) {
    const direct = seenWaiting(facts)
    if (direct !== undefined) return { findings: [direct] }
    const peers = facts.peers.filter(({ kind }) => kind === 'database')
    if (peers.length === 0) return notAssessed('no connections of the target to a database were seen (--target-pid)')
    const findings = peers.flatMap((peer) => assessPeer(facts, peer) ?? [])
    const [widest] = peers
    return found(
      findings,
      `${number(widest?.usual ?? 0)} connections to ${widest?.what ?? 'the database'} are enough for ${number(facts.load.inFlight)} requests in flight`,
    )
  },
}

/** Stacks that wait for a connection leave no doubt. */
function seenWaiting(facts: RunFacts): ReturnType<typeof makeFinding> | undefined {
  const { observed } = facts.evidence
  const places = [...observed.list('go', 'goroutines_at'), ...observed.list('python', 'threads_waiting')]
    .filter(({ tags, kind }) => tags.waits === 'pool' && (kind === 'go' || forConnections.test(tags.function ?? '')))
    .map((series) => ({ series, waiting: meanWithZeros(facts, series) }))
    .sort((a, b) => b.waiting - a.waiting)
  const waiting = places.reduce((sum, one) => sum + one.waiting, 0)
  const { inFlight } = facts.load
  const [top] = places
  if (top === undefined || waiting < 1 || waiting < seenShare * inFlight) return undefined
  const peer = facts.peers.find(({ kind }) => kind === 'database')
  return finding(facts, peer, Math.min(1, waiting / Math.max(1e-9, inFlight)), 0.95, functionOf(top.series).function, [
    {
      text: `${number(waiting)} requests were seen waiting for a connection at any time, of ${number(inFlight)} in flight, in ${top.series.tags.function ?? ''}`,
      source: top.series.source,
      value: waiting,
      unit: 'waiting',
      threshold: Math.max(1, seenShare * inFlight),
    },
    ...(peer === undefined ? [] : [plateau(peer)]),
  ])
}

function assessPeer(facts: RunFacts, peer: Peer): ReturnType<typeof makeFinding> | undefined {
  const { evidence, mask, load } = facts
  const size = peer.usual
  if (size < 1 || size > largestPool || !peer.isFlat) return undefined
  // Little's law over the whole: what each request lasts when nobody waits, times how many there are a second.
  let [hold, inFlight, fastest, lasting] = [0, 0, 0, 0]
  for (const one of facts.endpoints) {
    const base = one.endpoint.total.latency.min
    if (one.requestsPerS <= 0 || !Number.isFinite(base)) continue
    hold += (one.requestsPerS * base) / 1000
    inFlight += (one.requestsPerS * one.meanMs) / 1000
    fastest += one.requestsPerS * base
    lasting += one.requestsPerS * one.meanMs
  }
  const slowdown = fastest === 0 ? 0 : lasting / fastest
  if (inFlight < crowd * size || slowdown < inflation || hold < inUse * size) return undefined
  const cpuUse = Math.max(0, ...facts.targets.map(({ cpuUse }) => cpuUse ?? 0))
  if (cpuUse > idleCpu) return undefined
  const kind = peer.part?.replace(/-\d+$/, '') ?? ''
  const active = mean(evidence.observed.list(kind, 'connections_active', peer.part)[0]?.values, mask)
  const waitingLock = mean(evidence.observed.list(kind, 'waiting_lock', peer.part)[0]?.values, mask) ?? 0
  // A database that works all the time on every connection is slow itself.
  if ((active !== undefined && active > 0.85 * size) || waitingLock > 0.5) return undefined
  const clients = peer.part === undefined ? undefined : databaseClients(evidence, peer.part)
  return finding(facts, peer, Math.max(0, 1 - size / inFlight), active === undefined ? 0.75 : 0.85, undefined, [
    plateau(peer),
    {
      text: `${number(inFlight)} requests are in flight: ${number(inFlight - size)} of them have no connection`,
      source: 'series http_req_duration',
      value: inFlight,
      unit: 'requests',
      threshold: crowd * size,
    },
    {
      text: `a request lasts ${number(slowdown)} times its fastest, ${ms(load.meanMs)} on average, while the target's CPU is ${percent(cpuUse)} busy${active === undefined ? '' : ` and ${number(active)} of the connections run a statement`}`,
      source: 'series http_req_duration',
      value: slowdown,
      unit: 'times',
      threshold: inflation,
    },
    {
      text: `by Little's law the fastest requests alone keep ${number(hold)} connections in use`,
      source: 'series http_req_duration',
      value: hold,
      unit: 'connections',
      threshold: inUse * size,
    },
    ...(clients === undefined
      ? []
      : [
          {
            text: `the database counts ${number(quantile(clients, 0.9, mask) ?? 0)} clients`,
            source: `observed/${peer.part ?? ''} connections`,
          },
        ]),
  ])
}

function plateau(peer: Peer): { text: string; source: string; value: number; unit: string } {
  return {
    text: `${number(peer.usual)} connections to ${peer.what === '' ? peer.host : peer.what} are open and it stays at that: the pool's size`,
    source: peer.source,
    value: peer.usual,
    unit: 'connections',
  }
}

function finding(
  facts: RunFacts,
  peer: Peer | undefined,
  share: number,
  confidence: number,
  waitsIn: string | undefined,
  evidence: Parameters<typeof makeFinding>[0]['evidence'],
): ReturnType<typeof makeFinding> {
  const what = peer === undefined || peer.what === '' ? 'database' : peer.what
  const [endpoint] = facts.endpoints
  const isOnly = endpoint !== undefined && endpoint.requestsPerS > 0.9 * facts.load.requestsPerS
  return makeFinding({
    rule: 'pool-exhausted',
    kind: 'pool-exhausted',
    severity: facts.severity(share),
    confidence,
    title: `The ${what} connection pool${peer === undefined ? '' : ` (${number(peer.usual)})`} is too small: ${percent(share)} of the requests in flight wait for a connection`,
    where: {
      resource: `${what} connection pool`,
      ...(peer === undefined ? {} : { host: peer.host }),
      ...(isOnly ? { endpoint: endpoint.name } : {}),
      ...(waitsIn === undefined ? {} : { function: waitsIn }),
    },
    evidence,
    fix: `Give the connection back before anything slow that does not need it (calls to other services, computing); then make the pool as large as the requests that are to be served at once (${number(Math.ceil(facts.load.inFlight))} here), if the database can bear that many.`,
    prove: facts.prove('pool-exhausted'),
    share,
  })
}

/** Those whom the targets have connections to: databases, caches, other services. */
import type { Evidence } from './evidence.js'
import type { Column } from './grid.js'
import { type Mask, maximum, mean, quantile, sumOf } from './measure.js'

export interface Peer {
  /** `127.0.0.1:5432` */
  readonly host: string
  readonly kind: 'database' | 'cache' | 'service'
  /** `PostgreSQL` where it is observed or its port says so, else ''. */
  readonly what: string
  /** Part under `observed/` that watches it; undefined when nothing does. */
  readonly part: string | undefined
  /** Established connections of all targets to it. */
  readonly connections: Column
  readonly mean: number
  readonly most: number
  /** Once it has filled up. */
  readonly usual: number
  /** And stays at that: what a pool of this size looks like when all of it is open. */
  readonly isFlat: boolean
  readonly source: string
}

const PORTS: Readonly<Record<string, readonly [Peer['kind'], string]>> = {
  5432: ['database', 'PostgreSQL'],
  6432: ['database', 'PgBouncer'],
  3306: ['database', 'MySQL'],
  27017: ['database', 'MongoDB'],
  6379: ['cache', 'Redis'],
  11211: ['cache', 'memcached'],
}
const NAMES: Readonly<Record<string, readonly [Peer['kind'], string]>> = {
  postgres: ['database', 'PostgreSQL'],
  mysql: ['database', 'MySQL'],
  mongodb: ['database', 'MongoDB'],
  redis: ['cache', 'Redis'],
}

/** Those with most connections first. */
export function peersOf(evidence: Evidence, mask: Mask): readonly Peer[] {
  const byHost = new Map<string, Column[]>()
  for (const { tags, values } of evidence.observed.list('target', 'connections_out')) {
    const host = tags.peer ?? ''
    if (host === '') continue
    byHost.set(host, [...(byHost.get(host) ?? []), values])
  }
  const watched = watchedHosts(evidence)
  // Traces are sent to ourselves: nobody waits for that.
  const isOurs = (host: string): boolean =>
    watched.some((one) => one.part.startsWith('traces') && sameHost(one.host, host))
  const served = [...byHost].filter(([host]) => !isOurs(host))
  const peers = served.map(([host, columns]): Peer => {
    const part = watched.find((one) => sameHost(one.host, host))?.part
    const byName = part === undefined ? undefined : NAMES[part.replace(/-\d+$/, '')]
    const [kind, what] = byName ?? PORTS[host.split(':').at(-1) ?? ''] ?? (['service', ''] as const)
    const connections = sumOf(columns, evidence.binCount)
    // Pools fill up as they are used: the start says nothing of their size.
    const open = [...connections.keys()].filter((i) => !Number.isNaN(connections[i]))
    const settled = (bin: number): boolean => bin >= (open[Math.floor(open.length / 3)] ?? 0)
    const [low, middle, high] = [0.2, 0.5, 0.8].map((q) => quantile(connections, q, settled) ?? 0) as [
      number,
      number,
      number,
    ]
    return {
      host,
      kind,
      what,
      part,
      connections,
      mean: mean(connections, mask) ?? 0,
      usual: Math.round(middle),
      most: maximum(connections, mask) ?? 0,
      isFlat: high - low <= Math.max(1, 0.1 * high),
      source: `observed/target connections_out{peer=${host}}`,
    }
  })
  return withUnwatchedDatabase(evidence, peers).sort((a, b) => b.mean - a.mean)
}

/** `PostgreSQL 15.4 at 127.0.0.1:5432`, as collectors describe what they watch. */
function watchedHosts(evidence: Evidence): { readonly part: string; readonly host: string }[] {
  return evidence.events.flatMap(({ type, detail }) => {
    const [, host] = /\bat ([\w.[\]:-]+:\d+)/.exec(String(detail.describes ?? '')) ?? []
    return type === 'collector' && host !== undefined ? [{ part: String(detail.part), host }] : []
  })
}

function sameHost(a: string, b: string): boolean {
  const plain = (host: string): string =>
    host.replace(/^localhost:|^\[?::1\]?:|^\[?::ffff:127\.0\.0\.1\]?:/, '127.0.0.1:')
  return plain(a) === plain(b)
}

/**
 * A database that is watched and that no connection goes to by its own address is reached through something between (a
 * proxy, a pooler): when just one peer has as many connections as the database has clients, that is it.
 */
function withUnwatchedDatabase(evidence: Evidence, peers: readonly Peer[]): Peer[] {
  const out = [...peers]
  for (const part of evidence.observed.parts) {
    const name = NAMES[part.replace(/-\d+$/, '')]
    if (name === undefined || peers.some((peer) => peer.part === part)) continue
    const clients = databaseClients(evidence, part)
    if (clients === undefined) continue
    const alike = out.filter((peer) => peer.kind === 'service' && closeTo(peer.connections, clients))
    const [only] = alike
    if (alike.length !== 1 || only === undefined) continue
    out[out.indexOf(only)] = { ...only, kind: name[0], what: `${name[1]} behind a proxy`, part }
  }
  return out
}

/** Client connections that a database counts, of all states. */
export function databaseClients(evidence: Evidence, part: string): Column | undefined {
  const kind = part.replace(/-\d+$/, '')
  const series = evidence.observed.list(kind, kind === 'redis' ? 'clients' : 'connections', part)
  return series.length === 0
    ? undefined
    : sumOf(
        series.map(({ values }) => values),
        evidence.binCount,
      )
}

function closeTo(a: Column, b: Column): boolean {
  let [n, near] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number]
    if (x !== x || y !== y) continue
    n++
    if (Math.abs(x - y) <= Math.max(1, 0.2 * y)) near++
  }
  return n >= 3 && near >= 0.7 * n
}

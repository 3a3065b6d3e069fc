/** What all VUs of a worker share below `k6/http`: resolver, TLS contexts, proxies, deadlines, memory budget. */
import type { Clock } from '#base/clock.js'
import type { Options } from '#config/types.js'
import { Dialer } from './dialer.js'
import type { BodyBudget } from './parser.js'
import { VuConnections } from './pool.js'
import { sharedRead } from './socket-reader.js'
import { Timeouts } from './timeouts.js'
import type { Connections } from './types.js'

export interface TransportOptions {
  readonly options: Options
  /** Environment variables in which proxies are looked for, GODEBUG, `PW_H2C`, `PW_SOCKETS` (direct-socket.ts). */
  readonly proxyEnv: Readonly<Record<string, string>>
  readonly clock: Clock
}

export interface Transport {
  /** A new pool. `vuId` chooses among `localIPs`. */
  connections(vuId: number): Connections
  close(): void
}

/** @internal */
export interface Shared {
  readonly dialer: Dialer
  readonly timeouts: Timeouts
  readonly budget: BodyBudget
  /** Plain sockets are read and written below their streams. */
  readonly direct: boolean
  readonly keepAlive: boolean
  readonly maxIdle: number
  readonly maxIdlePerHost: number
  /** What TLS offers; undefined = HTTP/1.1 alone, as k6 does with GODEBUG=http2client=0. */
  readonly alpn: readonly string[] | undefined
  /** `host:port` of plain servers that are spoken to in HTTP/2 without asking (PW_H2C). */
  readonly h2c: ReadonlySet<string>
  /** Origins that chose HTTP/1.1 when both were offered. */
  readonly http1Origins: Set<string>
}

export function createTransport({ options, proxyEnv }: TransportOptions): Transport {
  const shared: Shared = {
    dialer: new Dialer(options, proxyEnv, sharedRead),
    timeouts: new Timeouts(),
    budget: { usedBytes: 0 },
    direct: proxyEnv['PW_SOCKETS'] !== 'stream',
    keepAlive: !options.noConnectionReuse,
    // Go's http.Transport reads 0 as "no limit" here and as 2 there.
    maxIdle: options.batch > 0 ? options.batch : Number.POSITIVE_INFINITY,
    maxIdlePerHost: options.batchPerHost > 0 ? options.batchPerHost : 2,
    alpn: (proxyEnv['GODEBUG'] ?? '').split(',').includes('http2client=0') ? undefined : ['h2', 'http/1.1'],
    h2c: new Set((proxyEnv['PW_H2C'] ?? '').split(',').filter((server) => server !== '')),
    http1Origins: new Set(),
  }
  return {
    connections: (vuId) => new VuConnections(shared, vuId),
    close: () => shared.timeouts.close(),
  }
}

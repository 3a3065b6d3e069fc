/** A proxy before a real server, with what it saw. */
import { systemClock } from '#base/clock.js'
import { WireProxy } from '../proxy.js'
import type { Exchange, WireProtocol } from '../types.js'
import { upstreamOf } from '../upstream.js'

export interface Watched {
  readonly proxy: WireProxy
  readonly seen: Exchange[]
  /** The URI with the proxy's port. */
  readonly url: string
}

export async function watch(protocol: WireProtocol, uri: string): Promise<Watched> {
  const seen: Exchange[] = []
  const proxy = await WireProxy.start({
    upstream: upstreamOf(protocol, uri),
    clock: systemClock,
    onExchange: (exchange) => void seen.push(exchange),
  })
  const url = new URL(uri)
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return { proxy, seen, url: url.href }
}

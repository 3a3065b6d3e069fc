/**
 * The HTTP/2 connections of one VU. A server's protocol is known once TLS has chosen it: the first request to an origin
 * dials as ever, those that come meanwhile wait for what it finds, and share it when it is HTTP/2.
 */
import type { Shared } from '../http1/transport.js'
import type { Sending, Target, WireRequest, WireResponse } from '../http1/types.js'
import { Carrier, type Opening } from './carrier.js'
import { type ExchangeOwner, Http2Exchange } from './exchange.js'

type Done = (response: WireResponse) => void

/** Makes a connection for a request. What it finds comes back by `opened` or `settled`. */
export type Dial = (request: WireRequest, done: Done, beganMs: number, attempts: number) => Sending

export class Http2Pool implements ExchangeOwner {
  readonly shared: Shared
  readonly #dial: Dial
  readonly #maxRequests: () => number
  readonly #carriers = new Map<string, Carrier[]>()
  /** By origin: who dials, and what waits for the outcome. */
  readonly #dials = new Map<string, { readonly by: unknown; readonly waiting: Http2Exchange[] }>()

  /** @param maxRequests  on one connection, as the script may set it */
  constructor(shared: Shared, dial: Dial, maxRequests: () => number) {
    this.shared = shared
    this.#dial = dial
    this.#maxRequests = maxRequests
  }

  /** Undefined when nobody speaks HTTP/2 to this origin, nor may be about to. */
  send(request: WireRequest, done: Done, beganMs: number): Sending | undefined {
    const { origin } = request.target
    const carrier = this.#find(origin)
    const dial = carrier === undefined ? this.#dials.get(origin) : undefined
    if (carrier === undefined && dial === undefined) return undefined
    const exchange = new Http2Exchange(this, request, done, beganMs, 0)
    if (carrier !== undefined) exchange.begin(carrier, false)
    else dial?.waiting.push(exchange)
    return exchange
  }

  /** `by` has begun to dial. Where it is known what the server speaks, nobody waits for it. */
  dialling(by: unknown, target: Target): void {
    const { origin } = target
    if (this.#dials.has(origin) || this.shared.http1Origins.has(origin)) return
    this.#dials.set(origin, { by, waiting: [] })
  }

  /** TLS has chosen HTTP/2. */
  opened(
    by: { readonly attempts: number },
    opening: Opening,
    request: WireRequest,
    done: Done,
    beganMs: number,
  ): Sending {
    const { origin } = request.target
    this.shared.http1Origins.delete(origin)
    const carrier = new Carrier(opening, this.shared.direct, () => this.#remove(origin, carrier))
    const carriers = this.#carriers.get(origin)
    if (carriers === undefined) this.#carriers.set(origin, [carrier])
    else carriers.push(carrier)
    const exchange = new Http2Exchange(this, request, done, beganMs, by.attempts)
    exchange.begin(carrier, true)
    this.settled(by, origin)
    return exchange
  }

  /** TLS has chosen HTTP/1.1. */
  spokeHttp1(by: unknown, origin: string): void {
    const { http1Origins } = this.shared
    if (http1Origins.size >= maxOrigins) http1Origins.clear()
    http1Origins.add(origin)
    this.settled(by, origin)
  }

  /** The dial is over, whatever came of it: what waited goes its own way. */
  settled(by: unknown, origin: string): void {
    const dial = this.#dials.get(origin)
    if (dial === undefined || dial.by !== by) return
    this.#dials.delete(origin)
    for (const exchange of dial.waiting) if (!exchange.isOver) this.place(exchange)
  }

  place(exchange: Http2Exchange): void {
    const { origin } = exchange.request.target
    const carrier = this.#find(origin)
    const dial = this.#dials.get(origin)
    if (carrier !== undefined) exchange.begin(carrier, false)
    else if (dial !== undefined) dial.waiting.push(exchange)
    else exchange.leave((done) => this.#dial(exchange.request, done, exchange.beganMs, exchange.attempts))
  }

  over(carrier: Carrier): void {
    if (carrier.session.active > 0) return
    if (carrier.singleUse || carrier.served >= this.#maxRequests()) carrier.session.close()
  }

  closeIdle(): void {
    for (const { session } of this.#all()) if (session.active === 0) session.close()
  }

  close(): void {
    for (const { session } of this.#all()) session.close()
  }

  #all(): Carrier[] {
    return [...this.#carriers.values()].flat()
  }

  #find(origin: string): Carrier | undefined {
    const carriers = this.#carriers.get(origin)
    if (carriers === undefined) return undefined
    for (let i = 0; i < carriers.length; i++) {
      const carrier = carriers[i] as Carrier
      if (carrier.hasRoom && carrier.served < this.#maxRequests()) return carrier
    }
    return undefined
  }

  #remove(origin: string, carrier: Carrier): void {
    const rest = this.#carriers.get(origin)?.filter((other) => other !== carrier) ?? []
    if (rest.length === 0) this.#carriers.delete(origin)
    else this.#carriers.set(origin, rest)
  }
}

/** Origins whose protocol a worker remembers. */
const maxOrigins = 10_000

/**
 * `http.get(url)` without parameters: the hot path. A VU makes one such call at a time, so the call is an object that
 * the VU keeps, and a request allocates no closure. What is not plain falls back to the general way (`request.ts`).
 */
import type { Cancel } from '#base/clock.js'
import type { Sending, Target, WireResponse } from '../../http1/types.js'
import type { HeldCall } from '../../types.js'
import type { HttpClient } from './client.js'
import { type Outcome, resumeExchange, wireBody } from './exchange.js'
import { plainCall } from './params.js'
import { makeResponse } from './response.js'
import type { Bare, Place } from './targets.js'

export class BareGet implements HeldCall<object> {
  done = true
  readonly hosts = false as const
  resolve: HeldCall<object>['resolve'] = unset
  reject: HeldCall<object>['reject'] = unset
  readonly #client: HttpClient
  #place: Place | undefined
  #bare: Bare | undefined
  #sending: Sending | undefined
  #sequence = 0
  /** The exchange that goes on from an answer that was not plain. */
  #resumed: Cancel | undefined
  #cancelled = false

  constructor(client: HttpClient) {
    this.#client = client
  }

  /** Undefined when the VU's loop has no place for it now. */
  send(place: Place, target: Target): Promise<object> | undefined {
    const client = this.#client
    const { vu } = client
    const promise = vu.loop.hold<object>(this)
    if (promise === undefined) return undefined
    this.#place = place
    const bare = place.bare ?? client.shared.targets.bareGet(place, target, plainCall(client, place, 'GET'))
    this.#bare = bare
    client.shared.inputs.note(place, 'GET', place.named ? place.name : (vu.tags.get('name') ?? ''), undefined)
    this.#resumed = undefined
    this.#cancelled = false
    const sending = vu.connections.start(bare.request, this.#received)
    this.#sending = sending
    this.#sequence = sending.sequence
    return promise
  }

  readonly capture: HeldCall<object>['capture'] = (resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  }

  readonly cancel = (): void => {
    this.#cancelled = true
    if (this.#resumed === undefined) this.#sending?.cancel(this.#sequence)
    else this.#resumed()
  }

  readonly #received = (wire: WireResponse): void => {
    const client = this.#client
    const { vu, shared } = client
    const place = this.#place as Place
    if (!this.#cancelled && !shared.isSimple(wire)) {
      this.#resume(place, wire)
      return
    }
    vu.dataSent += wire.bytesSent
    vu.dataReceived += wire.bytesReceived
    if (this.#cancelled) return
    const { call, request } = this.#bare as Bare
    const { status } = wire
    const tags = place.named ? shared.samples.named(place, vu.tags) : vu.tags
    if (shared.samples.emit(vu, place, tags, 'GET', wire, client.callback, 0, '')) {
      const name = tags.get('name') ?? place.name
      shared.failures.note(vu, {
        name,
        method: 'GET',
        url: place.text,
        wire,
        errorCode: 0,
        error: '',
        requestBody: undefined,
      })
    }
    const hasBody = !request.discardBody && status !== 204 && status !== 304
    const outcome: Outcome = {
      call,
      sentHeaders: call.headers,
      wire,
      url: place.text,
      answered: true,
      body: hasBody ? wireBody(wire) : null,
      error: '',
      errorCode: status >= 400 ? 1000 + status : 0,
    }
    vu.loop.resolveHeld(this, makeResponse(client, outcome))
  }

  #resume(place: Place, wire: WireResponse): void {
    const client = this.#client
    const { loop, clock, realm } = client.vu
    const spentMs = wire.blocked + wire.connecting + wire.tlsHandshaking + wire.sending + wire.waiting + wire.receiving
    const startNs = clock.nowNs() - spentMs * 1e6
    const finish = (outcome: Outcome | undefined, failure: string): void => {
      if (outcome === undefined) loop.rejectHeld(this, new realm.GoError(failure))
      else loop.resolveHeld(this, makeResponse(client, outcome))
    }
    this.#resumed = resumeExchange(client, plainCall(client, place, 'GET'), startNs, wire, finish)
  }
}

function unset(): void {}

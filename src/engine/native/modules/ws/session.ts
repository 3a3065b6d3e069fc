/** One `ws.connect`: the connection, the socket object that the script's function gets, and its handlers. */
import { type Cancel, nowMs } from '#base/clock.js'
import { joinHeaders } from '../http/headers.js'
import type { VuScope } from '../../types.js'
import { WsClient, type WsEnd, type WsListener } from './client.js'
import { goErrorValue } from './go-error.js'
import {
  after,
  callHandler,
  callHandlers,
  type Handler,
  HandlerQueue,
  isThenable,
  type QueueOwner,
} from './handler-queue.js'
import type { WsAnswer } from './handshake.js'
import type { WsParams } from './params.js'
import { SessionSamples, wsShared } from './samples.js'
import { makeSocket, type SocketOwner } from './socket.js'

export class Session implements WsListener, SocketOwner, QueueOwner {
  readonly #vu: VuScope
  readonly #url: string
  readonly #setUp: (socket: object) => unknown
  readonly #resolve: (response: object) => void
  readonly #reject: (error: unknown) => void
  readonly #client: WsClient
  readonly #samples: SessionSamples
  readonly #handlers = new Map<string, Handler[]>()
  readonly #timers = new Set<Cancel>()
  #response: object | undefined
  #beganMs = 0
  readonly #queue: HandlerQueue
  /** The close frame is out and the handlers were told; the session ends when the running handler has. */
  #closed = false
  #over = false

  constructor(
    vu: VuScope,
    url: string,
    params: WsParams,
    setUp: (socket: object) => unknown,
    resolve: (response: object) => void,
    reject: (error: unknown) => void,
  ) {
    this.#vu = vu
    this.#url = url
    this.#setUp = setUp
    this.#resolve = resolve
    this.#reject = reject
    const shared = wsShared(vu)
    this.#samples = new SessionSamples(vu, shared.with(params.tags, 'url', shared.urlTag(url)))
    this.#client = new WsClient(vu, { url, ...params }, this)
    this.#queue = new HandlerQueue(vu, this)
  }

  start(): void {
    this.#beganMs = nowMs()
    this.#client.connect()
  }

  /** The iteration ends from outside: no handler runs any more, and k6 takes no session time then, either. */
  interrupt(): void {
    if (this.#over) return
    this.#over = true
    this.#client.sendClose(goingAway, '')
    this.#stop()
  }

  // What the connection tells.

  opened(answer: WsAnswer, tookMs: number, ip: string): void {
    this.#answered(answer, ip)
    this.#samples.connected(tookMs)
    this.#response = this.#makeResponse(this.#url, answer, '')
    const socket = makeSocket(this.#vu.realm, this)
    this.#queue.do(() => after(this.#setUp.call(undefined, socket), () => this.#fire('open')))
  }

  refused(error: string, answer: WsAnswer | undefined, tookMs: number): void {
    if (this.#over) return
    if (answer !== undefined) this.#answered(answer, '')
    this.#samples.connected(tookMs)
    this.#over = true
    this.#samples.ended(nowMs() - this.#beganMs)
    this.#vu.loop.enter()
    if (this.#vu.options.throw) this.#reject(new this.#vu.realm.GoError(error))
    else this.#resolve(this.#makeResponse('', answer, answer === undefined ? error : ''))
  }

  text(message: string): void {
    this.#queue.do(() => {
      this.#samples.received()
      return this.#fire('message', message)
    })
  }

  binary(bytes: Buffer): void {
    const message = new this.#vu.realm.Uint8Array(bytes.length)
    message.set(bytes)
    this.#queue.do(() => {
      this.#samples.received()
      return this.#fire('binaryMessage', message.buffer)
    })
  }

  ping(payload: Buffer): void {
    this.#queue.do(() => {
      const problem = this.#client.sendPong(payload)
      return after(problem === '' ? undefined : this.#fail(problem), () => this.#fire('ping'))
    })
  }

  pong(payload: Buffer): void {
    const atMs = nowMs()
    this.#queue.do(() => {
      this.#samples.ponged(payload.toString('utf8'), atMs)
      return this.#fire('pong')
    })
  }

  ended(end: WsEnd): void {
    const unexpected = end.code !== 0 && end.code !== 1000 && end.code !== goingAway
    if (unexpected) this.#queue.do(() => this.#fire('error', goErrorValue(this.#vu.realm, end.error, end)))
    this.#queue.do(() => this.#close(end.code === 0 ? goingAway : end.code))
  }

  // What the script asks of its socket.

  on(event: string, handler: Handler): void {
    const handlers = this.#handlers.get(event)
    if (handlers === undefined) this.#handlers.set(event, [handler])
    else handlers.push(handler)
  }

  send(message: string): void {
    const problem = this.#client.sendText(message)
    this.#samples.sent()
    if (problem !== '') this.#queue.detach(this.#fail(problem))
  }

  sendBinary(bytes: Uint8Array): void {
    const problem = this.#client.sendBinary(bytes)
    this.#samples.sent()
    if (problem !== '') this.#queue.detach(this.#fail(problem))
  }

  sendPing(): void {
    const problem = this.#client.sendPing(this.#samples.nextPing())
    if (problem === '') this.#samples.pinged(nowMs())
    else this.#queue.detach(this.#fail(problem))
  }

  closeByScript(code: number): void {
    this.#queue.detach(this.#close(code))
    // The call may come from outside a handler (a promise, a timer of the VU): then this is what ends the session.
    this.#queue.do(() => undefined)
  }

  later(run: () => unknown, ms: number): void {
    const { clock } = this.#vu
    const cancel = clock.coarseAt(clock.nowNs() + ms * 1e6, () => {
      this.#timers.delete(cancel)
      this.#queue.do(run)
    })
    this.#timers.add(cancel)
  }

  /** A tick that comes while the last one still waits or runs is left out, as Go's ticker does it. */
  every(run: () => unknown, ms: number): void {
    const { clock } = this.#vu
    let dueNs = clock.nowNs()
    let waits = false
    const arm = (): void => {
      dueNs += ms * 1e6
      const cancel = clock.coarseAt(dueNs, () => {
        this.#timers.delete(cancel)
        if (this.#closed || this.#over) return
        arm()
        if (waits) return
        waits = true
        this.#queue.do(() => {
          waits = false
          return run()
        })
      })
      this.#timers.add(cancel)
    }
    arm()
  }

  /** Sends the close frame and tells the handlers, once. */
  #close(code: number): unknown {
    if (this.#closed) return undefined
    this.#closed = true
    const problem = this.#client.sendClose(code, '')
    const told = after(problem === '' ? undefined : this.#fail(problem), () => this.#fire('close', code))
    this.#client.destroy()
    return told
  }

  // What the queue of handlers tells.

  settled(): boolean {
    if (this.#closed && !this.#over) this.#finish()
    return this.#over
  }

  pause(): void {
    this.#client.pause()
  }

  resume(): void {
    this.#client.resume()
  }

  /** What a handler throws ends the session and comes out of `ws.connect`; the close handlers are told first. */
  threw(error: unknown): void {
    if (this.#over) return
    const end = (): void => {
      if (this.#over) return
      this.#over = true
      this.#samples.ended(nowMs() - this.#beganMs)
      this.#stop()
      this.#reject(error)
    }
    try {
      const told = this.#close(goingAway)
      if (isThenable(told)) told.then(end, end)
      else end()
    } catch {
      end()
    }
  }

  #finish(): void {
    this.#over = true
    this.#samples.ended(nowMs() - this.#beganMs)
    this.#stop()
    this.#resolve(this.#response as object)
  }

  #stop(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#queue.end()
    this.#client.destroy()
  }

  #fire(event: string, argument?: unknown): unknown {
    const handlers = this.#handlers.get(event)
    if (handlers === undefined) return undefined
    const args = argument === undefined ? [] : [argument]
    if (handlers.length === 1) return callHandler(handlers[0] as Handler, args)
    return callHandlers(handlers, args)
  }

  #fail(problem: string): unknown {
    return this.#fire('error', goErrorValue(this.#vu.realm, problem))
  }

  #answered(answer: WsAnswer, ip: string): void {
    const shared = wsShared(this.#vu)
    const tags = shared.answered(this.#samples.tags, answer, answer.protocol)
    this.#samples.tags = ip === '' ? tags : shared.with(tags, 'ip', ip)
  }

  #makeResponse(url: string, answer: WsAnswer | undefined, error: string): object {
    const { realm } = this.#vu
    const response = new realm.Object() as unknown as Record<string, unknown>
    response['url'] = url
    response['status'] = answer?.status ?? 0
    const headers = new realm.Object() as unknown as Record<string, string>
    response['headers'] = answer === undefined ? headers : joinHeaders(answer.rawHeaders, headers)
    response['body'] = answer?.body ?? ''
    response['error'] = error
    return response
  }
}

const goingAway = 1001

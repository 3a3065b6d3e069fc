/** `grpc.Stream`: events of a call whose messages come and go one by one. */
import { nowMs } from '#base/clock.js'
import type { Metric, TagSet } from '#metrics/types.js'
import type { LoopChannel, Realm, VuScope } from '../../types.js'
import { goStringArgument, realmArray, realmObject } from '../encoding/go-values.js'
import { Call, type CallEvents } from './call.js'
import type { GrpcClient } from './client.js'
import { JsonError } from './codec/scalar-decode.js'
import { emitDuration, type Endpoint } from './endpoint.js'
import { BadMetadata, sendable } from './metadata.js'
import { readCallParams, type CallParams } from './params.js'
import { decodeReply, type RealmObjects, statusObject, Undecodable } from './reply.js'
import { encodeRequest } from './request.js'
import { Code, codeName, type Status, statusOf } from './status.js'
import type { CallContext } from './unary.js'

export interface StreamMetrics {
  readonly streams: Metric
  readonly sent: Metric
  readonly received: Metric
}

type Listener = (value: unknown, metadata: unknown) => unknown

/** Answers the object that the script gets. */
export function createStream(
  vu: VuScope,
  client: GrpcClient,
  method: unknown,
  params: unknown,
  metrics: StreamMetrics,
): object {
  const fail = (text: string): Error => new vu.realm.GoError(text)
  let endpoint: Endpoint
  let callParams: CallParams
  try {
    endpoint = client.endpoint(client.method(goStringArgument(method)))
  } catch (error) {
    throw fail(`invalid GRPC Stream's method: ${(error as Error).message}`)
  }
  try {
    callParams = readCallParams(vu, params)
  } catch (error) {
    throw fail(`invalid GRPC Stream's parameters: ${(error as Error).message}`)
  }
  const stream = new Stream(vu, client.context!, endpoint, callParams, metrics)
  try {
    stream.begin()
  } catch (error) {
    if (!(error instanceof BadMetadata)) throw error
    throw fail(`failed to create a new stream: rpc error: code = Internal desc = ${error.message}`)
  }
  const object = new vu.realm.Object()
  const member = (value: unknown): PropertyDescriptor => ({ value, enumerable: true })
  Object.defineProperties(object, {
    on: member((event: unknown, handler: unknown) => stream.on(goStringArgument(event), handler)),
    write: member((message: unknown) => stream.write(message)),
    end: member(() => stream.end()),
  })
  return object
}

class Stream implements CallEvents {
  readonly #vu: VuScope
  readonly #context: CallContext
  readonly #endpoint: Endpoint
  readonly #params: CallParams
  readonly #metrics: StreamMetrics
  readonly #startMs = nowMs()
  readonly #listeners: Record<string, Listener[]> = { data: [], error: [], end: [], status: [] }
  readonly #loop: LoopChannel
  #tags: TagSet
  #call: Call | undefined
  #isWritable = true
  #isOver = false

  constructor(vu: VuScope, context: CallContext, endpoint: Endpoint, params: CallParams, metrics: StreamMetrics) {
    this.#vu = vu
    this.#context = context
    this.#endpoint = endpoint
    this.#params = params
    this.#metrics = metrics
    this.#tags = endpoint.tags(params.tags)
    this.#loop = vu.loop.channel(() => this.#drop())
  }

  begin(): void {
    const { metadata, timeoutMs } = this.#params
    let sent = metadata
    try {
      sent = sendable(metadata)
    } catch (error) {
      this.#loop.close()
      throw error
    }
    const path = this.#endpoint.method.fullMethod
    this.#call = new Call(this.#context.channel, { path, metadata: sent, timeoutMs }, this)
    this.#count(this.#metrics.streams)
    this.#call.startStream()
  }

  on(event: string, handler: unknown): void {
    const { realm, log } = this.#vu
    if (typeof handler !== 'function') {
      if (handler === undefined || handler === null) {
        throw new realm.GoError(`handler for ${JSON.stringify(event)} event isn't a callable function`)
      }
      throw new realm.TypeError(
        `could not convert function call parameter 1: could not convert ${String(handler)} to func(sobek.Value, sobek.Value) (sobek.Value, error)`,
      )
    }
    const list = Object.hasOwn(this.#listeners, event) ? this.#listeners[event] : undefined
    if (list === undefined) {
      log.warn(`can't register ${event} event handler: unknown GRPC stream's event type: ${event}`)
      return
    }
    list.push(handler as Listener)
  }

  write(message: unknown): void {
    if (!this.#isWritable || this.#isOver) return
    if (message === undefined || message === null) {
      this.#warn("can't send empty message")
      return
    }
    const { channel, types } = this.#context
    let frame: Buffer
    try {
      frame = encodeRequest(this.#vu.realm, this.#endpoint.method.input, message, types, false)
    } catch (error) {
      this.#fail(`can't serialise request object to protocol buffer: ${(error as Error).message}`)
      return
    }
    const size = frame.length - 5
    if (size > channel.maxSendSize) {
      const text = `trying to send message larger than max (${size} vs. ${channel.maxSendSize})`
      this.#call?.abort(statusOf(Code.ResourceExhausted, text))
      return
    }
    // A method that takes one message has it all with the first.
    const isLast = !this.#endpoint.method.clientStreaming
    if (isLast) this.#isWritable = false
    this.#call?.send(frame, isLast)
    this.#count(this.#metrics.sent)
  }

  end(): void {
    if (!this.#isWritable) return
    this.#isWritable = false
    this.#call?.endSending()
  }

  onMessage(bytes: Buffer): Status | undefined {
    const { objects, types } = this.#context
    const { realm } = this.#vu
    let message: unknown
    if (this.#params.discardResponseMessage) message = new realm.Object()
    else {
      message = decodeReply(objects, this.#endpoint.method.output, bytes, types)
      if (message instanceof Undecodable) return message.status
      if (message instanceof JsonError) {
        this.#fail(`failed to marshal the message: proto: ${message.message}`)
        return undefined
      }
    }
    this.#count(this.#metrics.received)
    const metadata = this.#metadata()
    this.#loop.run(() => {
      if (!this.#isOver || this.#isEnding) for (const listener of this.#listeners['data']!) listener(message, metadata)
    })
    return undefined
  }

  onDone(status: Status): void {
    const { vu, flags, channel } = this.#context
    this.#tags = emitDuration(vu, flags, this.#tags, channel.remoteIp, status.code, nowMs() - this.#startMs)
    if (this.#isOver) return
    this.#isOver = true
    this.#isEnding = true
    if (status.code === Code.OK) this.#finish(undefined, '')
    else if (status.code === Code.Canceled) this.#finish(this.#plainError(canceled), canceled)
    else {
      const { objects, types } = this.#context
      const error = statusObject(vu.realm, objects, status, types) as { details?: unknown }
      const text = status.message
      const message = text === '' ? `rpc error: code = ${codeName(status.code)} desc = ` : text
      const shown = errorObject(vu.realm, objects, status.code, error.details ?? realmArray(vu.realm, []), message)
      this.#finish(shown, `rpc error: code = ${codeName(status.code)} desc = ${text}`)
    }
  }

  /** Messages that came before the end are still told. */
  #isEnding = false

  /** An error of ours: the call is given up. */
  #fail(text: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isEnding = true
    this.#call?.abort(statusOf(Code.Canceled, 'context canceled'))
    this.#finish(this.#plainError(text), text)
  }

  #finish(error: unknown, text: string): void {
    this.#loop.post(() => {
      if (error === undefined) return
      const listeners = this.#listeners['error']!
      if (listeners.length === 0) this.#warn(`no handlers for error registered, but an error happened: ${text}`)
      const metadata = this.#metadata()
      for (const listener of listeners) listener(error, metadata)
    })
    this.#loop.post(() => {
      const metadata = this.#metadata()
      for (const listener of this.#listeners['end']!) listener(new this.#vu.realm.Object(), metadata)
    })
    this.#loop.close()
  }

  /** The iteration ended without the stream. */
  #drop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#call?.abort(statusOf(Code.Canceled, 'context canceled'))
  }

  /** What is no status of a server has code Unknown. */
  #plainError(message: string): object {
    return errorObject(this.#vu.realm, this.#context.objects, Code.Unknown, null, message)
  }

  #metadata(): object {
    return realmObject(this.#vu.realm, { ts: Math.floor(this.#vu.clock.unixMs() / 1000) })
  }

  #count(metric: Metric): void {
    this.#vu.samples.add(metric, this.#tags, 1, this.#vu.metadata)
  }

  #warn(text: string): void {
    this.#vu.log.warn(text, { streamMethod: this.#endpoint.method.fullMethod })
  }
}

/** What an error listener gets. */
function errorObject(realm: Realm, objects: RealmObjects, code: number, details: unknown, message: string): object {
  const error = (): string => `code: ${code}, message: ${message}`
  return realmObject(realm, { code: objects.codes.code(code), details, message, error })
}

const canceled = 'canceled by client (k6)'

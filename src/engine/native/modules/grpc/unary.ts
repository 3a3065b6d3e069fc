/** A unary call from a script's view: one message there, one back, a response object and a sample. */
import { nowMs } from '#base/clock.js'
import type { VuScope } from '../../types.js'
import { Call, type CallEvents } from './call.js'
import type { Channel } from './channel.js'
import { JsonError } from './codec/scalar-decode.js'
import type { Types } from './codec/scalar-encode.js'
import { emitDuration, type Endpoint, type GrpcTagFlags } from './endpoint.js'
import { BadMetadata, metadataObject, sendable } from './metadata.js'
import type { CallParams } from './params.js'
import { decodeReply, type RealmObjects, statusObject, Undecodable } from './reply.js'
import { Code, type Status, statusOf } from './status.js'

/** What a client lends to its calls. */
export interface CallContext {
  readonly vu: VuScope
  readonly channel: Channel
  readonly objects: RealmObjects
  readonly flags: GrpcTagFlags
  readonly types: Types
}

const defaultTimeoutMs = 120_000

export class UnaryCall implements CallEvents {
  readonly #context: CallContext
  readonly #endpoint: Endpoint
  readonly #params: CallParams
  readonly #resolve: (response: unknown) => void
  /** Gets a text. */
  readonly #reject: (problem: string) => void
  readonly #startMs: number
  #call: Call | undefined
  #message: unknown
  #messages = 0
  #jsonError: JsonError | undefined

  constructor(
    context: CallContext,
    endpoint: Endpoint,
    params: CallParams,
    resolve: (response: unknown) => void,
    reject: (problem: string) => void,
  ) {
    this.#context = context
    this.#endpoint = endpoint
    this.#params = params
    this.#resolve = resolve
    this.#reject = reject
    this.#startMs = nowMs()
  }

  start(frame: Buffer): void {
    const { channel } = this.#context
    const size = frame.length - 5
    if (size > channel.maxSendSize) {
      const text = `trying to send message larger than max (${size} vs. ${channel.maxSendSize})`
      this.onDone(statusOf(Code.ResourceExhausted, text))
      return
    }
    let metadata = this.#params.metadata
    try {
      metadata = sendable(metadata)
    } catch (error) {
      if (!(error instanceof BadMetadata)) throw error
      this.onDone(statusOf(Code.Internal, error.message))
      return
    }
    const timeoutMs = this.#params.timeoutMs === 0 ? defaultTimeoutMs : this.#params.timeoutMs
    this.#call = new Call(channel, { path: this.#endpoint.method.fullMethod, metadata, timeoutMs }, this)
    this.#call.startUnary(frame)
  }

  abort(): void {
    this.#call?.abort(statusOf(Code.Canceled, 'context canceled'))
  }

  onMessage(bytes: Buffer): Status | undefined {
    this.#messages++
    if (!this.#params.discardResponseMessage) {
      const { objects, types } = this.#context
      const message = decodeReply(objects, this.#endpoint.method.output, bytes, types)
      if (message instanceof Undecodable) return message.status
      if (message instanceof JsonError) this.#jsonError = message
      else this.#message = message
    }
    if (this.#messages === 1) return undefined
    const text = 'cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message'
    return statusOf(Code.Internal, text)
  }

  onDone(end: Status): void {
    const { vu, objects, types, flags, channel } = this.#context
    let status = end
    if (end.code === Code.OK && this.#messages === 0) {
      const text = 'cardinality violation: received no response message from non-server-streaming RPC'
      status = statusOf(Code.Internal, text)
    }
    const tags = this.#endpoint.tags(this.#params.tags)
    emitDuration(vu, flags, tags, channel.remoteIp, status.code, nowMs() - this.#startMs)
    let message: unknown = null
    if (!this.#params.discardResponseMessage) {
      message = this.#message ?? this.#jsonError ?? decodeReply(objects, this.#endpoint.method.output, empty, types)
      if (message instanceof Undecodable) message = new JsonError(message.status.message.replace(/^.*proto: /, ''))
      if (message instanceof JsonError) {
        this.#reject(
          `unable to convert response object to JSON: failed to marshal the message: proto: ${message.message}`,
        )
        return
      }
    }
    const { realm } = vu
    const response = new realm.Object() as Record<string, unknown>
    response['message'] = message
    response['error'] = status.code === Code.OK ? null : statusObject(realm, objects, status, types)
    response['headers'] = metadataObject(realm, this.#call?.headers ?? [])
    response['trailers'] = metadataObject(realm, this.#call?.trailers ?? [])
    response['status'] = objects.codes.code(status.code)
    this.#resolve(response)
  }
}

const empty = Buffer.alloc(0)

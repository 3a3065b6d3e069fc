/** A method at an address: its tags and its samples. */
import type { TagSet } from '#metrics/types.js'
import type { VuScope } from '../../types.js'
import type { Method } from './schema/types.js'

/** The system tags that gRPC samples may carry, as the run has them. */
export interface GrpcTagFlags {
  readonly url: boolean
  readonly service: boolean
  readonly method: boolean
  readonly name: boolean
  readonly status: boolean
  readonly ip: boolean
}

export function grpcTagFlags(vu: VuScope): GrpcTagFlags {
  const on = new Set(vu.options.systemTags)
  return {
    url: on.has('url'),
    service: on.has('service'),
    method: on.has('method'),
    name: on.has('name'),
    status: on.has('status'),
    ip: on.has('ip'),
  }
}

export class Endpoint {
  readonly method: Method
  readonly #url: string
  readonly #flags: GrpcTagFlags
  readonly #service: string
  readonly #name: string
  #lastBase: TagSet | undefined
  #lastTags: TagSet | undefined

  constructor(address: string, method: Method, flags: GrpcTagFlags) {
    this.method = method
    this.#url = `${address}${method.fullMethod}`
    this.#flags = flags
    const [, service, name] = method.fullMethod.split('/')
    this.#service = service!
    this.#name = name!
  }

  /** The tags of a call, before its end adds the status. */
  tags(base: TagSet): TagSet {
    if (base === this.#lastBase) return this.#lastTags!
    const flags = this.#flags
    let tags = base
    if (flags.service) tags = tags.with('service', this.#service)
    if (flags.method) tags = tags.with('method', this.#name)
    if (flags.name && tags.get('name') === undefined) tags = tags.with('name', this.method.fullMethod)
    if (flags.url) tags = tags.with('url', this.#url)
    this.#lastBase = base
    this.#lastTags = tags
    return tags
  }
}

/** Adds the sample of a call that has ended; answers its tags. */
export function emitDuration(
  vu: VuScope,
  flags: GrpcTagFlags,
  tags: TagSet,
  remoteIp: string,
  code: number,
  milliseconds: number,
): TagSet {
  let out = tags
  if (flags.ip && remoteIp !== '') out = out.with('ip', remoteIp)
  if (flags.status) out = out.with('status', String(code))
  vu.samples.add(vu.builtin.grpc_req_duration, out, milliseconds, vu.metadata)
  return out
}

/**
 * gRPC's status codes (grpc.github.io/grpc/core/md_doc_statuscodes.html) as k6's scripts see them. In k6 a code is a Go
 * value: an object that is equal to itself only, counts as its number and reads as its name.
 */
import type { Realm } from '../../types.js'

export const Code = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const

const names = Object.keys(Code)

/** `NotFound`, or `Code(99)` for a number that has no name. */
export function codeName(code: number): string {
  return names[code] ?? `Code(${code})`
}

/** A call's end: what the server said, or what went wrong on the way. */
export interface Status {
  readonly code: number
  readonly message: string
  /** Serialized google.rpc.Status of `grpc-status-details-bin`. */
  readonly details: Buffer | undefined
}

export function statusOf(code: number, message: string): Status {
  return { code, message, details: undefined }
}

export const okStatus: Status = statusOf(Code.OK, '')

/** Health's serving status by number; the names of k6's constants, one of them misspelt there too. */
const serving = [
  ['HealthCheckUnknown', 'UNKNOWN'],
  ['HealthCheckServing', 'SERVING'],
  ['HealthCheckNotServing', 'NOT_SERVING'],
  ['HealthCheckServiceUnkown', 'SERVICE_UNKNOWN'],
] as const

/** The code objects of one realm: one per code, so that `===` compares codes. */
export class CodeObjects {
  readonly #realm: Realm
  readonly #codes = new Map<number, object>()
  readonly #serving = new Map<number, object>()

  constructor(realm: Realm) {
    this.#realm = realm
  }

  code(code: number): object {
    let object = this.#codes.get(code)
    if (object === undefined) {
      object = goNumber(this.#realm, code, codeName(code), ['string', 'unmarshalJSON'])
      // A server may answer any number; only a few are kept.
      if (this.#codes.size < 1000) this.#codes.set(code, object)
    }
    return object
  }

  serving(status: number): object {
    let object = this.#serving.get(status)
    if (object === undefined) {
      const methods = ['descriptor', 'enum', 'enumDescriptor', 'number', 'string', 'type']
      object = goNumber(this.#realm, status, serving[status]?.[1] ?? String(status), methods)
      if (this.#serving.size < 1000) this.#serving.set(status, object)
    }
    return object
  }

  /** The module's constants. */
  constants(): Record<string, unknown> {
    return {
      ...Object.fromEntries(Object.entries(Code).map(([name, code]) => [`Status${name}`, this.code(code)])),
      ...Object.fromEntries(serving.map(([name], status) => [name, this.serving(status)])),
    }
  }
}

/** A number with a name and Go methods. Only `string` is of use to a script; the others are there to be listed. */
function goNumber(realm: Realm, value: number, name: string, methods: readonly string[]): object {
  // What only the language asks for stands on a prototype: a script sees the Go methods alone.
  const prototype = Object.create(realm.Object.prototype, {
    valueOf: { value: () => value },
    toString: { value: () => name },
    toJSON: { value: () => value },
  }) as object
  const object = Object.create(prototype) as Record<string, unknown>
  for (const method of methods) object[method] = method === 'string' ? () => name : () => value
  return Object.freeze(object)
}

/** gRPC's code for a stream that ends with this HTTP/2 error code (grpc's PROTOCOL-HTTP2.md, "Errors"). */
export function codeOfReset(errorCode: number): number {
  return resetCodes[errorCode] ?? Code.Unknown
}

const resetCodes: readonly number[] = [
  Code.Internal,
  Code.Internal,
  Code.Internal,
  Code.ResourceExhausted,
  Code.Internal,
  Code.Internal,
  Code.Internal,
  Code.Unavailable,
  Code.Canceled,
  Code.Internal,
  Code.Internal,
  Code.ResourceExhausted,
  Code.PermissionDenied,
  Code.Internal,
]

/** gRPC's code for an HTTP status of something that is no gRPC server (grpc's http-grpc-status-mapping.md). */
export function codeOfHttpStatus(status: number): number {
  return httpCodes.get(status) ?? Code.Unknown
}

const httpCodes: ReadonlyMap<number, number> = new Map<number, number>([
  [400, Code.Internal],
  [401, Code.Unauthenticated],
  [403, Code.PermissionDenied],
  [404, Code.Unimplemented],
  [429, Code.Unavailable],
  [502, Code.Unavailable],
  [503, Code.Unavailable],
  [504, Code.Unavailable],
])

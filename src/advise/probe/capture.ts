/** What was seen while the target served one request at a time: each request with exactly what it caused. */
import type { Exchange } from '#wire/types.js'

export interface Capture {
  /** Reads of a load that went through the proxies; undefined without `--load`. */
  readonly traffic: Traffic | undefined
  readonly requests: readonly ProbedRequest[]
  /** Milliseconds that the proxies held back each answer of a database in the passes that count round trips. */
  readonly delays: readonly DelayPass[]
  /** Another request while one computes. */
  readonly beside: readonly BesidePass[]
  /** Of all proxies: what could not be read, and why. */
  readonly unread: readonly string[]
}

/** One request, alone in flight: everything that the databases saw in its time is its own doing. */
export interface ProbedRequest {
  /** `GET /orders`: method and path, numbers and ids as `:id`. */
  readonly endpoint: string
  readonly method: string
  readonly url: string
  /** The name and value of the parameter that this request varied: `limit` 40; undefined for the request as given. */
  readonly varied: { readonly name: string; readonly value: number } | undefined
  readonly startMs: number
  /** Head and end of the answer; both monotonic milliseconds. */
  readonly headMs: number
  readonly endMs: number
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Of the body as it came, and unpacked. */
  readonly sentBytes: number
  readonly bodyBytes: number
  readonly bodyHash: string
  /** The unpacked body, at most 1 MB of it. */
  readonly body: Buffer
  readonly exchanges: readonly Exchange[]
  /** Calls to other HTTP services, where they went through a proxy of ours. */
  readonly calls: readonly OutgoingCall[]
}

export interface OutgoingCall {
  readonly method: string
  readonly host: string
  /** Numbers and ids as `:id`. */
  readonly path: string
  /** As sent. */
  readonly rawPath: string
  readonly startMs: number
  readonly endMs: number
  readonly status: number
  readonly bytes: number
}

/** What the databases were asked under a load, in its order. */
export interface Traffic {
  readonly seconds: number
  readonly exchanges: readonly Exchange[]
  /** Beyond what is kept, or between passes. */
  readonly dropped: number
}

/** The same request with every answer of the databases held back by so much. */
export interface DelayPass {
  readonly endpoint: string
  readonly url: string
  readonly delayMs: number
  readonly responseMs: number
}

/** A request for a path that does not exist, alone and right after one that computes. */
export interface BesidePass {
  readonly endpoint: string
  /** Time of the endpoint without its statements and calls. */
  readonly computingMs: number
  readonly aloneMs: number
  readonly besideMs: number
}

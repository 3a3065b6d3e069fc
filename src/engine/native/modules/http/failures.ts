/**
 * Examples of requests that failed, for whoever asks later what the server said: a few of each way to fail, never all.
 * Costs a look into a map per failure, and nothing per request.
 */
import { endpointName } from '#metrics/index.js'
import type { RequestError } from '../../worker/protocol.js'
import type { WireResponse } from '../../http1/types.js'
import type { VuScope } from '../../types.js'
import { rawHeader } from './headers.js'

/** Of each endpoint, status and error. */
const examplesOfKind = 3
/** Distinct kinds of one worker: a script that puts ids into names has one for every request. */
const maxKinds = 200
const maxText = 2048
const maxUrl = 500

export interface FailedRequest {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly wire: WireResponse
  readonly errorCode: number
  readonly error: string
  readonly requestBody: Uint8Array | string | undefined
}

export class Failures {
  readonly #seen = new Map<string, number>()

  note(vu: VuScope, failed: FailedRequest): void {
    const { wire, errorCode, error } = failed
    const status = errorCode === 0 ? wire.status : 0
    const endpoint = endpointName({ method: failed.method, name: failed.name }) ?? failed.name
    const key = `${endpoint} ${status} ${errorCode}`
    const seen = this.#seen.get(key) ?? 0
    if (seen >= examplesOfKind || (seen === 0 && this.#seen.size >= maxKinds)) return
    this.#seen.set(key, seen + 1)
    const { requestBody } = failed
    const responseBody = wire.bodyLatin1 === undefined ? wire.body : Buffer.from(wire.bodyLatin1, 'latin1')
    const retryAfter = rawHeader(wire.rawHeaders, 'retry-after')
    const sample: RequestError = {
      endpoint: endpoint.slice(0, maxUrl),
      method: failed.method,
      url: failed.url.slice(0, maxUrl),
      status,
      errorCode,
      error: error.slice(0, maxUrl),
      ...(requestBody === undefined ? {} : { requestBody: beginning(requestBody) }),
      ...(responseBody === undefined ? {} : { responseBody: beginning(responseBody) }),
      ...(retryAfter === undefined ? {} : { retryAfter: retryAfter.slice(0, 100) }),
      unixMs: vu.clock.unixMs(),
    }
    vu.requestError?.(sample)
  }
}

/** As text, cut; what is no text is said to be none. */
function beginning(body: Uint8Array | string): string {
  const cut = typeof body === 'string' ? Buffer.from(body.slice(0, maxText)) : body.subarray(0, maxText)
  const text = Buffer.from(cut).toString('utf8')
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  // A cut in the middle of a character leaves one replacement; binary leaves many.
  if ((text.match(/\uFFFD/g) ?? []).length > 3) return `(${size} bytes that are no text)`
  return size > cut.length ? `${text} ... (${size} bytes)` : text
}

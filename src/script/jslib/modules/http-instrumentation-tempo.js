// http-instrumentation-tempo 1.0: a trace context header on every request, and its id in the points' metadata.
import { randomBytes } from 'k6/crypto'
import exec from 'k6/execution'
import http from 'k6/http'
import { instrumented, withHeaders } from './shared/instrumented-http.js'

const propagators = {
  w3c: (traceId, sampled) => ({ traceparent: `00-${traceId}-${randomHex(8)}-${sampled ? '01' : '00'}` }),
  jaeger: (traceId, sampled) => ({ 'uber-trace-id': `${traceId}:${randomHex(4)}:0:${sampled ? '1' : '0'}` }),
}

export class Client {
  #propagate
  #sampling
  #request
  #asyncRequest

  /** @param options  {propagator: 'w3c' | 'jaeger', sampling: 0..1} */
  constructor(options, request = http.request, asyncRequest = http.asyncRequest) {
    this.configure(options)
    this.#request = request
    this.#asyncRequest = asyncRequest
  }

  configure(options) {
    const sampling = options.sampling ?? 1
    if (sampling < 0 || sampling > 1) throw 'sampling rate must be between 0.0 and 1.0'
    if (!Object.hasOwn(propagators, options.propagator)) throw `unknown propagator: ${options.propagator}`
    this.#sampling = sampling
    this.#propagate = propagators[options.propagator]
  }

  request(method, url, ...args) {
    const traceId = newTraceId()
    const instrumentedArgs = this.#instrument(traceId, args)
    try {
      exec.vu.metrics.metadata.trace_id = traceId
      return this.#request(method, url, ...instrumentedArgs)
    } finally {
      delete exec.vu.metrics.metadata.trace_id
    }
  }

  async asyncRequest(method, url, ...args) {
    const traceId = newTraceId()
    const instrumentedArgs = this.#instrument(traceId, args)
    let pending
    try {
      exec.vu.metrics.metadata.trace_id = traceId
      pending = this.#asyncRequest(method, url, ...instrumentedArgs)
    } finally {
      delete exec.vu.metrics.metadata.trace_id
    }
    return await pending
  }

  #instrument(traceId, args) {
    const sampled = this.#sampling === 1 || Math.random() < this.#sampling
    return withHeaders(args, (headers) => ({ ...headers, ...this.#propagate(traceId, sampled) }))
  }

  del(url, ...args) {
    return this.request('DELETE', url, ...args)
  }
  get(url, ...args) {
    return this.request('GET', url, null, ...args)
  }
  head(url, ...args) {
    return this.request('HEAD', url, null, ...args)
  }
  options(url, ...args) {
    return this.request('OPTIONS', url, ...args)
  }
  patch(url, ...args) {
    return this.request('PATCH', url, ...args)
  }
  post(url, ...args) {
    return this.request('POST', url, ...args)
  }
  put(url, ...args) {
    return this.request('PUT', url, ...args)
  }
}

/** From here on k6/http itself sends the header. */
export function instrumentHTTP(options) {
  instrumented(http, new Client(options))
}

export default { Client, instrumentHTTP }

/** 16 bytes: k6's mark, the time in nanoseconds, the rest at random. */
function newTraceId() {
  const time = BigInt(Date.now()) * 1_000_000n
  const head = `dc0718${time.toString(16).padStart(16, '0')}`
  return head + randomHex((32 - head.length) / 2)
}

function randomHex(bytes) {
  return Array.from(new Uint8Array(randomBytes(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

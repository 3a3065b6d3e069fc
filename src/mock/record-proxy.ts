/** Passes requests on to the real service and keeps what it answered and how long it took. */
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Clock } from '#base/clock.js'
import type { RecordedExchange } from './recording.js'
import type { MockAnswer, MockRequest } from './responder.js'

/** Bodies beyond are passed on and not kept. */
const maxKept = 256 * 1024
const maxExchanges = 20_000
const patienceMs = 60_000

export class RecordProxy {
  readonly #upstream: URL
  readonly #clock: Clock
  readonly exchanges: RecordedExchange[] = []

  constructor(upstream: URL, clock: Clock) {
    this.#upstream = upstream
    this.#clock = clock
  }

  /** The client's headers go along; the host becomes the upstream's. */
  async answer(asked: MockRequest): Promise<MockAnswer> {
    const startNs = this.#clock.nowNs()
    try {
      const { message, body } = await this.#ask(asked)
      const status = message.statusCode ?? 502
      this.#keep(asked, message, body, (this.#clock.nowNs() - startNs) / 1e6)
      return { route: this.#upstream.host, status, headers: passedOn(message.headers), body, delayMs: 0 }
    } catch (error) {
      const text = JSON.stringify({ error: `${this.#upstream.host}: ${(error as Error).message}` })
      return {
        route: this.#upstream.host,
        status: 502,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(text),
        delayMs: 0,
      }
    }
  }

  #ask({ method, target, body, headers = {} }: MockRequest): Promise<{ message: IncomingMessage; body: Buffer }> {
    const { protocol, hostname, port, pathname, host } = this.#upstream
    const send = protocol === 'https:' ? requestSecure : requestPlain
    const { connection: _c, 'transfer-encoding': _t, ...kept } = headers
    return new Promise((resolve, reject) => {
      const outgoing = send(
        {
          hostname: hostname.replace(/^\[|\]$/g, ''),
          port,
          method,
          path: pathname.replace(/\/$/, '') + target,
          headers: { ...kept, host, ...(body === undefined ? {} : { 'content-length': body.length }) },
          timeout: patienceMs,
        },
        (message) => {
          const chunks: Buffer[] = []
          message.on('data', (chunk: Buffer) => chunks.push(chunk))
          message.on('end', () => resolve({ message, body: Buffer.concat(chunks) }))
          message.on('error', reject)
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  #keep(asked: MockRequest, message: IncomingMessage, body: Buffer, ms: number): void {
    if (this.exchanges.length >= maxExchanges) return
    const type = message.headers['content-type']
    this.exchanges.push({
      method: asked.method,
      path: asked.target.replace(/\?.*$/s, ''),
      status: message.statusCode ?? 502,
      contentType: type === undefined || /[^\t\x20-\x7e]/.test(type) ? undefined : type,
      body: textOf(body, message.headers['content-encoding']),
      ms,
    })
  }
}

/** Undefined for what is no text, or too long. */
function textOf(body: Buffer, encoding: string | undefined): string | undefined {
  try {
    const options = { maxOutputLength: maxKept }
    const plain =
      encoding === 'gzip'
        ? gunzipSync(body, options)
        : encoding === 'br'
          ? brotliDecompressSync(body, options)
          : encoding === 'deflate'
            ? inflateSync(body, options)
            : body
    if (plain.length > maxKept || plain.includes(0)) return undefined
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    return undefined
  }
}

function passedOn(headers: IncomingMessage['headers']): Record<string, string> {
  const own = ['connection', 'transfer-encoding', 'content-length', 'keep-alive']
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      value === undefined || own.includes(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}

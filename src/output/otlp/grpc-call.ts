/** Unary gRPC calls of one method over one HTTP/2 connection. Source: grpc.io, "gRPC over HTTP2". */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { Clock } from '#base/clock.js'
import { NS_PER_S } from '#base/duration.js'
import { DeliveryError } from '../net/delivery.js'
import type { PostTls } from '../net/http-post.js'

export interface GrpcOptions {
  readonly clock: Clock
  readonly timeoutNs: number
  readonly tls: PostTls
  /** `/package.Service/Method` */
  readonly method: string
  readonly gzip: boolean
}

/** Codes of a call that may be tried again. Source: opentelemetry.io, "OTLP Specification", failures of OTLP/gRPC. */
const RETRIABLE = new Set([1, 4, 8, 10, 11, 14, 15])
/** As much of an answer as is read; the one that OTLP gives is a few bytes. */
const READ_BYTES = 1 << 20

export class GrpcCall {
  readonly #url: URL
  readonly #options: GrpcOptions
  #session: ClientHttp2Session | undefined

  constructor(url: URL, options: GrpcOptions) {
    this.#url = url
    this.#options = options
  }

  /** @throws DeliveryError when the answer is not OK */
  send(message: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const { clock, timeoutNs, method, gzip } = this.#options
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream | undefined
      let isOver = false
      const end = (error?: DeliveryError): void => {
        if (isOver) return
        isOver = true
        cancel()
        signal.removeEventListener('abort', aborted)
        if (error === undefined) return resolve()
        stream?.close(constants.NGHTTP2_CANCEL)
        reject(error)
      }
      const broke = (error: Error): void => end(new DeliveryError(reasonOf(error, this.#url), true))
      const aborted = (): void => broke(new Error('it stands still'))
      const cancel = clock.coarseAt(clock.nowNs() + timeoutNs, () => {
        // The connection may be dead without a word: the next call gets a new one.
        this.close()
        broke(new Error(`no answer within ${timeoutNs / NS_PER_S} s`))
      })
      if (signal.aborted) return aborted()
      signal.addEventListener('abort', aborted)
      try {
        const session = this.#open(broke)
        stream = session.request({
          ...headers,
          ':method': 'POST',
          ':path': method,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...(gzip ? { 'grpc-encoding': 'gzip' } : {}),
        })
      } catch (error) {
        return broke(error as Error)
      }
      stream.on('error', broke)
      const status: Status = { http: 0, code: undefined, message: '', read: 0 }
      stream.on('response', (answer) => note(status, answer))
      stream.on('trailers', (trailers) => note(status, trailers))
      stream.on('data', (chunk: Buffer) => {
        status.read += chunk.length
        if (status.read > READ_BYTES) broke(new Error('it answers too much'))
      })
      stream.on('close', () => end(verdict(status, this.#url)))
      const frame = Buffer.alloc(5 + message.length)
      frame.writeUInt8(gzip ? 1 : 0, 0)
      frame.writeUInt32BE(message.length, 1)
      frame.set(message, 5)
      stream.end(frame)
    })
  }

  close(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #open(broke: (error: Error) => void): ClientHttp2Session {
    const known = this.#session
    if (known !== undefined && !known.closed && !known.destroyed) return known
    const session = connect(this.#url, { ...this.#options.tls, maxSessionMemory: 16 })
    // A session that fails takes its streams along; without a listener it would take the process.
    session.on('error', broke)
    session.on('goaway', () => session.close())
    session.unref()
    this.#session = session
    return session
  }
}

interface Status {
  http: number
  code: number | undefined
  message: string
  read: number
}

function note(status: Status, headers: Readonly<Record<string, unknown>>): void {
  if (typeof headers[':status'] === 'number') status.http = headers[':status']
  if (headers['grpc-status'] !== undefined) status.code = Number(headers['grpc-status'])
  if (typeof headers['grpc-message'] === 'string') status.message = percentDecoded(headers['grpc-message'])
}

function verdict({ http, code, message }: Status, url: URL): DeliveryError | undefined {
  if (code === 0) return undefined
  if (code !== undefined) {
    const said = message === '' ? '' : `: ${message.slice(0, 300)}`
    return new DeliveryError(`it answered gRPC status ${code}${said}`, RETRIABLE.has(code), {})
  }
  if (http === 0) return new DeliveryError(`${url.host} closed the connection`, true)
  return new DeliveryError(`it answered ${http}, which is no gRPC`, http === 429 || http >= 500, {})
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function reasonOf(error: Error, url: URL): string {
  // A stream that falls with its connection has the reason as its cause.
  const root = error.cause instanceof Error ? error.cause : error
  const { code, message } = root as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return `connection to ${url.host} refused`
  if (code === 'ENOTFOUND') return `no such host: ${url.hostname}`
  if (code === 'ECONNRESET' || code === 'EPIPE') return `${url.host} closed the connection`
  if (code === 'ERR_HTTP2_ERROR') return `${url.host} does not speak gRPC (${message})`
  return message === '' ? (code ?? 'unknown error') : message
}

/** POST requests to one receiver over kept connections: bounded in time and in what is read of the answer. */
import { request as httpRequest, Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import type { Clock } from '#base/clock.js'
import { NS_PER_S } from '#base/duration.js'
import { DeliveryError } from './delivery.js'

export interface PostTls extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'minVersion'> {
  readonly rejectUnauthorized?: boolean
}

export interface PostOptions {
  readonly clock: Clock
  readonly timeoutNs: number
  readonly tls?: PostTls
  /** `http://host:port` of a proxy, for plain HTTP. */
  readonly proxy?: URL
  /** Connections at most. */
  readonly connections?: number
}

export interface PostAnswer {
  readonly status: number
  /** The head of the body, for messages. */
  readonly text: string
  readonly retryAfterNs: number | undefined
}

/** As much of an answer's body as is kept, and as is read at all. */
const KEPT_BYTES = 4096
const READ_BYTES = 1 << 20

export class HttpPost {
  readonly #options: PostOptions
  readonly #http: HttpAgent
  readonly #https: HttpsAgent

  constructor(options: PostOptions) {
    this.#options = options
    const agent = { keepAlive: true, maxSockets: options.connections ?? 1 }
    this.#http = new HttpAgent(agent)
    this.#https = new HttpsAgent({ ...agent, ...options.tls })
  }

  /** @throws DeliveryError when there is no whole answer */
  send(
    url: URL,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<PostAnswer> {
    const { clock, timeoutNs } = this.#options
    return new Promise((resolve, reject) => {
      let request: ClientRequest | undefined
      const end = (error?: Error): void => {
        cancel()
        signal.removeEventListener('abort', aborted)
        if (error === undefined) return
        request?.destroy()
        reject(new DeliveryError(reasonOf(error, url), true))
      }
      const aborted = (): void => end(new Error('it stands still'))
      const cancel = clock.coarseAt(clock.nowNs() + timeoutNs, () =>
        end(new Error(`no answer within ${timeoutNs / NS_PER_S} s`)),
      )
      if (signal.aborted) return aborted()
      signal.addEventListener('abort', aborted)
      try {
        request = this.#open(url, { ...headers, 'Content-Length': String(body.length) }, (answer) => {
          readAnswer(answer).then((whole) => {
            end()
            resolve(whole)
          }, end)
        })
      } catch (error) {
        // A header that HTTP does not allow.
        cancel()
        signal.removeEventListener('abort', aborted)
        return reject(new DeliveryError((error as Error).message, false))
      }
      request.on('error', end)
      request.end(body)
    })
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #open(
    url: URL,
    headers: Readonly<Record<string, string>>,
    answered: (answer: IncomingMessage) => void,
  ): ClientRequest {
    const { proxy } = this.#options
    const common = { method: 'POST', headers }
    if (url.protocol === 'https:') return httpsRequest(url, { ...common, agent: this.#https }, answered)
    if (proxy === undefined) return httpRequest(url, { ...common, agent: this.#http }, answered)
    return httpRequest(
      {
        ...common,
        agent: this.#http,
        host: proxy.hostname,
        port: proxy.port === '' ? 80 : proxy.port,
        path: url.href,
        headers: { ...headers, Host: url.host },
      },
      answered,
    )
  }
}

/** Basic authorization's header value. */
export function basicAuth(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** The verdict that most receivers share: 2xx took it, 429 and 5xx want it later, the rest do not want it. */
export function judge(answer: PostAnswer): void {
  const { status, text, retryAfterNs } = answer
  if (status >= 200 && status < 300) return
  const said = text.trim() === '' ? '' : `: ${text.trim().slice(0, 300)}`
  throw new DeliveryError(`it answered ${status}${said}`, status === 429 || status >= 500, { retryAfterNs })
}

async function readAnswer(answer: IncomingMessage): Promise<PostAnswer> {
  const kept: Buffer[] = []
  let read = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (read < KEPT_BYTES) kept.push(chunk.subarray(0, KEPT_BYTES - read))
    read += chunk.length
    // Nothing that answers a push is this long; the connection is not worth keeping.
    if (read > READ_BYTES) break
  }
  const seconds = Number(answer.headers['retry-after'])
  return {
    status: answer.statusCode ?? 0,
    text: Buffer.concat(kept).toString('utf8'),
    retryAfterNs: seconds > 0 ? seconds * NS_PER_S : undefined,
  }
}

function reasonOf(error: Error, url: URL): string {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ECONNREFUSED':
      return `connection to ${url.host} refused`
    case 'ENOTFOUND':
      return `no such host: ${url.hostname}`
    case 'ECONNRESET':
    case 'EPIPE':
      return `${url.host} closed the connection`
    default:
      // Happy eyeballs fail with a list of errors and no message.
      return error.message === '' ? (code ?? 'unknown error') : error.message
  }
}

/** One request of a probe on a connection that is kept, timed, with its answer unpacked and hashed. */
import { createHash } from 'node:crypto'
import { Agent as HttpAgent, type IncomingMessage, request as sendHttp } from 'node:http'
import { Agent as HttpsAgent, request as sendHttps } from 'node:https'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { nowMs } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { endpointOf } from './endpoint.js'
import type { ProbedRequest } from './capture.js'

/** Longer answers are read to their end, and kept to here. */
const KEPT_BYTES = 1_000_000
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 30_000

export interface Ask {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export type Answered = Omit<ProbedRequest, 'exchanges' | 'calls' | 'varied'>

export class Asker {
  // One connection: the second of a pair would be another round trip now and then.
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 1 })
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })

  /** @throws PW_ADVISE_PROBE when there is no answer */
  async ask({ method, url, headers, body }: Ask, signal: AbortSignal): Promise<Answered> {
    const isHttps = url.startsWith('https:')
    const startMs = nowMs()
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = (isHttps ? sendHttps : sendHttp)(
          url,
          {
            method,
            agent: isHttps ? this.#https : this.#http,
            signal,
            timeout: TIMEOUT_MS,
            headers: {
              accept: '*/*',
              'accept-encoding': 'gzip, br, deflate',
              ...(body === undefined
                ? {}
                : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
              ...headers,
            },
          },
          resolve,
        )
        sent.on('error', reject)
        sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
        sent.end(body)
      })
      const headMs = nowMs()
      const chunks: Buffer[] = []
      let sentBytes = 0
      for await (const chunk of response as AsyncIterable<Buffer>) {
        sentBytes += chunk.length
        if (sentBytes <= MAX_UNPACKED_BYTES) chunks.push(chunk)
      }
      const endMs = nowMs()
      const plain = await unpacked(Buffer.concat(chunks), response.headers['content-encoding'])
      return {
        endpoint: endpointOf(method, url),
        method,
        url,
        startMs,
        headMs,
        endMs,
        status: response.statusCode ?? 0,
        headers: flat(response.headers),
        sentBytes,
        bodyBytes: plain.length,
        bodyHash: createHash('sha1').update(plain).digest('hex').slice(0, 16),
        body: Buffer.from(plain.subarray(0, KEPT_BYTES)),
      }
    } catch (error) {
      if (signal.aborted) throw error
      throw new PerfwrightError({
        code: 'PW_ADVISE_PROBE',
        message: `${method} ${url} got no answer: ${(error as Error).message}.`,
        where: '--url',
        fix: 'Start the target first, or let --target-cmd start it; the URL names the port at which it listens.',
        exitCode: ExitCode.targetUnusable,
        cause: error,
      })
    }
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

const unpackers = { gzip: promisify(gunzip), br: promisify(brotliDecompress), deflate: promisify(inflate) }

async function unpacked(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding !== 'gzip' && encoding !== 'br' && encoding !== 'deflate') return bytes
  try {
    return await unpackers[encoding](bytes, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch {
    // Named so and not so: what came is what there is.
    return bytes
  }
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, (Array.isArray(value) ? value.join(', ') : value).slice(0, 4_000)]],
    ),
  )
}

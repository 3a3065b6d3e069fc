/**
 * Sends prepared requests to one side over connections that stay open. It stands outside what is measured (the target's
 * CPU), and what it costs in latency it costs both sides alike, so node:http does.
 */
import { createHash } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import { nowMs } from '#base/clock.js'
import type { DuetRequest } from './types.js'

/** An answer beyond it is read and counted, but compared only so far. */
const comparedBytes = 4 << 20

export interface Answer {
  /** 0 when none came. */
  readonly status: number
  readonly ms: number
  /** Of the body. */
  readonly hash: string
  readonly error: string | undefined
}

export class SideClient {
  readonly #base: URL
  readonly #agent: Agent
  readonly #timeoutMs: number

  constructor(base: URL, lanes: number, timeoutMs = 30_000) {
    this.#base = base
    const options = { keepAlive: true, maxSockets: lanes, scheduling: 'lifo' as const }
    this.#agent =
      base.protocol === 'https:' ? new TlsAgent({ ...options, rejectUnauthorized: false }) : new Agent(options)
    this.#timeoutMs = timeoutMs
  }

  /** Never rejects: what goes wrong is the target's answer. */
  send(one: DuetRequest, hashBody: boolean): Promise<Answer> {
    return new Promise((resolve) => {
      const began = nowMs()
      let done = false
      const finish = (status: number, hash: string, error?: string): void => {
        if (done) return
        done = true
        resolve({ status, ms: nowMs() - began, hash, error })
      }
      const body = one.body === undefined ? undefined : Buffer.from(one.body, one.bodyEncoding ?? 'utf8')
      const start = this.#base.protocol === 'https:' ? httpsRequest : httpRequest
      const sent = start(
        {
          agent: this.#agent,
          hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
          port: this.#base.port,
          method: one.method,
          path: one.path,
          headers: { ...one.headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
          timeout: this.#timeoutMs,
        },
        (response) => {
          const hash = hashBody ? createHash('sha1') : undefined
          let seen = 0
          response.on('data', (chunk: Buffer) => {
            if (hash !== undefined && seen < comparedBytes) hash.update(chunk)
            seen += chunk.length
          })
          response.on('end', () => finish(response.statusCode ?? 0, hash?.digest('base64') ?? '', undefined))
          response.on('error', (error) => finish(0, '', error.message))
          response.on('aborted', () => finish(0, '', 'the answer was cut off'))
        },
      )
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${this.#timeoutMs} ms`)))
      sent.on('error', (error) => finish(0, '', error.message))
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Fetches secrets over HTTP: rate limit, retries with growing pauses, a bound on the answer. */
import type { Clock } from '#base/clock.js'
import type { Random } from '#base/random.js'
import type { UrlSourceConfig } from './url-config.js'

/** k6's bound; a larger answer is no secret. */
const maxSecretBytes = 24 * 1024

export class UrlSource {
  readonly #config: UrlSourceConfig
  readonly #clock: Clock
  readonly #random: Random
  #tokens: number
  #filledNs: number

  constructor(config: UrlSourceConfig, clock: Clock, random: Random) {
    this.#config = config
    this.#clock = clock
    this.#random = random
    this.#tokens = config.burst
    this.#filledNs = clock.nowNs()
  }

  /** @throws Error in k6's words */
  async get(key: string): Promise<string> {
    await this.#turn()
    const { maxRetries, retryBackoffMs } = this.#config
    for (let attempt = 0; ; attempt++) {
      // The documented formula: base to the power of the attempt, in whole seconds, and up to a second of chance.
      if (attempt > 0) await this.#wait(Math.trunc((retryBackoffMs / 1000) ** attempt) * 1000 + this.#random() * 1000)
      const answer = await this.#ask(key)
      if ('secret' in answer) return answer.secret
      if (!answer.again || attempt >= maxRetries) throw new Error(answer.error)
    }
  }

  async #ask(key: string): Promise<{ secret: string } | { error: string; again: boolean }> {
    const { urlTemplate, method, headers, timeoutMs, responsePath } = this.#config
    let response: Response
    let body: Uint8Array | undefined
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      response = await fetch(urlTemplate.replaceAll('{key}', key), { method, headers, signal })
      if (response.status !== 200) {
        await response.body?.cancel()
        const again = response.status >= 500 || response.status === 429
        return { error: `status code ${response.status}: failed to get secret`, again }
      }
      body = await readBounded(response)
    } catch (error) {
      const { message, cause } = error as Error
      return { error: `failed to get secret: ${cause instanceof Error ? cause.message : message}`, again: true }
    }
    if (body === undefined) {
      const error = `failed to extract secret: secret response exceeds maximum size of ${maxSecretBytes} bytes`
      return { error, again: false }
    }
    return extract(Buffer.from(body).toString('utf8'), responsePath)
  }

  /** A bucket of `burst` tokens that fills at the documented rate. */
  async #turn(): Promise<void> {
    const perNs = this.#config.requestsPerMinute / 60e9
    const nowNs = this.#clock.nowNs()
    this.#tokens = Math.min(this.#config.burst, this.#tokens + (nowNs - this.#filledNs) * perNs)
    this.#filledNs = nowNs
    this.#tokens--
    if (this.#tokens < 0) await this.#wait(-this.#tokens / perNs / 1e6)
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.coarseAt(this.#clock.nowNs() + ms * 1e6, resolve))
  }
}

async function readBounded(response: Response): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxSecretBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function extract(text: string, path: string): { secret: string } | { error: string; again: boolean } {
  if (path === '') return { secret: text }
  const failed = (why: string): { error: string; again: boolean } => ({
    error: `failed to extract secret: ${why}`,
    again: false,
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return failed(`path ${JSON.stringify(path)} not found in response`)
  }
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) {
      return failed(`path ${JSON.stringify(path)} not found in response`)
    }
    value = (value as Record<string, unknown>)[step]
  }
  if (typeof value === 'string') return { secret: value }
  const type =
    value === null
      ? 'Null'
      : typeof value === 'boolean'
        ? value
          ? 'True'
          : 'False'
        : typeof value === 'number'
          ? 'Number'
          : 'JSON'
  return failed(`secret value at path ${JSON.stringify(path)} is not a string (got ${type})`)
}

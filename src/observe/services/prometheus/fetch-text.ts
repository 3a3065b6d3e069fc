/** One GET with everything bounded: time, size, redirects (none). */
import type { Clock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'

const TIMEOUT_NS = 5e9
const MAX_BYTES = 16 * 1024 * 1024

export interface FetchOptions {
  readonly accept: string
  /** Whose body is wanted. */
  readonly statuses: readonly number[]
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** @throws Error with what went wrong in a few words; never with user or password of the URL */
export async function fetchText(url: URL, { accept, statuses, clock, signal }: FetchOptions): Promise<string> {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const limit = new AbortController()
  const cancel = clock.coarseAt(clock.nowNs() + TIMEOUT_NS, () => limit.abort(new Error('no answer in 5 s')))
  try {
    const response = await fetch(bare, {
      redirect: 'manual',
      headers: {
        accept,
        'user-agent': 'perfwright',
        ...(user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
      },
      signal: AbortSignal.any([limit.signal, signal]),
    })
    if (!statuses.includes(response.status)) {
      await response.body?.cancel()
      throw new Error(`it answered ${response.status}`)
    }
    return await bounded(response)
  } catch (error) {
    // The library says "fetch failed" and hides the reason one level down.
    const { cause } = error as { cause?: unknown }
    throw cause instanceof Error ? cause : error
  } finally {
    cancel()
  }
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) {
      throw new PerfwrightError({
        code: 'PW_OBSERVE_TOO_LARGE',
        message: `The answer is larger than ${MAX_BYTES / 1024 / 1024} MB.`,
        fix: 'Name an endpoint with fewer series.',
        exitCode: ExitCode.targetUnusable,
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

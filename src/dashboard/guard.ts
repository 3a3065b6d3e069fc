/**
 * Who may talk to the dashboard: it can stop a run and start one, so that only the person who was given its URL may,
 * and no page of another site that this person has open. Every request must name a host that is ours (DNS rebinding),
 * come from our own origin if from any, and bring the token: first in the URL, then in a cookie. What changes anything
 * is a POST with JSON from our own origin.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

export interface GuardOptions {
  readonly port: number
  /** Host names under which the server is asked, beside loopback. */
  readonly names: readonly string[]
  /** Bound to more than loopback: every address may be ours. */
  readonly isRemote: boolean
}

export type Admission =
  /** `setCookie` when the token came in the URL. */
  { readonly setCookie: string | undefined } | { readonly status: 401 | 403; readonly reason: string }

export class Guard {
  readonly token: string = randomBytes(24).toString('base64url')
  /** The cookie holds another secret than the URL, which lands in histories. */
  readonly #session = randomBytes(24).toString('base64url')
  readonly #cookie: string
  readonly #names: ReadonlySet<string>
  readonly #isRemote: boolean
  readonly #port: number

  constructor({ port, names, isRemote }: GuardOptions) {
    // Cookies know no ports: two dashboards on one machine must not take each other's.
    this.#cookie = `perfwright_${port}`
    this.#names = new Set(['localhost', '127.0.0.1', '::1', ...names.map((name) => name.toLowerCase())])
    this.#isRemote = isRemote
    this.#port = port
  }

  admit(request: IncomingMessage, url: URL): Admission {
    const { headers } = request
    const host = headers.host ?? ''
    if (!this.#isOurs(host)) return { status: 403, reason: 'this host name is not the dashboard’s' }
    const { origin } = headers
    if (origin !== undefined && origin !== `http://${host}`)
      return { status: 403, reason: 'a page of another origin may not use the dashboard' }
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && headers['sec-fetch-mode'] !== 'navigate')
      return { status: 403, reason: 'a page of another site may not use the dashboard' }
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead) {
      if (origin === undefined) return { status: 403, reason: 'a change needs an Origin header' }
      if (!/^application\/json\b/.test(headers['content-type'] ?? ''))
        return { status: 403, reason: 'a change needs Content-Type: application/json' }
    }
    const given = url.searchParams.get('token')
    if (given !== null && isRead && isEqual(given, this.token))
      return { setCookie: `${this.#cookie}=${this.#session}; HttpOnly; SameSite=Strict; Path=/` }
    if (isEqual(cookieOf(headers.cookie, this.#cookie), this.#session)) return { setCookie: undefined }
    return { status: 401, reason: 'open the dashboard with the URL that the terminal shows: it holds the token' }
  }

  #isOurs(header: string): boolean {
    const [, name = '', port = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(header.toLowerCase()) ?? []
    if (Number(port) !== this.#port) return false
    const host = name.replace(/^\[(.*)\]$/, '$1')
    return this.#names.has(host) || (this.#isRemote && isIP(host) !== 0)
  }
}

function cookieOf(header: string | undefined, name: string): string {
  for (const part of header?.split(';') ?? []) {
    const [key, value = ''] = part.trim().split('=')
    if (key === name) return value
  }
  return ''
}

/** In a time that does not tell how much of it was right. */
function isEqual(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

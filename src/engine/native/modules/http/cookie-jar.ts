/**
 * Cookies as Go reads and keeps them: net/http's Set-Cookie parser and net/http/cookiejar without a public suffix list
 * (RFC 6265, 5.2 to 5.4), which is what k6 has. Bounded, because a hostile server must not fill the injector's memory.
 */
import { type GoUrl, hostname } from './go-url.js'

/** One Set-Cookie line. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly path: string
  readonly httpOnly: boolean
  readonly secure: boolean
  /** Seconds; 0 = not given, -1 = delete now (`Max-Age=0` or less). */
  readonly maxAge: number
  /** Unix ms; undefined when not given or not readable. */
  readonly expiresMs: number | undefined
}

interface Entry {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly expiresMs: number
  readonly created: number
}

/** Browsers keep 180 per domain and about 3,000 in all; a VU is one person. */
const maxCookies = 3000
const maxCookieBytes = 16_384

export class CookieStore {
  readonly #entries = new Map<string, Entry>()
  #created = 0

  get size(): number {
    return this.#entries.size
  }

  /** Takes what a server (or the script) sets for `url`; what RFC 6265 refuses is left out silently, as in Go. */
  set(url: GoUrl, cookies: readonly SetCookie[], nowMs: number): void {
    if (url.scheme !== 'http' && url.scheme !== 'https') return
    const host = canonicalHost(url)
    if (host === undefined) return
    for (const cookie of cookies) {
      if (cookie.name.length + cookie.value.length > maxCookieBytes) continue
      const place = domainOf(host, cookie.domain)
      if (place === undefined) continue
      const path = cookie.path.startsWith('/') ? cookie.path : defaultPath(url.path)
      const id = `${place.domain};${path};${cookie.name}`
      let expiresMs = Number.POSITIVE_INFINITY
      if (cookie.maxAge > 0) expiresMs = nowMs + cookie.maxAge * 1000
      else if (cookie.maxAge === 0 && cookie.expiresMs !== undefined) expiresMs = cookie.expiresMs
      if (cookie.maxAge < 0 || expiresMs <= nowMs) {
        this.#entries.delete(id)
        continue
      }
      const old = this.#entries.get(id)
      if (old === undefined && this.#entries.size >= maxCookies) {
        const oldest = this.#entries.keys().next().value
        if (oldest !== undefined) this.#entries.delete(oldest)
      }
      this.#entries.set(id, {
        name: cookie.name,
        value: cookie.value,
        domain: place.domain,
        hostOnly: place.hostOnly,
        path,
        secure: cookie.secure,
        expiresMs,
        created: old?.created ?? this.#created++,
      })
    }
  }

  /** What to send to `url`: longest path first, then oldest first. */
  cookies(url: GoUrl, nowMs: number): { readonly name: string; readonly value: string }[] {
    if (this.#entries.size === 0 || (url.scheme !== 'http' && url.scheme !== 'https')) return []
    const host = canonicalHost(url)
    if (host === undefined) return []
    const path = url.path === '' ? '/' : url.path
    const found: Entry[] = []
    for (const [id, entry] of this.#entries) {
      if (entry.expiresMs <= nowMs) {
        this.#entries.delete(id)
        continue
      }
      const domainMatches = entry.domain === host || (!entry.hostOnly && host.endsWith(`.${entry.domain}`))
      if (
        domainMatches &&
        pathMatches(path, entry.path) &&
        (!entry.secure || url.scheme === 'https' || isLoopback(host))
      )
        found.push(entry)
    }
    return found.sort((a, b) => b.path.length - a.path.length || a.created - b.created)
  }
}

/** Reads one Set-Cookie value; undefined when Go would drop it. */
export function parseSetCookie(line: string): SetCookie | undefined {
  const parts = line.trim().split(';')
  const first = (parts[0] as string).trim()
  const equals = first.indexOf('=')
  if (equals < 0) return undefined
  const name = first.slice(0, equals).trim()
  if (!isToken(name)) return undefined
  const value = cookieValue(first.slice(equals + 1), true)
  if (value === undefined) return undefined
  let domain = ''
  let path = ''
  let httpOnly = false
  let secure = false
  let maxAge = 0
  let expiresMs: number | undefined
  for (let i = 1; i < parts.length; i++) {
    const part = (parts[i] as string).trim()
    if (part === '') continue
    const at = part.indexOf('=')
    const attribute = (at < 0 ? part : part.slice(0, at)).toLowerCase()
    const text = cookieValue(at < 0 ? '' : part.slice(at + 1), false)
    if (text === undefined) continue
    if (attribute === 'domain') domain = text
    else if (attribute === 'path') path = text
    else if (attribute === 'httponly') httpOnly = true
    else if (attribute === 'secure') secure = true
    else if (attribute === 'max-age') {
      // Go refuses a leading zero other than "0" itself.
      if (!/^[+-]?\d+$/.test(text) || (Number(text) !== 0 && text.startsWith('0'))) continue
      maxAge = Number(text) <= 0 ? -1 : Number(text)
    } else if (attribute === 'expires') expiresMs = cookieTimeMs(text) ?? expiresMs
  }
  return { name, value, domain, path, httpOnly, secure, maxAge, expiresMs }
}

/** The two forms of date that Go reads, RFC 1123 with spaces or hyphens; Unix ms. */
export function cookieTimeMs(text: string): number | undefined {
  const match = /^(\w{3}), (\d{2})([ -])(\w{3})\3(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([A-Z]{3,4}|[+-]\d{2,4})$/.exec(text)
  if (match === null) return undefined
  const month = months.indexOf((match[4] as string).toLowerCase())
  if (month < 0 || !days.includes((match[1] as string).toLowerCase())) return undefined
  const [day, year, hour, minute, second] = [match[2], match[5], match[6], match[7], match[8]].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ]
  if (day < 1 || hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(Date.UTC(2000, month, day, hour, minute, second))
  date.setUTCFullYear(year, month, day)
  return date.getUTCDate() === day ? date.getTime() : undefined
}

/** `Cookie` header part: name and value made safe as Go does it; values with a space or comma are quoted. */
export function cookiePair(name: string, value: string): string {
  const safeName = name.replace(/[\r\n]/g, '-')
  const safe = value.replace(/[^\x20-\x7e]|["\\;]/g, '')
  return `${safeName}=${/[ ,]/.test(safe) ? `"${safe}"` : safe}`
}

/** First byte of a value that Go drops from a `Cookie` header with a log line; undefined when all may stand. */
export function invalidCookieByte(value: string): string | undefined {
  return /[^\x20-\x7e]|["\\;]/.exec(value)?.[0]
}

/** Cookies of a `Cookie` request header, as `res.request.cookies` shows them. */
export function parseCookieHeader(text: string): { readonly name: string; readonly value: string }[] {
  const cookies: { name: string; value: string }[] = []
  for (const piece of text.split(';')) {
    const part = piece.trim()
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = (equals < 0 ? part : part.slice(0, equals)).trim()
    if (!isToken(name)) continue
    const value = cookieValue(equals < 0 ? '' : part.slice(equals + 1), true)
    if (value !== undefined) cookies.push({ name, value })
  }
  return cookies
}

export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function cookieValue(raw: string, mayQuote: boolean): string | undefined {
  const value = mayQuote && raw.length > 1 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw
  return invalidCookieByte(value) === undefined ? value : undefined
}

function canonicalHost(url: GoUrl): string | undefined {
  const host = hostname(url).toLowerCase().replace(/\.$/, '')
  return host === '' ? undefined : host
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}

function domainOf(host: string, attribute: string): { domain: string; hostOnly: boolean } | undefined {
  if (attribute === '') return { domain: host, hostOnly: true }
  if (isAddress(host)) return attribute === host ? { domain: host, hostOnly: true } : undefined
  const domain = (attribute.startsWith('.') ? attribute.slice(1) : attribute).toLowerCase()
  if (domain === '' || domain.startsWith('.') || domain.endsWith('.')) return undefined
  if (host !== domain && !host.endsWith(`.${domain}`)) return undefined
  return { domain, hostOnly: false }
}

function defaultPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return !path.startsWith('/') || slash === 0 ? '/' : path.slice(0, slash)
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true
  return path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/')
}

// Go's jar, as browsers, takes a loopback host for as trustworthy as https.
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1'
}

/**
 * One call of the script carried out: its request, the redirects that follow it, the challenges of digest and NTLM.
 * Every hop is a request with samples of its own, as in k6; the last one's samples wait until its body is unpacked,
 * because what goes wrong there makes that request an error.
 */
import type { Cancel } from '#base/clock.js'
import { bodyBytes, type Target, type WireRequest, type WireResponse } from '../../http1/types.js'
import { createNtlm, digestAuthorization, type Ntlm } from './auth.js'
import type { HttpClient } from './client.js'
import {
  type CookieStore,
  cookiePair,
  invalidCookieByte,
  isToken,
  parseSetCookie,
  type SetCookie,
} from './cookie-jar.js'
import { debugRequest, debugResponse } from './debug.js'
import { decodeBody, encodeWith } from './decode.js'
import { ExpectedStatuses } from './expected-statuses.js'
import { type GoUrl, goUrlText, hostname, redactedText, resolveGoUrl } from './go-url.js'
import { quote } from './go-text.js'
import { headerBlock, headerFault, type HeaderMap, rawHeader, rawHeaderAll } from './headers.js'
import type { Call } from './params.js'
import { isRedirect } from './status.js'
import { withTraceContext } from './trace-context.js'
import type { Place } from './targets.js'

/** What came of a call: enough to build the response that the script sees, and nothing built yet. */
export interface Outcome {
  readonly call: Call
  /** Headers of the first request as sent. */
  readonly sentHeaders: HeaderMap | undefined
  readonly wire: WireResponse
  /** Final URL, as text. */
  readonly url: string
  /** False when the request failed: no status, no headers. */
  readonly answered: boolean
  /** null = none; a string holds one byte a character. */
  readonly body: Buffer | string | null
  readonly error: string
  readonly errorCode: number
}

export type Finish = (outcome: Outcome | undefined, failure: string) => void

/** Starts the call. `finish` gets an outcome, or, where k6 throws, the message. */
export function startExchange(client: HttpClient, call: Call, finish: Finish): Cancel {
  const exchange = new Exchange(client, call, finish)
  const { rateLimit } = client.vu
  if (rateLimit === undefined) return exchange.start()
  let started: Cancel | undefined
  const cancel = rateLimit(() => {
    started = exchange.start()
  })
  return () => (started ?? cancel)()
}

/** Goes on from the first answer of a request that was sent without an exchange (the bare GET's). */
export function resumeExchange(
  client: HttpClient,
  call: Call,
  startNs: number,
  wire: WireResponse,
  finish: Finish,
): Cancel {
  return new Exchange(client, call, finish).resume(startNs, wire)
}

class Exchange {
  readonly #client: HttpClient
  readonly #call: Call
  readonly #finish: Finish
  readonly #jar: CookieStore | undefined
  #place: Place
  #method: string
  #headers: HeaderMap
  #host: string
  /** Of the current hop; undefined once a redirect has turned the method into GET. */
  #body: Buffer | string | undefined
  #bodyDropped = false
  #sensitiveDropped = false
  #hops = 0
  #deadlineNs = 0
  #cancel: Cancel | undefined
  #cancelled = false
  #callback: ExpectedStatuses | undefined
  #challenged = false
  #authorization: string | undefined
  #ntlm: Ntlm | undefined
  /** `Authorization` from the URL is kept out of NTLM's and digest's own requests. */
  #url: string
  readonly #sentHeaders: HeaderMap
  #debugId = ''

  constructor(client: HttpClient, call: Call, finish: Finish) {
    this.#client = client
    this.#call = call
    this.#finish = finish
    this.#place = this.#firstPlace()
    this.#method = call.method
    this.#host = call.host
    this.#callback = call.callback === undefined ? undefined : firstCallback(call.auth, call.callback)
    this.#url = call.place.text
    this.#headers = call.headers
    this.#jar = call.jar ?? client.vu.cookieJar
    this.#body = this.#prepareBody()
    this.#checkContentLength()
    this.#addCookies(this.#headers, call.place.url, call.jar ?? client.vu.cookieJar)
    this.#sentHeaders = this.#headers
    const name = call.place.named ? call.place.name : (call.tags.get('name') ?? '')
    client.shared.inputs.note(call.place, call.method, name, call.body?.data)
  }

  start(): Cancel {
    this.#deadlineNs = this.#client.vu.clock.nowNs() + this.#call.timeoutMs * 1e6
    if (this.#call.auth === 'ntlm') this.#ntlm = createNtlm(this.#place.url.user, () => this.#client.vu.clock.unixMs())
    this.#send()
    return this.#stop
  }

  resume(startNs: number, wire: WireResponse): Cancel {
    this.#deadlineNs = startNs + this.#call.timeoutMs * 1e6
    this.#received(wire)
    return this.#stop
  }

  readonly #stop = (): void => {
    this.#cancelled = true
    this.#cancel?.()
  }

  // k6 takes the credentials out of a URL that is asked with digest, so tags and `res.url` do not show them.
  #firstPlace(): Place {
    const { auth, place } = this.#call
    if (auth !== 'digest' || place.url.user === undefined) return place
    return this.#client.shared.targets.placeOf({ ...place.url, user: undefined }, this.#client.vu.log)
  }

  #prepareBody(): Buffer | string | undefined {
    const { body, compression, headers, method, place } = this.#call
    if (body === undefined) return undefined
    if (compression.length === 0) return body.data
    const packed = encodeWith(compression, typeof body.data === 'string' ? Buffer.from(body.data, 'utf8') : body.data)
    const wanted = compression.join(', ')
    const given = headers.get('Content-Encoding')
    if (given === undefined || given === '') headers.set('Content-Encoding', wanted)
    else if (given !== wanted) {
      this.#client.vu.log.warn(
        "There's a mismatch between the desired `compression` the manually set `Content-Encoding` header " +
          `in the ${method} request for '${place.text}', the custom header has precedence and won't be overwritten. ` +
          'This may result in invalid data being sent to the server.',
      )
    }
    return packed
  }

  #checkContentLength(): void {
    const given = this.#headers.get('Content-Length')
    if (given === undefined) return
    this.#headers.delete('Content-Length')
    const length = this.#bodyLength() ?? 0
    if (given === '' || (/^[+-]?\d+$/.test(given) && Number(given) === length)) return
    this.#client.vu.log.warn(
      `The specified Content-Length header ${quote(given)} in the ${this.#method} request for ${this.#place.text} ` +
        `doesn't match the actual request body length of ${length}, so it will be ignored!`,
    )
  }

  #bodyLength(): number | undefined {
    if (this.#body === undefined) return undefined
    return typeof this.#body === 'string' ? Buffer.byteLength(this.#body) : this.#body.length
  }

  #addCookies(headers: HeaderMap, url: GoUrl, jar: CookieStore | undefined): void {
    const own = this.#call.cookies
    const stored = jar === undefined || jar.size === 0 ? [] : jar.cookies(url, this.#client.vu.clock.unixMs())
    if (own === undefined && stored.length === 0) return
    const pairs: string[] = []
    const given = headers.get('Cookie')
    if (given !== undefined && given !== '') pairs.push(given)
    if (own !== undefined) {
      for (const [name, { value }] of own) {
        this.#warnOfCookie(value)
        pairs.push(cookiePair(name, value))
      }
    }
    for (const { name, value } of stored) {
      if (own?.get(name)?.replace !== true) pairs.push(cookiePair(name, value))
    }
    if (pairs.length > 0) headers.set('Cookie', pairs.join('; '))
  }

  /** What Go's standard logger says, which k6 passes on. */
  #warnOfCookie(value: string): void {
    const bad = invalidCookieByte(value)
    if (bad === undefined) return
    const now = new Date(this.#client.vu.clock.unixMs())
    const two = (part: number): string => String(part).padStart(2, '0')
    const day = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`
    const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
    const shown = bad === "'" ? "\\'" : bad
    this.#client.vu.log.info(`${day} ${time} net/http: invalid byte '${shown}' in Cookie.Value; dropping invalid bytes`)
  }

  #send(): void {
    const { vu } = this.#client
    const { target, fault, faultCode } = this.#place
    if (!isToken(this.#method)) return this.#failBeforeSend(`net/http: invalid method ${quote(this.#method)}`)
    const headers = this.#traced(this.#hopHeaders())
    const wrong = headerFault(headers)
    if (wrong !== undefined) return this.#failBeforeSend(wrong)
    if (target === undefined) return this.#failBeforeSend(fault, faultCode)
    const leftMs =
      this.#hops === 0 && !this.#challenged ? this.#call.timeoutMs : (this.#deadlineNs - vu.clock.nowNs()) / 1e6
    if (leftMs <= 0) return this.#failBeforeSend('request timeout', 1050)
    const request = this.#wireRequest(target, headers, leftMs)
    if (vu.options.httpDebug !== '') {
      this.#debugId = debugRequest(vu, this.#call.tags, request, vu.options.httpDebug === 'full')
    }
    this.#cancel = vu.connections.send(request, (wire) => this.#received(wire))
  }

  #traced(headers: HeaderMap): HeaderMap {
    if (!this.#client.shared.options.traceRequests) return headers
    return withTraceContext(headers, this.#call.tags.get('name') ?? this.#place.name)
  }

  #hopHeaders(): HeaderMap {
    const basic = this.#hops === 0 ? this.#call.place.basic : this.#place.basic
    const authorization = this.#authorization ?? (this.#ntlm === undefined ? basic : undefined)
    if (authorization === undefined) return this.#headers
    if (this.#authorization === undefined && this.#headers.has('Authorization')) return this.#headers
    return new Map(this.#headers).set('Authorization', authorization)
  }

  #wireRequest(target: Target, headers: HeaderMap, timeoutMs: number): WireRequest {
    const host = this.#host === '' ? target.hostHeader : this.#host
    const length = this.#bodyLength()
    const close = this.#client.shared.options.noConnectionReuse
    // Go cannot know a body of length 0 to be empty, so it goes out chunked where the method usually has one.
    const chunked = length === 0 && !usuallyBodiless.has(this.#method)
    return {
      target,
      method: this.#method,
      headerBlock: headerBlock(host, this.#method, headers, chunked ? -1 : length === 0 ? undefined : length, close),
      body: chunked ? '0\r\n\r\n' : length === 0 ? undefined : this.#body,
      timeoutMs,
      discardBody: this.#call.responseType === 'none' && this.#client.shared.options.httpDebug !== 'full',
    }
  }

  #failBeforeSend(text: string, errorCode = 1000): void {
    this.#client.vu.clock.soon(() => {
      if (!this.#cancelled) this.#received(failedWire(text, errorCode))
    })
  }

  #received(wire: WireResponse): void {
    const { vu } = this.#client
    vu.dataSent += wire.bytesSent
    vu.dataReceived += wire.bytesReceived
    if (this.#cancelled) return
    if (this.#debugId !== '' && wire.status !== 0) {
      debugResponse(vu, this.#call.tags, wire, this.#debugId, vu.options.httpDebug === 'full')
    }
    if (wire.errorCode !== 0) {
      const detail = wire.errorInBody ? wire.errorDetail : this.#clientError(wire.errorDetail)
      return this.#fail(wire, wire.errorCode, wire.error, detail, wire.errorInBody ? (wire.body ?? null) : null)
    }
    if (wire.status === 101) {
      return this.#finish(undefined, `unsupported response status: ${wire.statusText}`)
    }
    if (this.#answersChallenge(wire)) return
    if (isRedirect(wire.status) && this.#follows(wire)) return
    this.#complete(wire)
  }

  /** Digest and NTLM: the server's 401 is a request of its own, then the same request goes out with an answer to it. */
  #answersChallenge(wire: WireResponse): boolean {
    if (wire.status !== 401) return false
    let authorization: string | undefined
    const { user } = this.#call.place.url
    if (this.#call.auth === 'digest' && !this.#challenged) {
      authorization = digestAuthorization(
        rawHeader(wire.rawHeaders, 'www-authenticate') ?? '',
        this.#method,
        (this.#place.target as Target).path,
        user?.name ?? '',
        user?.password ?? '',
      )
    } else if (this.#ntlm !== undefined) {
      authorization = this.#ntlm.answer(rawHeaderAll(wire.rawHeaders, 'www-authenticate'))
    }
    if (authorization === undefined) return false
    this.#emit(wire, 0, '')
    this.#challenged = true
    this.#authorization = authorization
    this.#send()
    return true
  }

  #follows(wire: WireResponse): boolean {
    const location = rawHeader(wire.rawHeaders, 'location')
    if (location === undefined || location === '') return false
    let url: GoUrl
    try {
      url = resolveGoUrl(this.#place.url, location)
    } catch (error) {
      const text = `failed to parse Location header ${quote(location)}: ${(error as Error).message}`
      this.#fail(wire, 1000, text, this.#clientError(text), null)
      return true
    }
    const jar = this.#takeCookies(wire)
    this.#url = goUrlText(url)
    const { redirects } = this.#call
    const { options, defaultRedirects, targets } = this.#client.shared
    if (this.#hops + 1 > (redirects ?? options.maxRedirects)) {
      if (redirects === undefined && defaultRedirects) {
        this.#client.vu.log.warn(
          `Stopped after ${this.#hops + 1} redirects and returned the redirection; pass { redirects: n }` +
            ' in request params or set global maxRedirects to silence this',
          { url: goUrlText(this.#call.place.url) },
        )
      }
      return false
    }
    this.#emit(wire, 0, '')
    const keepsBody = wire.status === 307 || wire.status === 308
    if (!keepsBody) {
      this.#bodyDropped = true
      this.#body = undefined
      if (this.#method !== 'GET' && this.#method !== 'HEAD') this.#method = 'GET'
    }
    const from = this.#place.url
    if (!this.#sensitiveDropped && !isSubdomain(hostname(url), hostname(this.#call.place.url))) {
      this.#sensitiveDropped = url.host !== this.#call.place.url.host
    }
    this.#host = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(location) ? '' : this.#call.host
    this.#headers = this.#redirectHeaders(from, url, jar)
    this.#place = targets.placeOf(url, this.#client.vu.log)
    this.#hops++
    this.#challenged = false
    this.#authorization = undefined
    this.#send()
    return true
  }

  #redirectHeaders(from: GoUrl, to: GoUrl, jar: CookieStore | undefined): HeaderMap {
    const headers: HeaderMap = new Map()
    for (const [name, value] of this.#sentHeaders) {
      if (name === 'Cookie' || (this.#sensitiveDropped && sensitiveHeaders.has(name))) continue
      if (this.#bodyDropped && bodyHeaders.has(name)) continue
      headers.set(name, value)
    }
    // Go names where it came from, unless that would tell a secure page's address to an insecure one.
    if (!headers.has('Referer') && !(from.scheme === 'https' && to.scheme === 'http')) {
      headers.set('Referer', goUrlText(from, false))
    }
    this.#addCookies(headers, to, jar)
    return headers
  }

  #takeCookies(wire: WireResponse): CookieStore | undefined {
    const jar = this.#jar ?? this.#call.jar ?? this.#client.vu.cookieJar
    const lines = rawHeaderAll(wire.rawHeaders, 'set-cookie')
    if (lines.length === 0) return jar
    const cookies = lines.map(parseSetCookie).filter((cookie): cookie is SetCookie => cookie !== undefined)
    if (cookies.length === 0) return jar
    const store = jar ?? this.#client.jar
    store.set(this.#place.url, cookies, this.#client.vu.clock.unixMs())
    return store
  }

  #complete(wire: WireResponse): void {
    let body: Buffer | string | null = null
    const { status } = wire
    if (this.#call.responseType !== 'none' && status >= 200 && status !== 204 && status !== 304) {
      const encoding = contentEncoding(wire.rawHeaders)
      if (encoding === '') body = wireBody(wire)
      else {
        const decoded = decodeBody(bodyBytes(wire) ?? emptyBody, encoding)
        if (decoded.errorCode !== 0)
          return this.#fail(wire, decoded.errorCode, decoded.shown, decoded.error, decoded.body)
        body = decoded.body
      }
    }
    this.#emit(wire, 0, '')
    this.#takeCookies(wire)
    const errorCode = status >= 400 ? 1000 + status : 0
    this.#finish(this.#outcome(wire, this.#place.text, true, body, '', errorCode), '')
  }

  #fail(wire: WireResponse, errorCode: number, shown: string, logged: string, body: Buffer | null): void {
    this.#emit(wire, errorCode, shown)
    if (this.#call.throws) return this.#finish(undefined, logged)
    this.#client.vu.log.warn('Request Failed', { error: logged })
    this.#finish(this.#outcome(wire, this.#url, false, body, shown, errorCode), '')
  }

  #outcome(
    wire: WireResponse,
    url: string,
    answered: boolean,
    body: Buffer | string | null,
    error: string,
    errorCode: number,
  ): Outcome {
    return { call: this.#call, sentHeaders: this.#sentHeaders, wire, url, answered, body, error, errorCode }
  }

  #emit(wire: WireResponse, errorCode: number, error: string): void {
    const callback = this.#callback
    this.#callback = this.#call.callback
    const { vu, shared } = this.#client
    const { tags, place } = this.#call
    const base = place.named ? shared.samples.named(place, tags) : tags
    if (!shared.samples.emit(vu, this.#place, base, this.#method, wire, callback, errorCode, error)) return
    shared.failures.note(vu, {
      name: base.get('name') ?? this.#place.name,
      method: this.#method,
      url: this.#place.text,
      wire,
      errorCode,
      error,
      requestBody: this.#body,
    })
  }

  #clientError(text: string): string {
    return clientError(this.#call.method, this.#place, text)
  }
}

/** Go's `url.Error`: the method in title case, the URL without its password, then what went wrong. */
export function clientError(method: string, place: Place, text: string): string {
  const title = method === '' ? 'Get' : method.slice(0, 1) + method.slice(1).toLowerCase()
  return `${title} ${quote(redactedText(place.url))}: ${text}`
}

/** Joined Content-Encoding; '' when there is none. */
export function contentEncoding(raw: readonly string[]): string {
  return rawHeader(raw, 'content-encoding') ?? ''
}

/** The body as the transport has it at hand; see `Outcome.body`. */
export function wireBody(wire: WireResponse): Buffer | string {
  return wire.bodyLatin1 ?? wire.body ?? emptyBody
}

const emptyBody: Buffer = Buffer.alloc(0)

/** k6 takes the first answer to be the challenge: with digest it must be a 401, with NTLM it may be. */
function firstCallback(auth: string, callback: ExpectedStatuses): ExpectedStatuses {
  if (auth === 'digest') return challenge
  if (auth !== 'ntlm') return callback
  return callback.or(challenge)
}

const challenge = new ExpectedStatuses([[401, 401]])

const usuallyBodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH'])

const sensitiveHeaders = new Set([
  'Authorization',
  'Www-Authenticate',
  'Cookie',
  'Cookie2',
  'Proxy-Authorization',
  'Proxy-Authenticate',
])
const bodyHeaders = new Set(['Content-Encoding', 'Content-Language', 'Content-Location', 'Content-Type'])

function isSubdomain(name: string, parent: string): boolean {
  if (name === parent) return true
  if (name.includes(':') || name.includes('%')) return false
  return name.endsWith(`.${parent}`)
}

function failedWire(error: string, errorCode: number): WireResponse {
  return {
    status: 0,
    statusText: '',
    proto: '',
    rawHeaders: [],
    body: undefined,
    blocked: 0,
    connecting: 0,
    tlsHandshaking: 0,
    sending: 0,
    waiting: 0,
    receiving: 0,
    bytesSent: 0,
    bytesReceived: 0,
    remoteIp: '',
    remotePort: 0,
    tlsVersion: '',
    tlsCipherSuite: '',
    errorCode,
    error,
    errorDetail: error,
    errorInBody: false,
  }
}

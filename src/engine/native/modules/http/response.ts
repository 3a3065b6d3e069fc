/**
 * The Response that a script sees. k6 hands out a struct of Go's: all its fields are own enumerable properties, fields
 * of the struct can be assigned, others cannot. Most scripts read two of the twenty, so here every one is made when it
 * is first read; the Proxy in front (80 ns) keeps `Object.keys`, spread, `in` and JSON as in k6.
 */
import type { Realm } from '../../types.js'
import type { HttpClient } from './client.js'
import { parseCookieHeader, parseSetCookie } from './cookie-jar.js'
import type { Outcome } from './exchange.js'
import { gjsonGet } from './gjson.js'
import { goJsonError, hugeNumber } from './go-json-error.js'
import { type HeaderMap, joinHeaders, rawHeaderAll } from './headers.js'

/** What a batch or a failed parse shows before there is anything: k6's empty struct. */
export interface EmptyOutcome {
  readonly error: string
  readonly errorCode: number
}

export function makeResponse(client: HttpClient, outcome: Outcome | EmptyOutcome): object {
  return new Proxy(new Response(client, outcome), handler)
}

export class Response {
  readonly #client: HttpClient
  readonly #outcome: Outcome | undefined
  readonly #empty: EmptyOutcome | undefined
  #body: unknown
  /** What was made so far, but for the body: most scripts never ask. */
  #made: Made | undefined

  constructor(client: HttpClient, outcome: Outcome | EmptyOutcome) {
    this.#client = client
    const whole = 'call' in outcome
    this.#outcome = whole ? outcome : undefined
    this.#empty = whole ? undefined : outcome
  }

  get remote_ip(): string {
    return this.#outcome?.wire.remoteIp ?? ''
  }

  get remote_port(): number {
    return this.#outcome?.wire.remotePort ?? 0
  }

  get url(): string {
    return this.#outcome?.url ?? ''
  }

  get status(): number {
    return this.#outcome?.answered === true ? this.#outcome.wire.status : 0
  }

  get status_text(): string {
    return this.#outcome?.answered === true ? this.#outcome.wire.statusText : ''
  }

  get proto(): string {
    return this.#outcome?.answered === true ? this.#outcome.wire.proto : ''
  }

  get headers(): Record<string, string> {
    const made = this.#parts
    if (made.headers === undefined) {
      made.headers = new this.#realm.Object() as unknown as Record<string, string>
      if (this.#outcome?.answered === true) joinHeaders(this.#outcome.wire.rawHeaders, made.headers)
    }
    return made.headers
  }

  get cookies(): object {
    return (this.#parts.cookies ??= this.#makeCookies())
  }

  get body(): unknown {
    if (this.#body === undefined) this.#body = this.#makeBody()
    return this.#body
  }

  get timings(): object {
    const made = this.#parts
    if (made.timings === undefined) {
      const wire = this.#outcome?.wire
      made.timings = record(this.#realm, {
        duration: wire === undefined ? 0 : wire.sending + wire.waiting + wire.receiving,
        blocked: wire?.blocked ?? 0,
        looking_up: 0,
        connecting: wire?.connecting ?? 0,
        tls_handshaking: wire?.tlsHandshaking ?? 0,
        sending: wire?.sending ?? 0,
        waiting: wire?.waiting ?? 0,
        receiving: wire?.receiving ?? 0,
      })
    }
    return made.timings
  }

  get tls_version(): string {
    return this.#outcome?.answered === true ? this.#outcome.wire.tlsVersion : ''
  }

  get tls_cipher_suite(): string {
    return this.#outcome?.answered === true ? this.#outcome.wire.tlsCipherSuite : ''
  }

  get ocsp(): object {
    return (this.#parts.ocsp ??= record(this.#realm, {
      produced_at: 0,
      this_update: 0,
      next_update: 0,
      revoked_at: 0,
      revocation_reason: '',
      status: this.tls_version === '' ? '' : 'unknown',
    }))
  }

  get error(): string {
    return this.#outcome?.error ?? (this.#empty as EmptyOutcome).error
  }

  get error_code(): number {
    return this.#outcome?.errorCode ?? (this.#empty as EmptyOutcome).errorCode
  }

  get request(): object | null {
    const made = this.#parts
    if (made.request === undefined) made.request = this.#outcome === undefined ? null : this.#makeRequest(this.#outcome)
    return made.request
  }

  get clickLink(): unknown {
    return this.#method('clickLink', (args?: unknown) => this.#client.pages.clickLink(this.#client, this, args))
  }

  get html(): unknown {
    return this.#method('html', (selector?: unknown) => this.#client.pages.html(this.#client, this, selector))
  }

  get json(): unknown {
    return this.#method('json', (...args: unknown[]) => this.#readJson(args))
  }

  get submitForm(): unknown {
    return this.#method('submitForm', (args?: unknown) => this.#client.pages.submitForm(this.#client, this, args))
  }

  /** The body as text, whatever its response type; undefined when there is none. */
  static textOf(response: Response): string | undefined {
    const body = (response as { body: unknown }).body
    if (body === null || body === undefined) return undefined
    if (typeof body === 'string') return body
    return Array.isArray(body) ? '' : Buffer.from(body as ArrayBuffer).toString('utf8')
  }

  static realmOf(response: Response): Realm {
    return response.#realm
  }

  get #realm(): Realm {
    return this.#client.vu.realm
  }

  get #parts(): Made {
    return (this.#made ??= {})
  }

  // Bound, as Go's methods are: `const { json } = res` works.
  #method(name: string, make: unknown): unknown {
    const methods = (this.#parts.methods ??= {})
    methods[name] ??= make
    return methods[name]
  }

  #makeBody(): unknown {
    const outcome = this.#outcome
    if (outcome === undefined) return new this.#realm.Array()
    const { body } = outcome
    if (body === null) return null
    if (outcome.call.responseType !== 'binary') return typeof body === 'string' ? utf8Of(body) : body.toString('utf8')
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
    const copy = new this.#realm.Uint8Array(bytes.length)
    copy.set(bytes)
    return copy.buffer
  }

  #readJson(args: readonly unknown[]): unknown {
    const { GoError, JSON } = this.#realm
    const text = Response.textOf(this)
    if (text === undefined) {
      throw new GoError(
        "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
      )
    }
    if (args.length > 0) return gjsonGet(text, String(args[0]), this.#realm)
    const made = this.#parts
    if (made.json !== undefined && made.json !== null) return made.json
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new GoError(goJsonError(text) ?? (error as Error).message)
    }
    const huge = /[eE]|\d{300}/.test(text) ? hugeNumber(text) : undefined
    if (huge !== undefined) throw new GoError(huge)
    made.json = value
    return value
  }

  #makeCookies(): object {
    const realm = this.#realm
    const cookies = new realm.Object() as unknown as Record<string, object[]>
    const outcome = this.#outcome
    if (outcome?.answered !== true) return cookies
    for (const line of rawHeaderAll(outcome.wire.rawHeaders, 'set-cookie')) {
      const cookie = parseSetCookie(line)
      if (cookie === undefined || cookie.name === '__proto__') continue
      const shown = record(realm, {
        name: cookie.name,
        value: cookie.value,
        domain: cookie.domain,
        path: cookie.path,
        http_only: cookie.httpOnly,
        secure: cookie.secure,
        max_age: cookie.maxAge,
        expires: goUnixMs(cookie.expiresMs),
      })
      append(realm, cookies, cookie.name, shown)
    }
    return cookies
  }

  #makeRequest(outcome: Outcome): object {
    const realm = this.#realm
    const sent: HeaderMap = outcome.sentHeaders ?? new Map([['User-Agent', this.#client.shared.options.userAgent]])
    const headers = new realm.Object() as unknown as Record<string, object[]>
    for (const [name, value] of sent) append(realm, headers, name, value)
    const cookies = new realm.Object() as unknown as Record<string, object[]>
    for (const { name, value } of parseCookieHeader(sent.get('Cookie') ?? '')) {
      append(realm, cookies, name, record(realm, { name, value, replace: false }))
    }
    const { body, method, place } = outcome.call
    const data = body?.data ?? ''
    return record(realm, {
      method,
      url: place.text,
      headers,
      body: typeof data === 'string' ? data : data.toString('utf8'),
      cookies,
    })
  }
}

interface Made {
  headers?: Record<string, string>
  cookies?: object
  timings?: object
  ocsp?: object
  request?: object | null
  json?: unknown
  methods?: Record<string, unknown>
}

/** Names and order of k6's struct, methods last. */
const fieldNames = [
  'remote_ip',
  'remote_port',
  'url',
  'status',
  'status_text',
  'proto',
  'headers',
  'cookies',
  'body',
  'timings',
  'tls_version',
  'tls_cipher_suite',
  'ocsp',
  'error',
  'error_code',
  'request',
  'clickLink',
  'html',
  'json',
  'submitForm',
] as const
const fieldSet: ReadonlySet<PropertyKey> = new Set(fieldNames)

/** Turns the lazy fields into own properties, in k6's order. */
function materialise(target: Response): void {
  if (Object.hasOwn(target, 'remote_ip')) return
  const values = target as unknown as Record<string, unknown>
  for (const name of fieldNames) {
    Object.defineProperty(target, name, { value: values[name], writable: true, enumerable: true, configurable: true })
  }
}

const handler: ProxyHandler<Response> = {
  get(target, key) {
    // What nearly every script reads, by name: a look-up by a variable costs three times as much.
    if (key === 'status') return target.status
    if (key === 'body') return target.body
    if (key === 'constructor') return Response.realmOf(target).Object
    return (target as unknown as Record<PropertyKey, unknown>)[key]
  },
  has(target, key) {
    return fieldSet.has(key) || key in Response.realmOf(target).Object.prototype
  },
  getPrototypeOf(target) {
    return Response.realmOf(target).Object.prototype
  },
  ownKeys(target) {
    materialise(target)
    return Reflect.ownKeys(target)
  },
  getOwnPropertyDescriptor(target, key) {
    if (!fieldSet.has(key)) return undefined
    materialise(target)
    return Reflect.getOwnPropertyDescriptor(target, key)
  },
  set(target, key, value) {
    if (!fieldSet.has(key)) throw hostError(target, `Cannot assign to property ${String(key)} of a host object`)
    materialise(target)
    return Reflect.set(target, key, value)
  },
  defineProperty(target, key) {
    throw hostError(target, `Cannot define property ${String(key)}, object is not extensible`)
  },
  deleteProperty(target, key) {
    throw hostError(target, `Cannot delete property ${String(key)} from a Go type`)
  },
}

/** Text of bytes that came as one character each. */
function utf8Of(latin1: string): string {
  // oxlint-disable-next-line no-control-regex -- every ASCII character is meant.
  return /^[\x00-\x7f]*$/.test(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8')
}

function hostError(target: Response, message: string): Error {
  return new (Response.realmOf(target).TypeError)(message)
}

function record(realm: Realm, fields: Record<string, unknown>): object {
  return Object.assign(new realm.Object(), fields)
}

function append(realm: Realm, map: Record<string, unknown[]>, key: string, value: unknown): void {
  if (Object.hasOwn(map, key)) (map[key] as unknown[]).push(value)
  else {
    const values = new realm.Array<unknown>()
    values.push(value)
    map[key] = values
  }
}

/**
 * `Expires` in Unix ms through Go's nanosecond counter: no date at all (the year 1) and dates past 2262 wrap around in
 * 64 bits, and k6 shows what comes of it.
 */
function goUnixMs(expiresMs: number | undefined): number {
  const ms = BigInt(expiresMs ?? -62_135_596_800_000)
  return Number(BigInt.asIntN(64, ms * 1_000_000n) / 1_000_000n)
}

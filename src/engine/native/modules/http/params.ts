/** Reads what a script hands to a request function into one `Call`, in k6's order and with k6's words for what is wrong. */
import type { TagSet } from '#metrics/types.js'
import { encodeBody, type RequestBody } from './body.js'
import type { HttpClient } from './client.js'
import { CookieStore } from './cookie-jar.js'
import { type Coding, codings, isCoding } from './decode.js'
import { type ExpectedStatuses, expectedStatusesOf } from './expected-statuses.js'
import { durationMs, typeName } from './go-text.js'
import { canonicalName, type HeaderMap } from './headers.js'
import { jarOf } from './jar-object.js'
import type { Place } from './targets.js'

export type ResponseType = 'text' | 'binary' | 'none'

/** One request as the script asked for it, before any hop. */
export interface Call {
  readonly place: Place
  readonly method: string
  readonly headers: HeaderMap
  /** `Host` of the script, '' when none. */
  host: string
  body: RequestBody | undefined
  timeoutMs: number
  /** Undefined = the run's maxRedirects. */
  redirects: number | undefined
  throws: boolean
  responseType: ResponseType
  callback: ExpectedStatuses | undefined
  auth: string
  compression: readonly Coding[]
  /** Cookies of this request alone. */
  cookies: Map<string, RequestCookie> | undefined
  /** The script's own jar; undefined = the VU's. */
  jar: CookieStore | undefined
  tags: TagSet
}

export interface RequestCookie {
  value: string
  replace: boolean
}

/** @throws Error, or BadUrl, with k6's message */
export function readCall(client: HttpClient, method: string, url: unknown, body: unknown, params: unknown): Call {
  const { vu, shared } = client
  const place = shared.targets.place(url, vu.log)
  const encoded = encodeBody(body, (message) => vu.log.warn(message))
  const call = plainCall(client, place, method)
  if (encoded !== undefined) {
    call.body = encoded
    if (encoded.contentType !== undefined) call.headers.set('Content-Type', encoded.contentType)
  }
  if (typeof params === 'object' && params !== null) readParams(call, params as Record<string, unknown>)
  return call
}

/** A call with the run's defaults and nothing else. */
export function plainCall(client: HttpClient, place: Place, method: string): Call {
  const { options } = client.shared
  return {
    place,
    method: method === '' ? 'GET' : method,
    headers: new Map([['User-Agent', options.userAgent]]),
    host: '',
    body: undefined,
    timeoutMs: defaultTimeoutMs,
    redirects: undefined,
    throws: options.throw,
    responseType: options.discardResponseBodies ? 'none' : 'text',
    callback: client.callback,
    auth: '',
    compression: [],
    cookies: undefined,
    jar: undefined,
    tags: client.vu.tags,
  }
}

const defaultTimeoutMs = 60_000

function readParams(call: Call, params: Record<string, unknown>): void {
  for (const key of Object.keys(params)) {
    const value = params[key]
    switch (key) {
      case 'headers':
        if (isObject(value)) readHeaders(call, value)
        break
      case 'tags':
        if (isObject(value)) readTags(call, value)
        break
      case 'cookies':
        if (isObject(value)) readCookies(call, value)
        break
      case 'jar':
        call.jar = jarOf(value) ?? call.jar
        break
      case 'timeout':
        try {
          call.timeoutMs = durationMs(value)
        } catch (error) {
          throw new Error(`invalid timeout value: ${(error as Error).message}`, { cause: error })
        }
        break
      case 'redirects':
        call.redirects = Math.trunc(Number(value)) || 0
        break
      case 'auth':
        call.auth = String(value)
        break
      case 'throw':
        call.throws = Boolean(value)
        break
      case 'compression':
        call.compression = readCompression(value)
        break
      case 'responseType':
        call.responseType = readResponseType(value)
        break
      case 'responseCallback':
        call.callback = readCallback(value)
        break
      default:
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function readHeaders(call: Call, given: Record<string, unknown>): void {
  for (const key of Object.keys(given)) {
    const value = String(given[key])
    const name = canonicalName(key)
    if (name === 'Host') call.host = value
    call.headers.set(name, value)
  }
}

function readTags(call: Call, given: Record<string, unknown>): void {
  for (const key of Object.keys(given)) {
    const value = given[key]
    const type = typeof value
    if (type !== 'string' && type !== 'number' && type !== 'boolean') {
      throw new Error(
        `invalid HTTP request metric tags: invalid value for metric tag '${key}': only String, Boolean and Number types are accepted as a metric tag values`,
      )
    }
    call.tags = call.tags.with(key, String(value))
  }
}

function readCookies(call: Call, given: Record<string, unknown>): void {
  for (const key of Object.keys(given)) {
    const value = given[key]
    if (value === null || value === undefined) continue
    const cookie: RequestCookie = { value: '', replace: false }
    if (typeName(value) === 'map[string]interface {}') {
      for (const attribute of Object.keys(value)) {
        const part = (value as Record<string, unknown>)[attribute]
        if (attribute.toLowerCase() === 'replace') cookie.replace = Boolean(part)
        else if (attribute.toLowerCase() === 'value') cookie.value = String(part)
      }
    } else cookie.value = String(value)
    call.cookies ??= new Map()
    call.cookies.set(key, cookie)
  }
}

function readCompression(value: unknown): Coding[] {
  const text = String(value).trim()
  if (text === '') return []
  return text.split(',').map((part) => {
    const name = part.trim()
    if (isCoding(name)) return name
    throw new Error(`unknown compression algorithm ${part.trim()}, supported algorithms are [${codings.join(' ')}]`)
  })
}

function readResponseType(value: unknown): ResponseType {
  const text = String(value)
  if (text === 'text' || text === 'binary' || text === 'none') return text
  throw new Error(`${String(value)} does not belong to ResponseType values`)
}

function readCallback(value: unknown): ExpectedStatuses | undefined {
  if (value === null || value === undefined) return undefined
  const statuses = expectedStatusesOf(value)
  if (statuses === undefined) throw new Error('unsupported responseCallback')
  return statuses
}

/** From what a script gives to the request of a stream: the params are those of `k6/http`. */
import type { VuScope } from '../../types.js'
import type { RequestBody } from '../http/body.js'
import type { HttpClient } from '../http/client.js'
import { cookiePair, parseSetCookie, type SetCookie } from '../http/cookie-jar.js'
import { headerBlock, headerFault, rawHeaderAll } from '../http/headers.js'
import { type Call, readCall } from '../http/params.js'
import type { StreamRequest } from './http-stream.js'

export interface Prepared {
  readonly call: Call
  readonly request: StreamRequest
}

/** @throws Error in k6's words */
export function prepare(
  client: HttpClient,
  method: string,
  url: unknown,
  body: unknown,
  params: unknown,
  accept: string | undefined,
): Prepared {
  const { vu } = client
  const call = readCall(client, method, url, body, params)
  const { place } = call
  if (place.target === undefined) throw new Error(place.fault)
  if (accept !== undefined && !call.headers.has('Accept')) call.headers.set('Accept', accept)
  if (place.basic !== undefined && !call.headers.has('Authorization')) call.headers.set('Authorization', place.basic)
  addCookies(vu, call)
  const wrong = headerFault(call.headers)
  if (wrong !== undefined) throw new Error(wrong)
  const bytes = bytesOf(call.body)
  const host = call.host === '' ? place.target.hostHeader : call.host
  return {
    call,
    request: {
      target: place.target,
      method: call.method,
      headerBlock: headerBlock(host, call.method, call.headers, bytes?.length, false),
      body: bytes,
      timeoutMs: call.timeoutMs,
    },
  }
}

/** Keeps what the answer sets, in the jar of the call. */
export function keepCookies(vu: VuScope, call: Call, rawHeaders: readonly string[]): void {
  const cookies = rawHeaderAll(rawHeaders, 'set-cookie')
    .map(parseSetCookie)
    .filter((cookie): cookie is SetCookie => cookie !== undefined)
  const jar = call.jar ?? vu.cookieJar
  if (cookies.length > 0 && jar !== undefined) jar.set(call.place.url, cookies, vu.clock.unixMs())
}

function addCookies(vu: VuScope, call: Call): void {
  const jar = call.jar ?? vu.cookieJar
  const pairs = call.headers.has('Cookie') ? [call.headers.get('Cookie') as string] : []
  for (const [name, { value }] of call.cookies ?? []) pairs.push(cookiePair(name, value))
  for (const { name, value } of jar?.cookies(call.place.url, vu.clock.unixMs()) ?? []) {
    if (call.cookies?.get(name)?.replace !== true) pairs.push(cookiePair(name, value))
  }
  if (pairs.length > 0) call.headers.set('Cookie', pairs.join('; '))
}

function bytesOf(body: RequestBody | undefined): Buffer | undefined {
  if (body === undefined) return undefined
  return typeof body.data === 'string' ? Buffer.from(body.data, 'utf8') : body.data
}

/** The module `k6/http`. */
import type { ModuleFactory, VuScope } from '../../types.js'
import { BareGet } from './bare-get.js'
import { batch } from './batch.js'
import { makeFile } from './body.js'
import { HttpClient } from './client.js'
import { CookieStore } from './cookie-jar.js'
import { expectedStatusesOf, makeExpectedStatuses } from './expected-statuses.js'
import { makeJarObject } from './jar-object.js'
import { asyncRequest, bareGet, forbidInInit, request } from './request.js'
import { maskedText, parseGoUrl } from './go-url.js'
import { pages } from './response-html.js'
import { type HttpUrl, rememberHttpUrl } from './targets.js'

export { CookieStore } from './cookie-jar.js'
export { preloadHtml } from './response-html.js'
export { maxExactNames } from './targets.js'

/** Gives the VU a new cookie jar; the engine calls it at the start of every iteration unless `noCookiesReset`. */
export function resetJar(vu: VuScope): void {
  vu.cookieJar = undefined
}

/** Small closures per VU, because scripts take functions out of the module (`const { get } = http`). */
export const createHttpModule: ModuleFactory = (vu) => {
  const client = new HttpClient(vu, pages, makeBareGet)
  const exports = {
    TLS_1_0: 'tls1.0',
    TLS_1_1: 'tls1.1',
    TLS_1_2: 'tls1.2',
    TLS_1_3: 'tls1.3',
    OCSP_STATUS_GOOD: 'good',
    OCSP_STATUS_REVOKED: 'revoked',
    OCSP_STATUS_SERVER_FAILED: 'server_failed',
    OCSP_STATUS_UNKNOWN: 'unknown',
    OCSP_REASON_UNSPECIFIED: 'unspecified',
    OCSP_REASON_KEY_COMPROMISE: 'key_compromise',
    OCSP_REASON_CA_COMPROMISE: 'ca_compromise',
    OCSP_REASON_AFFILIATION_CHANGED: 'affiliation_changed',
    OCSP_REASON_SUPERSEDED: 'superseded',
    OCSP_REASON_CESSATION_OF_OPERATION: 'cessation_of_operation',
    OCSP_REASON_CERTIFICATE_HOLD: 'certificate_hold',
    OCSP_REASON_REMOVE_FROM_CRL: 'remove_from_crl',
    OCSP_REASON_PRIVILEGE_WITHDRAWN: 'privilege_withdrawn',
    OCSP_REASON_AA_COMPROMISE: 'aa_compromise',
    url: (parts: readonly string[], ...pieces: unknown[]) => templated(vu, parts, pieces),
    // A constructor in k6: called with `new`, which an arrow function refuses.
    CookieJar: function CookieJar() {
      return makeJarObject(vu.realm, new CookieStore(), () => vu.clock.unixMs())
    },
    cookieJar: () => {
      forbidInInit(client, 'Making cookie jars in the init context is not supported')
      return makeJarObject(vu.realm, client.jar, () => vu.clock.unixMs())
    },
    file: (data: unknown, filename?: unknown, contentType?: unknown) =>
      makeFile(vu.realm, data, filename, contentType, vu.clock.unixMs()),
    get: (url: unknown, params?: unknown, ...rest: unknown[]) => get(client, url, params, rest),
    head: (url: unknown, params?: unknown, ...rest: unknown[]) => {
      if (rest.length > 0) warnArguments(client, 'head', rest.length + 2)
      return request(client, 'HEAD', url, undefined, params)
    },
    post: (url: unknown, body?: unknown, params?: unknown) => request(client, 'POST', url, body, params),
    put: (url: unknown, body?: unknown, params?: unknown) => request(client, 'PUT', url, body, params),
    patch: (url: unknown, body?: unknown, params?: unknown) => request(client, 'PATCH', url, body, params),
    del: (url: unknown, body?: unknown, params?: unknown) => request(client, 'DELETE', url, body, params),
    options: (url: unknown, body?: unknown, params?: unknown) => request(client, 'OPTIONS', url, body, params),
    request: (method?: unknown, url?: unknown, body?: unknown, params?: unknown) =>
      request(client, methodText(method), url, body, params),
    asyncRequest: (method?: unknown, url?: unknown, body?: unknown, params?: unknown) =>
      asyncRequest(client, methodText(method), url, body, params),
    batch: (...args: unknown[]) => batch(client, args),
    setResponseCallback: (...args: unknown[]) => setResponseCallback(client, args.length === 0 ? null : args[0]),
    expectedStatuses: (...args: unknown[]) => makeExpectedStatuses(vu.realm, args),
  }
  // A copy, not a prototype: an object that becomes a prototype gets a hidden class of its own, 1 KB per VU.
  return { ...exports, default: exports }
}

function makeBareGet(client: HttpClient): BareGet {
  return new BareGet(client)
}

function get(client: HttpClient, url: unknown, params: unknown, rest: readonly unknown[]): unknown {
  if (rest.length > 0) warnArguments(client, 'get', rest.length + 2)
  return params === undefined || params === null ? bareGet(client, url) : request(client, 'GET', url, undefined, params)
}

function warnArguments(client: HttpClient, name: string, count: number): void {
  if (client.vu.phase === 'init') return
  client.vu.log.warn(`http.${name} only accepts a url and a params argument (2 arguments), but ${count} were given`)
}

function methodText(method: unknown): string {
  return method === undefined || method === null ? '' : String(method)
}

function setResponseCallback(client: HttpClient, value: unknown): void {
  if (value === null) {
    client.callback = undefined
    return
  }
  const statuses = expectedStatusesOf(value)
  if (statuses === undefined) {
    throw new client.vu.realm.GoError('unsupported argument, expected http.expectedStatuses')
  }
  client.callback = statuses
}

/** http.url`...`: the URL with its values, and the template as the name of the request. */
function templated(vu: VuScope, parts: readonly string[], pieces: readonly unknown[]): object {
  let name = ''
  let url = ''
  for (const [i, part] of parts.entries()) {
    name += part
    url += part
    if (i < pieces.length) {
      name += '${}'
      url += String(pieces[i])
    }
  }
  const shown = new vu.realm.Object() as unknown as { -readonly [K in keyof HttpUrl]: HttpUrl[K] }
  try {
    const clean = maskedText(parseGoUrl(url), url)
    shown.name = name === url ? clean : name
    shown.url = url
    shown.clean_url = clean
  } catch (error) {
    throw new vu.realm.GoError(`invalid URL: ${(error as Error).message}`)
  }
  rememberHttpUrl(shown, { name: shown.name, url: shown.url, clean_url: shown.clean_url })
  return shown
}

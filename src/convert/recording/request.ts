/** One recorded request as a step of a script, its values still plain. */
import type { Check, Code, Header, RequestStep, Text } from '../script/model.js'
import { stateBody } from './body.js'
import type { Visit } from './redirects.js'
import { header, type Exchange, type Pair } from './types.js'

export interface RequestContext {
  /** The base of an origin: a variable, or the origin itself. */
  readonly baseOf: (origin: string) => Text
  readonly open: (path: string, binary: boolean) => Code
  /** Cookies that answers have set so far; the jar sends them. */
  readonly jar: ReadonlySet<string>
  readonly note: (text: string) => void
}

export function requestStep(visit: Visit, context: RequestContext): RequestStep {
  const { exchange, response } = visit
  const encoding = header(exchange.headers, 'content-encoding')
  const stated = stateBody(exchange.body, encoding, context.open)
  const headers = keptHeaders(exchange, context).filter(
    ({ name }) =>
      !(stated.ownsContentType && name.toLowerCase() === 'content-type') &&
      !(stated.compression !== undefined && name.toLowerCase() === 'content-encoding'),
  )
  const boundary = stated.note
  const contentType: Header[] =
    boundary === undefined
      ? missingContentType(exchange, stated, headers)
      : [{ name: 'Content-Type', value: [boundary] }]
  const others = boundary === undefined ? headers : headers.filter(({ name }) => name.toLowerCase() !== 'content-type')
  if (stated.body === undefined && isBodyMissing(exchange))
    context.note(`${exchange.method} ${exchange.url.pathname}: its body is not in the recording; fill it in`)
  const status = response?.status
  const expected = status !== undefined && status >= 400 ? [status] : []
  return {
    kind: 'request',
    method: exchange.method,
    url: {
      base: context.baseOf(exchange.url.origin),
      path: [exchange.url.pathname],
      query: queryPairs(exchange.url.search),
    },
    headers: [...others, ...contentType],
    cookies: ownCookies(exchange, context.jar),
    body: stated.body,
    name: undefined,
    expected,
    checks: [statusCheck(status)],
    extracts: [],
    followRedirects: !(exchange.stopsAtRedirect || stopped(visit)),
    compression: stated.compression,
  }
}

/** A redirect that nobody followed in the recording is not followed in the script. */
function stopped({ response }: Visit): boolean {
  return (
    response !== undefined && response.redirect !== undefined && [301, 302, 303, 307, 308].includes(response.status)
  )
}

/** Browsers leave uploads out of a HAR. */
function isBodyMissing({ method, headers }: Exchange): boolean {
  const length = Number(header(headers, 'content-length') ?? 0)
  const isUpload = header(headers, 'content-type')?.startsWith('multipart/') === true
  return ['POST', 'PUT', 'PATCH'].includes(method) && (length > 0 || isUpload)
}

/** 304 answers a cache, which k6 has none of. */
function statusCheck(status: number | undefined): Check {
  if (status === undefined) return { kind: 'statusBelow', below: 400 }
  return { kind: 'status', anyOf: [status === 304 ? 200 : status] }
}

export function queryPairs(search: string): { name: Text; value: Text | undefined }[] {
  if (search.length < 2) return []
  return search
    .slice(1)
    .split('&')
    .map((pair) => {
      const eq = pair.indexOf('=')
      return eq < 0 ? { name: [pair], value: undefined } : { name: [pair.slice(0, eq)], value: [pair.slice(eq + 1)] }
    })
}

/** What the client or the browser adds by itself, and what makes no sense without a cache. */
const DROPPED =
  /^(?::.*|host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|te|trailer|upgrade|upgrade-insecure-requests|accept-encoding|cookie|sec-.*|if-none-match|if-modified-since|if-range|cache-control|pragma|dnt|priority|save-data|device-memory|viewport-width|purpose|x-client-data|traceparent|tracestate|baggage)$/i
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function keptHeaders(exchange: Exchange, context: RequestContext): Header[] {
  const kept: Header[] = []
  for (const { name, value } of exchange.headers) {
    if (DROPPED.test(name)) continue
    if (!TOKEN.test(name) || /[\0-\x08\x0a-\x1f\x7f]/.test(value)) {
      context.note(`${exchange.where}: a header that HTTP cannot carry, left out`)
      continue
    }
    const lower = name.toLowerCase()
    if (lower === 'accept' && value === '*/*') continue
    // Some servers look where a form came from; nobody asks it of a page that is read.
    if (lower === 'referer' && (exchange.method === 'GET' || exchange.method === 'HEAD')) continue
    if (lower === 'referer' || lower === 'origin')
      kept.push({ name: canonical(name), value: address(value, lower, context) })
    else kept.push({ name: canonical(name), value: [lower === 'accept' ? pageTypes(value) : value] })
  }
  // A header that stands twice is joined, as RFC 9110 5.3 allows; an object holds a name once.
  const byName = new Map<string, Header>()
  for (const entry of kept) {
    const before = byName.get(entry.name)
    byName.set(
      entry.name,
      before === undefined ? entry : { name: entry.name, value: [...before.value, ', ', ...entry.value] },
    )
  }
  return [...byName.values()]
}

/** What a browser takes beside pages (image formats, signed exchanges) no page is chosen by. */
function pageTypes(accept: string): string {
  return accept.startsWith('text/html,application/xhtml+xml,')
    ? 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    : accept
}

/** HTTP/2 has names in lower case; scripts are read in the usual one. */
function canonical(name: string): string {
  return name === name.toLowerCase() ? name.replace(/(^|-)([a-z])/g, (all) => all.toUpperCase()) : name
}

function address(value: string, lower: string, context: RequestContext): Text {
  if (!URL.canParse(value)) return [value]
  const url = new URL(value)
  // The query of a page is not needed to say where a request came from, and may hold what is nobody's business.
  return lower === 'origin' ? context.baseOf(url.origin) : [...context.baseOf(url.origin), url.pathname]
}

function missingContentType(
  exchange: Exchange,
  stated: { readonly ownsContentType: boolean; readonly body: RequestStep['body'] },
  headers: readonly Header[],
): Header[] {
  if (stated.body === undefined || stated.ownsContentType || exchange.body === undefined) return []
  if (headers.some(({ name }) => name.toLowerCase() === 'content-type')) return []
  const { mimeType } = exchange.body
  return mimeType === '' || /[^\x20-\x7e]/.test(mimeType) ? [] : [{ name: 'Content-Type', value: [mimeType] }]
}

/** Cookies of advertisers and counters, which no server of the tested site reads. */
const TRACKERS = /^(?:_ga|_gid|_gat|_gcl|_fbp|_fbc|_hj|_uet|_pk_|_clck|_clsk|__utm|ajs_|amp_|optimizely|intercom-)/

function ownCookies(exchange: Exchange, jar: ReadonlySet<string>): Header[] {
  const text = cookieText(exchange.headers)
  if (text === undefined) return []
  const cookies = new Map<string, string>()
  for (const pair of text.split(';')) {
    const eq = pair.indexOf('=')
    const name = pair.slice(0, eq).trim()
    if (eq > 0 && TOKEN.test(name) && !jar.has(name) && !TRACKERS.test(name))
      cookies.set(name, pair.slice(eq + 1).trim())
  }
  return [...cookies].map(([name, value]) => ({ name, value: [value] }))
}

function cookieText(headers: readonly Pair[]): string | undefined {
  const values = headers.filter(({ name }) => name.toLowerCase() === 'cookie').map(({ value }) => value)
  return values.length === 0 ? undefined : values.join('; ')
}

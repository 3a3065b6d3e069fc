/** Which requests of a recording become part of the script, and which are left out and named. */
import type { Exchange } from './types.js'
import { header } from './types.js'

export interface Selection {
  readonly kept: readonly Exchange[]
  /** Origin of what is tested first: the one that the variable BASE_URL holds. */
  readonly mainOrigin: string | undefined
  /** Requests left out, by host. */
  readonly thirdParties: ReadonlyMap<string, number>
  readonly staticAssets: number
  readonly preflights: number
}

export interface SelectOptions {
  readonly keepStatic: boolean
  /** Hosts that are wanted: `shop.example`, `*.shop.example`, `*`; undefined for the site of the first page. */
  readonly hosts: readonly string[] | undefined
}

export function select(exchanges: readonly Exchange[], options: SelectOptions): Selection {
  const first = exchanges.find(isDocument) ?? exchanges.find((exchange) => !isStatic(exchange)) ?? exchanges[0]
  const wanted = (host: string): boolean =>
    options.hosts === undefined
      ? first !== undefined && sameSite(first.url.hostname, host)
      : options.hosts.some((pattern) => matchesHost(pattern, host))
  const thirdParties = new Map<string, number>()
  let [staticAssets, preflights] = [0, 0]
  const kept = exchanges.filter((exchange) => {
    if (!wanted(exchange.url.hostname)) {
      thirdParties.set(exchange.url.host, (thirdParties.get(exchange.url.host) ?? 0) + 1)
      return false
    }
    if (isPreflight(exchange)) {
      preflights++
      return false
    }
    if (!options.keepStatic && isStatic(exchange)) {
      staticAssets++
      return false
    }
    return true
  })
  const main = first !== undefined && wanted(first.url.hostname) ? first : kept[0]
  return { kept, mainOrigin: main?.url.origin, thirdParties, staticAssets, preflights }
}

/** A page that somebody went to. */
export function isDocument(exchange: Exchange): boolean {
  if (exchange.resource !== undefined) return exchange.resource === 'document'
  const asks = header(exchange.headers, 'accept')?.startsWith('text/html') === true
  const mode = header(exchange.headers, 'sec-fetch-mode')
  return mode === undefined ? asks : mode === 'navigate'
}

/** A browser asks by itself whether another origin may; k6 is no browser. */
function isPreflight({ method, headers, resource }: Exchange): boolean {
  return (
    resource === 'preflight' || (method === 'OPTIONS' && header(headers, 'access-control-request-method') !== undefined)
  )
}

const STATIC_RESOURCES = new Set(['script', 'stylesheet', 'image', 'font', 'media', 'manifest', 'texttrack', 'ping'])
const STATIC_FILES =
  /\.(?:avif|bmp|css|cur|eot|gif|ico|jpe?g|js|m4a|map|mjs|mp3|mp4|ogg|otf|png|svg|ttf|wasm|wav|webm|webmanifest|webp|woff2?)$/i
const STATIC_TYPES = /^(?:image|font|audio|video)\/|^(?:text\/css|(?:text|application)\/(?:x-)?javascript)/

function isStatic({ method, url, resource, response }: Exchange): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (resource !== undefined && resource !== 'other') return STATIC_RESOURCES.has(resource)
  return STATIC_FILES.test(url.pathname) || STATIC_TYPES.test(response?.mimeType ?? '')
}

/** The same registrable domain, by its last labels; addresses and localhost only to themselves. */
function sameSite(a: string, b: string): boolean {
  if (a === b) return true
  const [siteA, siteB] = [siteOf(a), siteOf(b)]
  return siteA !== undefined && siteA === siteB
}

function siteOf(host: string): string | undefined {
  if (/^[\d.]+$|:|^\[/.test(host)) return undefined
  const labels = host.split('.')
  if (labels.length < 2) return undefined
  const [top = '', second = ''] = labels.toReversed()
  // co.uk, com.au, ...: a country below which names are sold one level deeper.
  const depth = top.length === 2 && second.length <= 3 && labels.length > 2 ? 3 : 2
  return labels.slice(-depth).join('.')
}

function matchesHost(pattern: string, host: string): boolean {
  const wanted = pattern.trim().toLowerCase().replace(/:\d+$/, '')
  if (wanted === '*') return true
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) || host === wanted.slice(2) : host === wanted
}

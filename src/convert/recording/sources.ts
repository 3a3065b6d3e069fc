/** Where in an answer a value stands, in the way in which a script would take it out. */
import type { ExtractFrom } from '../script/model.js'
import { MAX_DEPTH } from '../input/json.js'
import { isJwt, isToken } from './names.js'
import type { RecordedResponse } from './types.js'

export interface Source {
  readonly from: ExtractFrom
  /** What the answer calls it. */
  readonly name: string
  /** Better ways have lower numbers. */
  readonly rank: number
  /** In a list: which one of many is the user's choice, not the server's. */
  readonly inList: boolean
  /** A hidden field or a meta tag: made to be sent back. */
  readonly hidden: boolean
}

/** Values of an answer by their text. */
export type SourceIndex = ReadonlyMap<string, Source>

const MAX_VALUES = 50_000

/** JSON leaves, form fields, meta tags, headers and cookies of one answer. */
export function indexSources(last: RecordedResponse | undefined, all: readonly RecordedResponse[]): SourceIndex {
  const index = new Map<string, Source>()
  const add = (value: string, source: Source): void => {
    const before = index.get(value)
    if (value !== '' && index.size < MAX_VALUES && (before === undefined || source.rank < before.rank))
      index.set(value, source)
  }
  if (last !== undefined) {
    addJson(last, add)
    addHtml(last, add)
    addHeaders(last, add)
  }
  for (const response of all) addCookies(response, add)
  return index
}

type Add = (value: string, source: Source) => void

function addJson({ body, mimeType }: RecordedResponse, add: Add): void {
  if (body === undefined || !(mimeType.includes('json') || /^\s*[[{]/.test(body))) return
  let root: unknown
  try {
    root = JSON.parse(body)
  } catch {
    return
  }
  const stack: { value: unknown; path: (string | number)[]; inList: boolean }[] = [
    { value: root, path: [], inList: false },
  ]
  for (let seen = 0; stack.length > 0 && seen < MAX_VALUES; seen++) {
    const { value, path, inList } = stack.pop() as (typeof stack)[number]
    if (typeof value === 'string' || typeof value === 'number') {
      const name = String(path.findLast((key) => typeof key === 'string') ?? '')
      if (path.length > 0) add(String(value), { from: { kind: 'json', path }, name, rank: 0, inList, hidden: false })
    } else if (typeof value === 'object' && value !== null && path.length < MAX_DEPTH) {
      const isList = Array.isArray(value)
      const entries = isList ? (value as unknown[]).map((item, i) => [i, item] as const) : Object.entries(value)
      for (const [key, item] of entries.toReversed())
        stack.push({ value: item, path: [...path, key], inList: inList || isList })
    }
  }
}

const TAG_START = /<(?:input|meta)\b/gi
/** Looked at piece by piece, because a page may open as many quotes as it likes and close none. */
const TAG = /^<(input|meta)\b((?:[^<>"']|"[^"]*"|'[^']*')*)>/i
const ATTRIBUTE = /([^\s"'=<>/]{1,64})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g
const MAX_TAG = 8192
const MAX_TAGS = 2000

function addHtml({ body, mimeType }: RecordedResponse, add: Add): void {
  if (body === undefined || !(mimeType.includes('html') || body.trimStart().startsWith('<'))) return
  let seen = 0
  for (const { index } of body.matchAll(TAG_START)) {
    if (++seen > MAX_TAGS) return
    const [, tag = '', text = ''] = TAG.exec(body.slice(index, index + MAX_TAG)) ?? []
    if (tag === '') continue
    const attributes = new Map<string, string>()
    for (const [, name = '', a, b, c] of text.matchAll(ATTRIBUTE))
      attributes.set(name.toLowerCase(), unescapeHtml(a ?? b ?? c ?? ''))
    const isMeta = tag.toLowerCase() === 'meta'
    const name = attributes.get('name')
    const value = attributes.get(isMeta ? 'content' : 'value')
    if (name === undefined || value === undefined || name === '') continue
    const selector = `${tag.toLowerCase()}[name="${name.replace(/["\\]/g, '\\$&')}"]`
    const hidden = isMeta || attributes.get('type')?.toLowerCase() === 'hidden'
    add(value, {
      from: { kind: 'html', selector, attribute: isMeta ? 'content' : 'value' },
      name,
      rank: 1,
      inList: false,
      hidden,
    })
  }
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&#x2F;', '/')
    .replaceAll('&#43;', '+')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** Headers that say how, not what. */
const COMMON =
  /^(?:accept|access-control|age$|allow$|alt-svc|cache-control|connection|content-|date$|expires|keep-alive|last-modified|link$|nel$|pragma|report-to|server|set-cookie|strict-transport|transfer-encoding|upgrade|vary|via|x-frame|x-content-type|x-powered|x-xss|etag)/i

function addHeaders({ headers }: RecordedResponse, add: Add): void {
  for (const { name, value } of headers) {
    if (COMMON.test(name)) continue
    const canonical = name.toLowerCase().replace(/(^|-)([a-z])/g, (all) => all.toUpperCase())
    if (canonical === 'Location') {
      const path = value.replace(/[?#].*$/, '')
      const last = path.slice(path.lastIndexOf('/') + 1)
      add(last, {
        from: { kind: 'header', name: canonical, lastSegment: true },
        name: 'id',
        rank: 2,
        inList: false,
        hidden: false,
      })
    } else
      add(value, {
        from: { kind: 'header', name: canonical, lastSegment: false },
        name,
        rank: 2,
        inList: false,
        hidden: true,
      })
  }
}

function addCookies({ headers }: RecordedResponse, add: Add): void {
  for (const { name, value } of setCookies(headers)) {
    const from = (decode: boolean): ExtractFrom => ({ kind: 'cookie', name, decode })
    add(value, { from: from(false), name, rank: 3, inList: false, hidden: true })
    try {
      const decoded = decodeURIComponent(value)
      if (decoded !== value) add(decoded, { from: from(true), name, rank: 3, inList: false, hidden: true })
    } catch {
      // A cookie is any text; this one is not percent-encoded.
    }
  }
}

/** Names and values of Set-Cookie; browsers join several by line ends in a HAR. */
export function setCookies(headers: RecordedResponse['headers']): { name: string; value: string }[] {
  return headers
    .filter(({ name }) => name.toLowerCase() === 'set-cookie')
    .flatMap(({ value }) => value.split('\n'))
    .flatMap((line) => {
      const [, name, value] = /^\s*([^=;\s]+)\s*=\s*([^;]*)/.exec(line) ?? []
      return name === undefined ? [] : [{ name, value: (value ?? '').trim().replace(/^"(.*)"$/, '$1') }]
    })
}

const MAX_INDEXED = 1024 * 1024

/**
 * Tokens anywhere in a text answer, so that looking for one does not read every answer again. Cut at three sets of
 * characters, because a token may hold dots (JWT) or slashes and equals signs (base64), and an address holds them around one.
 */
export function indexTokens(response: RecordedResponse | undefined): ReadonlySet<string> {
  const tokens = new Set<string>()
  const body = response?.body
  if (body === undefined || body.length > MAX_INDEXED) return tokens
  for (const cut of [/[^\w.~+/=:-]+/, /[^\w.~-]+/, /[^\w-]+/])
    for (const piece of body.split(cut))
      if (piece.length >= 12 && piece.length <= 8192 && (isToken(piece) || isJwt(piece))) tokens.add(piece)
  return tokens
}

/** In the raw text, by what stands before and after it; for tokens only, which stand nowhere else by chance. */
export function findInText(body: string, value: string): ExtractFrom | undefined {
  const at = body.indexOf(value)
  if (at < 1) return undefined
  for (const length of [8, 16, 32, 64]) {
    const before = body.slice(Math.max(0, at - length), at)
    if (body.indexOf(before) !== at - before.length) continue
    const after = body.charAt(at + value.length)
    if (after === '' || value.includes(after)) return undefined
    return { kind: 'between', before, after }
  }
  return undefined
}

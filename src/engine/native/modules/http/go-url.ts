/**
 * URLs read as Go's net/url reads them, because k6's error texts, tags and redirects follow it and not WHATWG's rules:
 * nothing is normalised, the query is sent as written, a path is re-escaped only where it must be.
 * Source: pkg.go.dev/net/url, RFC 3986.
 */
import { quote } from './go-text.js'

export interface GoUrl {
  readonly scheme: string
  readonly opaque: string
  readonly user: { readonly name: string; readonly password: string | undefined } | undefined
  /** `host:port` as written, brackets kept. */
  readonly host: string
  /** As it goes on the wire. */
  readonly path: string
  readonly query: string
  /** A lone `?` at the end. */
  readonly forceQuery: boolean
  /** As written, still escaped. */
  readonly fragment: string
}

/** @throws Error in Go's words, `parse "...": reason` */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf('#')
  const main = hash < 0 ? text : text.slice(0, hash)
  let url: GoUrl
  try {
    url = parseMain(main)
  } catch (error) {
    throw new Error(`parse ${quote(main)}: ${(error as Error).message}`, { cause: error })
  }
  const fragment = hash < 0 ? '' : text.slice(hash + 1)
  if (fragment === '') return url
  try {
    checkEscapes(fragment)
  } catch (error) {
    throw new Error(`parse ${quote(text)}: ${(error as Error).message}`, { cause: error })
  }
  return { ...url, fragment }
}

/** `URL.String()`. */
export function goUrlText(url: GoUrl, withUser = true): string {
  let out = url.scheme === '' ? '' : `${url.scheme}:`
  if (url.opaque !== '') out += url.opaque
  else {
    if (url.scheme !== '' || url.host !== '' || url.user !== undefined) {
      if (url.host !== '' || url.path !== '' || url.user !== undefined) out += '//'
      if (withUser && url.user !== undefined) out += `${userText(url.user)}@`
      out += url.host
    }
    if (url.path !== '' && !url.path.startsWith('/') && url.host !== '') out += '/'
    if (out === '' && (url.path.split('/', 1)[0] as string).includes(':')) out += './'
    out += url.path
  }
  if (url.forceQuery || url.query !== '') out += `?${url.query}`
  if (url.fragment !== '') out += `#${reescape(url.fragment, fragmentSafe)}`
  return out
}

/** Path and query for the request line. */
export function requestUri(url: GoUrl): string {
  const path = url.opaque !== '' ? url.opaque : url.path === '' ? '/' : url.path
  return url.forceQuery || url.query !== '' ? `${path}?${url.query}` : path
}

/** The URL with its password hidden, as Go's client puts it into errors. */
export function redactedText(url: GoUrl): string {
  if (url.user?.password === undefined) return goUrlText(url)
  return goUrlText(url).replace(
    `${userText(url.user)}@`,
    `${userText({ name: url.user.name, password: undefined })}:***@`,
  )
}

/**
 * The text with its credentials masked, for tags.
 * @param text  the URL as text, which starts with `scheme://user:password@`
 */
export function maskedText(url: GoUrl, text: string): string {
  if (url.user === undefined) return text
  const start = url.scheme.length + 3
  const at = text.indexOf('@', start)
  if (at < 0) return text
  return `${text.slice(0, start)}${url.user.password === undefined ? '****' : '****:****'}${text.slice(at)}`
}

/** @throws Error in Go's words */
export function resolveGoUrl(base: GoUrl, reference: string): GoUrl {
  const ref = parseGoUrl(reference)
  const scheme = ref.scheme === '' ? base.scheme : ref.scheme
  if (ref.scheme !== '' || ref.host !== '' || ref.user !== undefined) {
    return { ...ref, scheme, path: ref.opaque === '' ? removeDots(ref.path, '') : ref.path }
  }
  if (ref.opaque !== '') return { ...ref, scheme, user: undefined, host: '', path: '' }
  const inherits = ref.path === '' && !ref.forceQuery && ref.query === ''
  return {
    scheme,
    opaque: ref.path === '' ? base.opaque : '',
    user: base.user,
    host: base.host,
    path: ref.path === '' && base.opaque !== '' ? '' : removeDots(base.path, ref.path),
    query: inherits ? base.query : ref.query,
    forceQuery: ref.forceQuery,
    fragment: inherits && ref.fragment === '' ? base.fragment : ref.fragment,
  }
}

/** Host without port and brackets. */
export function hostname(url: GoUrl): string {
  const { host } = url
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'))
  const colon = host.indexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}

/** `url.QueryEscape`. */
export function queryEscape(text: string): string {
  if (/^[A-Za-z0-9_.~-]*$/.test(text)) return text
  return encodeURIComponent(wellFormed(text))
    .replace(/[!'()*]/g, (ch) => `%${ch.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** Half a surrogate pair is no character; encodeURIComponent throws at it. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

/** Bytes of percent escapes put back; what is no escape stays. */
export function unescapeText(text: string): string {
  if (!text.includes('%')) return text
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  return Buffer.from(
    bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')
}

function parseMain(text: string): GoUrl {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) throw new Error('net/url: invalid control character in URL')
  }
  if (text === '*') return { ...empty, path: '*' }
  let { scheme, rest } = splitScheme(text)
  scheme = scheme.toLowerCase()
  let query = ''
  let forceQuery = false
  const mark = rest.indexOf('?')
  if (mark >= 0) {
    query = rest.slice(mark + 1)
    rest = rest.slice(0, mark)
    forceQuery = query === ''
  }
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...empty, scheme, opaque: rest, query, forceQuery }
    if ((rest.split('/', 1)[0] as string).includes(':')) {
      throw new Error('first path segment in URL cannot contain colon')
    }
  }
  let user: GoUrl['user']
  let host = ''
  if ((scheme !== '' || !rest.startsWith('///')) && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2)
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    rest = slash < 0 ? '' : rest.slice(slash)
    const at = authority.lastIndexOf('@')
    host = parseHost(authority.slice(at + 1))
    if (at >= 0) user = parseUser(authority.slice(0, at))
  }
  checkEscapes(rest)
  return { scheme, opaque: '', user, host, path: reescape(rest, pathSafe), query, forceQuery, fragment: '' }
}

const empty: GoUrl = {
  scheme: '',
  opaque: '',
  user: undefined,
  host: '',
  path: '',
  query: '',
  forceQuery: false,
  fragment: '',
}

function splitScheme(text: string): { scheme: string; rest: string } {
  for (let i = 0; i < text.length; i++) {
    const ch = text[i] as string
    if (/[A-Za-z]/.test(ch)) continue
    if (/[0-9+.-]/.test(ch)) {
      if (i === 0) break
      continue
    }
    if (ch !== ':') break
    if (i === 0) throw new Error('missing protocol scheme')
    return { scheme: text.slice(0, i), rest: text.slice(i + 1) }
  }
  return { scheme: '', rest: text }
}

function parseHost(text: string): string {
  let port = ''
  if (text.startsWith('[')) {
    const end = text.lastIndexOf(']')
    if (end < 0) throw new Error("missing ']' in host")
    port = text.slice(end + 1)
  } else {
    const colon = text.lastIndexOf(':')
    if (colon >= 0) port = text.slice(colon)
  }
  if (port !== '' && !/^:\d*$/.test(port)) throw new Error(`invalid port ${quote(port)} after host`)
  const zone = text.startsWith('[') ? text.indexOf('%25') : -1
  const plain = zone < 0 ? text : text.slice(0, zone)
  for (let i = 0; i < plain.length; i++) {
    const ch = plain[i] as string
    if (ch === '%') {
      const hex = plain.slice(i + 1, i + 3)
      // Only bytes of non-ASCII characters may be escaped in a host (RFC 6874 and Go).
      if (!/^[0-9A-Fa-f]{2}$/.test(hex) || Number.parseInt(hex, 16) < 0x80) {
        throw new Error(`invalid URL escape ${quote(plain.slice(i, i + 3))}`)
      }
    } else if (ch < '\x80' && !/[A-Za-z0-9._~!$&'()*+,;=:[\]<>"-]/.test(ch)) {
      throw new Error(`invalid character ${quote(ch)} in host name`)
    }
  }
  return text.includes('%') && zone < 0 ? unescapeText(text) : text
}

function parseUser(text: string): NonNullable<GoUrl['user']> {
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text)) throw new Error('net/url: invalid userinfo')
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const password = colon < 0 ? undefined : text.slice(colon + 1)
  checkEscapes(name)
  if (password !== undefined) checkEscapes(password)
  return { name: unescapeText(name), password: password === undefined ? undefined : unescapeText(password) }
}

function userText(user: { readonly name: string; readonly password: string | undefined }): string {
  const escape = (text: string): string =>
    encodeURIComponent(wellFormed(text))
      .replace(/[!'()*]/g, (ch) => `%${ch.charCodeAt(0).toString(16).toUpperCase()}`)
      .replace(/%(24|26|2B|2C|3B|3D)/g, (hex) => decodeURIComponent(hex))
  return user.password === undefined ? escape(user.name) : `${escape(user.name)}:${escape(user.password)}`
}

function checkEscapes(text: string): void {
  for (let i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i + 1)) {
    if (!/^[0-9A-Fa-f]{2}$/.test(text.slice(i + 1, i + 3))) {
      throw new Error(`invalid URL escape ${quote(text.slice(i, i + 3))}`)
    }
  }
}

const pathSafe = /^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]/%]*$/
const fragmentSafe = /^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]/?%]*$/

// Go keeps what was written while every character may stand there, and else escapes the decoded text anew.
function reescape(text: string, safe: RegExp): string {
  if (safe.test(text)) return text
  const keep = safe === pathSafe ? /[A-Za-z0-9\-_.~$&+,/:;=@]/ : /[A-Za-z0-9\-_.~$&+,/:;=?@!()*]/
  const bytes = Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  let out = ''
  for (const ch of bytes) {
    out += keep.test(ch) ? ch : `%${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

/** RFC 3986, 5.2.3 and 5.2.4, in Go's reading. */
function removeDots(base: string, ref: string): string {
  let full: string
  if (ref === '') full = base
  else if (!ref.startsWith('/')) full = base.slice(0, base.lastIndexOf('/') + 1) + ref
  else full = ref
  if (full === '') return ''
  const out: string[] = []
  const segments = full.split('/')
  let last = ''
  for (const [i, segment] of segments.entries()) {
    last = segment
    if (segment === '.') continue
    if (segment === '..') {
      out.pop()
    } else if (i > 0 || segment !== '') out.push(segment)
  }
  let path = `/${out.join('/')}`
  if ((last === '.' || last === '..') && !path.endsWith('/')) path += '/'
  return path
}

/**
 * URLs as Go's net/url reads them, because k6's users see what it refuses and why. Only what the transport needs:
 * where to connect and what to ask for.
 */
import { domainToASCII } from 'node:url'
import { isIPv6 } from 'node:net'
import { goQuote } from './go-quote.js'

export interface ParsedUrl {
  readonly scheme: string
  /** As in the URL after unescaping, with brackets and port. */
  readonly host: string
  /** Path and query, as Go sends them. */
  readonly requestUri: string
}

/** Not a URL, in Go's words: `parse "x": why`. */
export class UrlError extends Error {}

/** @throws UrlError */
export function parseUrl(text: string): ParsedUrl {
  const bytes = toBytes(text)
  const hash = bytes.indexOf('#')
  const whole = hash < 0 ? bytes : bytes.slice(0, hash)
  const refuse = (why: string): UrlError => new UrlError(`parse ${goQuote(whole)}: ${why}`)
  try {
    const parsed = parse(whole)
    if (hash >= 0) {
      const bad = badEscape(bytes.slice(hash + 1))
      if (bad !== undefined) throw new UrlError(`parse ${goQuote(bytes)}: invalid URL escape ${goQuote(bad)}`)
    }
    return parsed
  } catch (error) {
    if (error instanceof Reason) throw refuse(error.message)
    throw error
  }
}

class Reason extends Error {}

function parse(whole: string): ParsedUrl {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
  if (/[\x00-\x1f\x7f]/.test(whole)) throw new Reason('net/url: invalid control character in URL')
  const { scheme, rest: afterScheme } = splitScheme(whole)
  const question = afterScheme.indexOf('?')
  const rest = question < 0 ? afterScheme : afterScheme.slice(0, question)
  const query = question < 0 ? '' : afterScheme.slice(question)
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', requestUri: rest + query }
    if ((rest.split('/')[0] as string).includes(':')) throw new Reason('first path segment in URL cannot contain colon')
  }
  let host = ''
  let path = rest
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2)
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    path = slash < 0 ? '' : rest.slice(slash)
    const at = authority.lastIndexOf('@')
    host = parseHost(authority.slice(at + 1))
    if (at >= 0) checkUserinfo(authority.slice(0, at))
  }
  const bad = badEscape(path)
  if (bad !== undefined) throw new Reason(`invalid URL escape ${goQuote(bad)}`)
  return { scheme, host, requestUri: (escapePath(path) || '/') + query }
}

function splitScheme(url: string): { scheme: string; rest: string } {
  if (url.startsWith(':')) throw new Reason('missing protocol scheme')
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url)
  if (match === null) return { scheme: '', rest: url }
  return { scheme: (match[1] as string).toLowerCase(), rest: url.slice((match[0] as string).length) }
}

function parseHost(host: string): string {
  const open = host.lastIndexOf('[')
  if (open > 0) throw new Reason('invalid IP-literal')
  if (open === 0) {
    const close = host.lastIndexOf(']')
    if (close < 0) throw new Reason("missing ']' in host")
    const port = host.slice(close + 1)
    if (!/^(?::\d*)?$/.test(port)) throw new Reason(`invalid port ${goQuote(port)} after host`)
    const name = host.slice(1, close)
    const zone = name.indexOf('%25')
    const address = unescapeHost(zone < 0 ? name : name.slice(0, zone))
    if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) throw new Reason('invalid IP-literal')
    if (!isIPv6(address)) throw new Reason(`invalid host: ParseAddr(${goQuote(address)}): unable to parse IP`)
    return `[${address}${zone < 0 ? '' : unescape(name.slice(zone))}]${port}`
  }
  const colon = host.indexOf(':')
  if (colon >= 0) {
    const port = host.slice(colon)
    if (!/^:\d*$/.test(port)) throw new Reason(`invalid port ${goQuote(port)} after host`)
  }
  return unescapeHost(host)
}

function unescapeHost(host: string): string {
  const bad = badEscape(host)
  if (bad !== undefined) throw new Reason(`invalid URL escape ${goQuote(bad)}`)
  for (let i = 0; i < host.length; i++) {
    const char = host.charAt(i)
    // ASCII may not hide behind a percent sign in a host.
    if (char === '%') {
      if (/[0-7]/.test(host.charAt(i + 1)) && host.slice(i, i + 3) !== '%25') {
        throw new Reason(`invalid URL escape ${goQuote(host.slice(i, i + 3))}`)
      }
      i += 2
    } else if (char < '\x80' && !/[a-zA-Z0-9\-_.~!$&'()*+,;=:[\]<>"]/.test(char)) {
      throw new Reason(`invalid character ${goQuote(char)} in host name`)
    }
  }
  return unescape(host)
}

function checkUserinfo(userinfo: string): void {
  if (/[^A-Za-z0-9\-._:~!$&'()*+,;=%@]/.test(userinfo)) throw new Reason('net/url: invalid userinfo')
  const bad = badEscape(userinfo)
  if (bad !== undefined) throw new Reason(`invalid URL escape ${goQuote(bad)}`)
}

/** The first percent sign that is no escape, with what follows it as Go quotes it. */
function badEscape(text: string): string | undefined {
  const at = text.search(/%(?![0-9a-fA-F]{2})/)
  return at < 0 ? undefined : text.slice(at, at + 3)
}

function unescape(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** A path that is valid as it stands stays so; else it is unescaped and escaped anew. */
function escapePath(path: string): string {
  if (/^[a-zA-Z0-9\-_.~$&+,/:;=@!'()*[\]%]*$/.test(path)) return path
  return unescape(path).replace(/[^a-zA-Z0-9\-_.~$&+,/:;=@]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

/** Go strings are bytes: UTF-8, one character here for each. */
export function toBytes(text: string): string {
  // oxlint-disable-next-line no-control-regex -- ASCII is the whole range.
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** Splits Go's `Host` into name and port, the name without brackets, in lower case and in ASCII. */
export function splitHost(host: string): { name: string; port: string } {
  const match = /^(\[.*\]|[^:]*)(?::(.*))?$/s.exec(host)
  const name = (match?.[1] ?? host).replace(/^\[|\]$/g, '').replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  return { name: asciiName(name), port: match?.[2] ?? '' }
}

function asciiName(bytes: string): string {
  // oxlint-disable-next-line no-control-regex -- as above.
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes
  return domainToASCII(Buffer.from(bytes, 'latin1').toString('utf8')) || bytes
}

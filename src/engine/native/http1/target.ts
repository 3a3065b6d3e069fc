/** Targets: a URL parsed once, kept by its text, shared by all VUs of a worker. */
import type { Target } from './types.js'
import { goQuote } from './go-quote.js'
import { parseUrl, splitHost, toBytes, UrlError } from './url.js'

/**
 * A URL that cannot be asked for. `code` is k6's: 1020 for one that is none (then `message` begins with `invalid URL: `
 * and k6 makes no request and no sample), 1000 for one that no transport can serve.
 */
export class TargetError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** @throws TargetError */
export function parseTarget(url: string): Target {
  const known = targets.get(url)
  if (known !== undefined) return known
  const target = url.startsWith('unix:') ? parseUnix(url) : parseHttp(url)
  // Half at a time: the URLs that a script repeats come back, those with an id in them do not.
  if (targets.size >= maxTargets) {
    let left = maxTargets / 2
    for (const old of targets.keys()) {
      targets.delete(old)
      if (--left === 0) break
    }
  }
  targets.set(url, target)
  return target
}

const targets = new Map<string, Target>()
const maxTargets = 4096
/** One string per origin, so that comparing two is comparing addresses. */
const origins = new Map<string, string>()

function parseHttp(url: string): Target {
  let parsed: ReturnType<typeof parseUrl>
  try {
    parsed = parseUrl(url)
  } catch (error) {
    if (error instanceof UrlError) throw new TargetError(1020, `invalid URL: ${error.message}`)
    throw error
  }
  const secure = parsed.scheme === 'https'
  if (!secure && parsed.scheme !== 'http') {
    throw new TargetError(1000, `unsupported protocol scheme ${goQuote(parsed.scheme)}`)
  }
  if (parsed.host === '') throw new TargetError(1000, 'http: no Host in request URL')
  const { name, port } = splitHost(parsed.host)
  const number = port === '' ? (secure ? 443 : 80) : Number(port)
  if (number > 65535) {
    throw new TargetError(1210, `dial tcp: address ${port}: invalid port`)
  }
  const bracketed = name.includes(':') ? `[${name.replace(/%.*$/, '')}]` : name
  return {
    secure,
    host: name,
    port: number,
    hostHeader: hostHeader(parsed.host, bracketed, port),
    path: parsed.requestUri,
    origin: intern(`${secure ? 'https' : 'http'}://${bracketed}:${number}`),
    socketPath: undefined,
    memo: undefined,
  }
}

/** `unix:///run/app.sock:/path`, as curl and nginx write it. k6 knows no such targets. */
function parseUnix(url: string): Target {
  const match = /^unix:\/\/(\/[^:]*)(?::(\/.*))?$/s.exec(toBytes(url).replace(/#.*$/s, ''))
  if (match === null)
    throw new TargetError(1020, `invalid URL: parse ${goQuote(toBytes(url))}: unix:///path/to.sock:/path`)
  const { requestUri } = parseUrl(`http://localhost${match[2] ?? '/'}`)
  const socketPath = Buffer.from(match[1] as string, 'latin1').toString('utf8')
  return {
    secure: false,
    host: 'localhost',
    port: 0,
    hostHeader: 'localhost',
    path: requestUri,
    origin: intern(`unix:${socketPath}`),
    socketPath,
    memo: undefined,
  }
}

/** What stands in the URL, in ASCII; a zone is nobody else's business. Go empties a Host that cannot be one. */
function hostHeader(host: string, bracketed: string, port: string): string {
  const ascii = host.startsWith('[')
    ? host.replace(/%[^\]]*/, '')
    : /[\x80-\xff]/.test(host)
      ? `${bracketed}${port && `:${port}`}`
      : host
  return /^[a-zA-Z0-9!$%&'()*+,\-.:;=[\]_~]*$/.test(ascii) ? ascii : ''
}

function intern(origin: string): string {
  const known = origins.get(origin)
  if (known !== undefined) return known
  if (origins.size >= maxTargets) origins.clear()
  origins.set(origin, origin)
  return origin
}

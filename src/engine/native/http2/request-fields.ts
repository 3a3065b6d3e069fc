/** A request's header list, from the block that `k6/http` makes for HTTP/1: one list for each distinct request. */
import type { WireRequest } from '../http1/types.js'
import type { Fields } from './types.js'

export interface RequestFields {
  readonly fields: Fields
  /** In Go's words without its `http2: `, what HTTP/2 cannot carry; '' when nothing. */
  readonly fault: string
  /** The connection is not to be used again. */
  readonly close: boolean
  /** A body of no bytes follows all the same. */
  readonly emptyBody: boolean
}

export function requestFields(request: WireRequest): RequestFields {
  const { method, target, headerBlock } = request
  const key = `${method} ${target.origin}${target.path}\n${headerBlock}`
  let made = cache.get(key)
  if (made === undefined) {
    made = makeFields(request)
    if (cache.size >= maxCached) cache.clear()
    cache.set(key, made)
  }
  return made
}

/** Requests that carry an id in their URL or body length are each new; the others are few. */
const maxCached = 500
const cache = new Map<string, RequestFields>()

/** Pseudo headers in Go's order; the cookies one by one, so that each is its own entry of the table (RFC 9113, 8.2.3). */
function makeFields({ method, target, headerBlock }: WireRequest): RequestFields {
  let authority = target.hostHeader
  let fault = ''
  let close = false
  let emptyBody = false
  const rest: string[] = []
  for (const line of headerBlock.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    switch (name) {
      case 'host':
        authority = value
        break
      case 'connection': {
        const lower = value.toLowerCase()
        if (lower === 'close') close = true
        else if (value !== '' && lower !== 'keep-alive') {
          fault = `invalid Connection request header: ["${value}"]`
        }
        break
      }
      case 'upgrade':
        if (value !== '' && value !== 'chunked') fault = `invalid Upgrade request header: ["${value}"]`
        break
      case 'transfer-encoding':
        emptyBody = true
        break
      case 'proxy-connection':
      case 'keep-alive':
        break
      case 'cookie':
        for (const cookie of value.split(/; ?/)) if (cookie !== '') rest.push('cookie', cookie)
        break
      default:
        rest.push(name, value)
    }
  }
  const scheme = target.secure ? 'https' : 'http'
  const fields = [':authority', authority, ':method', method, ':path', target.path, ':scheme', scheme, ...rest]
  return { fields, fault, close, emptyBody }
}

/** What both WebSocket APIs read from a script's `params`. */
import type { TagSet } from '#metrics/types.js'
import type { VuScope } from '../../types.js'
import { CookieStore } from '../http/cookie-jar.js'
import { canonicalName, type HeaderMap } from '../http/headers.js'
import { jarOf } from '../http/jar-object.js'

export interface WsParams {
  readonly headers: HeaderMap
  readonly protocols: string[]
  compression: boolean
  jar: CookieStore
  tags: TagSet
}

/** Where the APIs differ. */
export interface WsParamRules {
  /** Before what is wrong with a tag. */
  readonly tagsError: string
  /** `compression: ''` asks for none. */
  readonly emptyCompression: boolean
  /** What to do with a key that is none; undefined = nothing. */
  readonly unknownKey: ((key: string) => never) | undefined
}

/** @throws Error in k6's words */
export function readWsParams(vu: VuScope, given: unknown, rules: WsParamRules): WsParams {
  const params: WsParams = {
    headers: new Map([['User-Agent', vu.options.userAgent]]),
    protocols: [],
    compression: false,
    jar: (vu.cookieJar ??= new CookieStore()),
    tags: vu.tags,
  }
  if (typeof given !== 'object' || given === null) return params
  for (const key of Object.keys(given)) {
    const value = (given as Record<string, unknown>)[key]
    switch (key) {
      case 'headers':
        if (typeof value === 'object' && value !== null) {
          for (const name of Object.keys(value)) {
            params.headers.set(canonicalName(name), String((value as Record<string, unknown>)[name]))
          }
        }
        break
      case 'tags':
        if (typeof value === 'object' && value !== null) readTags(params, value, rules.tagsError)
        break
      case 'jar':
        params.jar = jarOf(value) ?? params.jar
        break
      case 'compression':
        params.compression = readCompression(value, rules.emptyCompression)
        break
      default:
        rules.unknownKey?.(key)
    }
  }
  return params
}

function readTags(params: WsParams, given: object, errorPrefix: string): void {
  for (const key of Object.keys(given)) {
    const value = (given as Record<string, unknown>)[key]
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new Error(
        `${errorPrefix}: invalid value for metric tag '${key}': only String, Boolean and Number types are accepted as a metric tag values`,
      )
    }
    params.tags = params.tags.with(key, String(value))
  }
}

function readCompression(value: unknown, emptyIsNone: boolean): boolean {
  const text = String(value).trim()
  if (text === '' && emptyIsNone) return false
  if (text === 'deflate') return true
  throw new Error(`unsupported compression algorithm '${text}', supported algorithm is 'deflate'`)
}

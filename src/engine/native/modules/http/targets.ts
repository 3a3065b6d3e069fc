/**
 * What a worker remembers of the URLs that its VUs ask for, so that a repeated `http.get(url)` parses nothing and makes
 * no tag set. Everything here is bounded: a script that puts an id into every URL must not fill the memory.
 */
import type { Options } from '#config/types.js'
import type { TagSet } from '#metrics/types.js'
import { parseTarget } from '../../http1/index.js'
import type { Target, WireRequest } from '../../http1/types.js'
import type { ScriptLog } from '../../types.js'
import { typeName, formatValue } from './go-text.js'
import { type GoUrl, goUrlText, maskedText, parseGoUrl } from './go-url.js'
import { headerBlock } from './headers.js'
import type { Call } from './params.js'
import { templateUrl } from './url-template.js'

/** A URL that the script named, parsed. */
export interface Place {
  readonly url: GoUrl
  /** `url` as text, as `res.url` shows it. */
  readonly text: string
  /** Value of the tags `name` and `url` when the script gives no `name`. */
  readonly name: string
  /** The name comes from http.url`...`: it is a `name` tag as if the script had given it. */
  readonly named: boolean
  /** Undefined when nothing can be asked there; then `fault` says why, in Go's words. */
  readonly target: Target | undefined
  readonly fault: string
  readonly faultCode: number
  /** `Authorization` of credentials in the URL. */
  readonly basic: string | undefined
  /** Tag sets of finished requests, see `tagSetFor`. */
  readonly tagged: Tagged[]
  /** A bare `http.get(url)`, made once. */
  bare: Bare | undefined
}

export interface Bare {
  readonly request: WireRequest
  readonly call: Call
}

/** A tag set that this place has made, and what it was made from. */
export interface Tagged {
  readonly base: TagSet
  readonly method: string
  readonly status: number
  readonly proto: string
  readonly tlsVersion: string
  /** -1 when no response callback is set. */
  readonly expected: -1 | 0 | 1
  readonly errorCode: number
  readonly error: string
  readonly ip: string
  readonly tags: TagSet
}

/** Thrown for a URL that cannot be read; k6's code 1020. */
export class BadUrl extends Error {}

const maxPlaces = 4000
/** Distinct `name` values without a `name` tag that are kept exact, as k6 keeps all. */
export const maxExactNames = 1000
/** Distinct templates after that; what is beyond goes under its origin. */
const maxTemplates = 500

export class Targets {
  readonly #options: Options
  readonly #places = new Map<string, Place>()
  readonly #names = new Set<string>()
  readonly #templates = new Set<string>()
  /** Tag caches outlive their places, by name: places of one template share one. */
  readonly #tagged = new Map<string, Tagged[]>()
  #warned = false

  constructor(options: Options) {
    this.#options = options
  }

  /** @throws BadUrl in k6's words */
  place(value: unknown, log: ScriptLog): Place {
    if (typeof value === 'string') {
      return this.#places.get(value) ?? this.#remember(value, this.#parse(value, undefined, log))
    }
    if (typeof value === 'object' && value !== null && httpUrls.has(value)) {
      const { url, name } = httpUrls.get(value) as HttpUrl
      const key = `${name}\n${url}`
      return this.#places.get(key) ?? this.#remember(key, this.#parse(url, name, log))
    }
    if (Object.prototype.toString.call(value) === '[object String]') return this.place(String(value), log)
    throw new BadUrl(`invalid URL: '#${typeof value === 'function' ? typeName(value) : formatValue(value)}'`)
  }

  isHttpUrl(value: unknown): boolean {
    return typeof value === 'object' && value !== null && httpUrls.has(value)
  }

  /** As `place`, for a URL that is parsed already (a redirect's). */
  placeOf(url: GoUrl, log: ScriptLog): Place {
    const text = goUrlText(url)
    return this.#places.get(text) ?? this.#remember(text, this.#make(url, undefined, log))
  }

  /** The request of a bare GET, made once. */
  bareGet(place: Place, target: Target, call: Call): Bare {
    const request: WireRequest = {
      target,
      method: 'GET',
      headerBlock: headerBlock(target.hostHeader, 'GET', call.headers, undefined, this.#options.noConnectionReuse),
      body: undefined,
      timeoutMs: call.timeoutMs,
      discardBody: call.responseType === 'none',
    }
    place.bare = { request, call }
    return place.bare
  }

  #remember(key: string, place: Place): Place {
    if (this.#places.size >= maxPlaces) {
      // Half at a time: dropping one per request would make every request of a high-cardinality script pay.
      let left = maxPlaces / 2
      for (const old of this.#places.keys()) {
        this.#places.delete(old)
        if (--left === 0) break
      }
    }
    this.#places.set(key, place)
    return place
  }

  #parse(text: string, name: string | undefined, log: ScriptLog): Place {
    let url: GoUrl
    try {
      url = parseGoUrl(text)
    } catch (error) {
      throw new BadUrl(`invalid URL: ${(error as Error).message}`)
    }
    return this.#make(url, name, log)
  }

  #make(url: GoUrl, template: string | undefined, log: ScriptLog): Place {
    const text = goUrlText(url)
    const clean = maskedText(url, text)
    const named = template !== undefined && template !== '' && template !== clean
    const name = named ? template : this.#nameOf(clean, log)
    let target: Target | undefined
    let fault = ''
    if (url.scheme !== 'http' && url.scheme !== 'https' && url.scheme !== 'unix') {
      fault = `unsupported protocol scheme ${JSON.stringify(url.scheme)}`
    } else if (url.host === '' && url.scheme !== 'unix') fault = 'http: no Host in request URL'
    else {
      try {
        target = parseTarget(goUrlText({ ...url, fragment: '' }, false))
      } catch (error) {
        fault = (error as Error).message
      }
    }
    return {
      url,
      text,
      name,
      named,
      target,
      fault,
      // Go finds a port beyond 65535 only when it dials.
      faultCode: fault.startsWith('dial ') ? 1210 : 1000,
      basic: url.user === undefined ? undefined : basicAuth(url.user.name, url.user.password ?? ''),
      tagged: this.#taggedOf(name),
      bare: undefined,
    }
  }

  #taggedOf(name: string): Tagged[] {
    let tagged = this.#tagged.get(name)
    if (tagged === undefined) {
      if (this.#tagged.size >= maxPlaces) this.#tagged.clear()
      tagged = []
      this.#tagged.set(name, tagged)
    }
    return tagged
  }

  #nameOf(clean: string, log: ScriptLog): string {
    if (this.#names.has(clean)) return clean
    if (this.#names.size < maxExactNames) {
      this.#names.add(clean)
      return clean
    }
    if (!this.#warned) {
      this.#warned = true
      log.warn(
        `The script has requested more than ${maxExactNames} different URLs without a name. From here on, ids in URLs are ` +
          'replaced by {id} in the tags name and url, so that the results stay readable and the memory small. Set the ' +
          'name yourself with http.get(url, { tags: { name: "GET /items/{id}" } }) or http.url`http://host/items/${id}`.',
      )
    }
    const template = templateUrl(clean)
    if (this.#templates.has(template)) return template
    if (this.#templates.size < maxTemplates) {
      this.#templates.add(template)
      return template
    }
    return template.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/]*)\/.*$/s, '$1/{path}')
  }
}

export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
}

export interface HttpUrl {
  readonly name: string
  readonly url: string
  readonly clean_url: string
}

const httpUrls = new WeakMap<object, HttpUrl>()

/** Marks an object as the result of http.url`...`. */
export function rememberHttpUrl(object: object, value: HttpUrl): void {
  httpUrls.set(object, value)
}

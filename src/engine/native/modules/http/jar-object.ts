/** `http.CookieJar` and what `http.cookieJar()` answers. */
import type { Realm } from '../../types.js'
import { CookieStore } from './cookie-jar.js'
import { type GoUrl, parseGoUrl } from './go-url.js'

const stores = new WeakMap<object, CookieStore>()

/** The cookies behind a jar that a script holds; undefined when the value is no jar. */
export function jarOf(value: unknown): CookieStore | undefined {
  return typeof value === 'object' && value !== null ? stores.get(value) : undefined
}

/** The object that a script sees: four methods of its own, as in k6, and nothing else. */
export function makeJarObject(realm: Realm, store: CookieStore, nowMs: () => number): object {
  const parse = (url: unknown): GoUrl => {
    try {
      return parseGoUrl(String(url))
    } catch (error) {
      throw new realm.GoError((error as Error).message)
    }
  }
  const jar = new realm.Object() as unknown as Record<string, unknown>
  jar['clear'] = (url: unknown): void => {
    const parsed = parse(url)
    // As in k6, what is cleared is what would be sent to the URL, at the URL's own default path.
    store.set(
      parsed,
      store.cookies(parsed, nowMs()).map(({ name }) => cookie(name, '', { maxAge: -1 })),
      nowMs(),
    )
  }
  jar['cookiesForURL'] = (url: unknown): Record<string, string[]> => {
    const found = new realm.Object() as unknown as Record<string, string[]>
    for (const { name, value } of store.cookies(parse(url), nowMs())) {
      if (Object.hasOwn(found, name)) (found[name] as string[]).push(value)
      else {
        const values = new realm.Array<string>()
        values.push(value)
        found[name] = values
      }
    }
    return found
  }
  jar['delete'] = (url: unknown, name: unknown): void => {
    if (name === '' || name === undefined) throw new realm.GoError('cookie: is null')
    store.set(parse(url), [cookie(String(name), '', { maxAge: -1 })], nowMs())
  }
  jar['set'] = (url: unknown, name: unknown, value: unknown, options: unknown): boolean => {
    const parsed = parse(url)
    const given = readOptions(realm, options)
    store.set(parsed, [cookie(String(name), value === undefined ? '' : String(value), given)], nowMs())
    return true
  }
  stores.set(jar, store)
  return jar
}

interface Options {
  domain?: string
  path?: string
  secure?: boolean
  httpOnly?: boolean
  maxAge?: number
  expiresMs?: number
}

function cookie(name: string, value: string, options: Options): Parameters<CookieStore['set']>[1][number] {
  return {
    name,
    value,
    domain: options.domain ?? '',
    path: options.path ?? '',
    httpOnly: options.httpOnly ?? false,
    secure: options.secure ?? false,
    maxAge: options.maxAge ?? 0,
    expiresMs: options.expiresMs,
  }
}

function readOptions(realm: Realm, options: unknown): Options {
  const given: Options = {}
  if (typeof options !== 'object' || options === null) return given
  for (const key of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[key]
    switch (key.toLowerCase()) {
      case 'domain':
        given.domain = String(value)
        break
      case 'path':
        given.path = String(value)
        break
      case 'secure':
        given.secure = Boolean(value)
        break
      case 'http_only':
        given.httpOnly = Boolean(value)
        break
      case 'max_age':
        given.maxAge = Math.trunc(Number(value)) || 0
        break
      case 'expires': {
        if (String(value) === '') break
        const time = rfc1123Ms(String(value))
        if (time === undefined) {
          throw new realm.GoError(
            `unable to parse "expires" date string "${String(value)}": parsing time ${JSON.stringify(String(value))} as "Mon, 02 Jan 2006 15:04:05 MST": cannot parse ${JSON.stringify(String(value))} as "Mon"`,
          )
        }
        given.expiresMs = time
        break
      }
      default:
    }
  }
  return given
}

function rfc1123Ms(text: string): number | undefined {
  return /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} [A-Z]{3,4}$/.test(text) && !Number.isNaN(Date.parse(text))
    ? Date.parse(text)
    : undefined
}

/**
 * The script's side of playwright's objects. Each is made in the script's realm with the members that k6 has, as its own
 * properties; promises are the realm's, and keep the iteration alive until they are settled.
 */
import type { Frame, Page } from 'playwright-core'
import type { VuScope } from '../../types.js'
import { goValueError } from '../encoding/go-error.js'
import { realmArray, realmObject } from '../encoding/go-values.js'
import { browserErrorText } from './errors.js'
import { calledPageFunction, pageFunction } from './page-function.js'
import { evaluating, type Kind, type Member, surfaces } from './surface.js'
import { toHost, toRealm } from './values.js'

type Raw = Record<string, unknown>
type Wrapped = Record<string, unknown>
type Call = (...args: unknown[]) => unknown

export class Handles {
  readonly vu: VuScope
  readonly #extras: Partial<Record<Kind, (raw: never, wrapped: Wrapped) => Wrapped>>
  readonly #wrapped = new WeakMap<object, Wrapped>()
  readonly #raw = new WeakMap<object, object>()

  /** @param extras  members of a kind that the table cannot describe; may replace those of the table */
  constructor(vu: VuScope, extras: Partial<Record<Kind, (raw: never, wrapped: Wrapped) => Wrapped>>) {
    this.vu = vu
    this.#extras = extras
  }

  /** The script's object for one of playwright's; the same each time. */
  wrap(raw: unknown, kind: Kind): unknown {
    if (raw === null || raw === undefined) return null
    const known = this.#wrapped.get(raw as object)
    if (known !== undefined) return known
    const object = raw as Raw
    const actual: Kind = kind === 'JSHandle' && this.#isElement(object) ? 'ElementHandle' : kind
    const wrapped = realmObject(this.vu.realm, {})
    this.#wrapped.set(object, wrapped)
    this.#raw.set(wrapped, object)
    const { promises, values, properties } = surfaces[actual]
    for (const member of promises) wrapped[member.name] = (...args: unknown[]) => this.#ask(object, member, args)
    for (const member of values) wrapped[member.name] = (...args: unknown[]) => this.#get(object, member, args)
    for (const { name, returns } of properties) wrapped[name] = this.wrap(object[name], returns as Kind)
    return Object.assign(wrapped, this.#extras[actual]?.(raw as never, wrapped))
  }

  wrapList(list: readonly unknown[], kind: Kind): unknown[] {
    return realmArray(
      this.vu.realm,
      list.map((item) => this.wrap(item, kind)),
    )
  }

  /** Arguments for playwright: plain data copied, handles looked up. */
  host(value: unknown): unknown {
    return toHost(value, (object) => this.#raw.get(object))
  }

  /**
   * A promise of the realm for one of ours.
   * @param what  member and selector, for the words of an error
   */
  promise(
    work: () => Promise<unknown>,
    map: (value: unknown) => unknown,
    what: readonly [string, (string | undefined)?],
  ): Promise<unknown> {
    const queue = this.vu.loop.register()
    return new this.vu.realm.Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        const text = browserErrorText(error, what[0], what[1])
        queue(() => reject(this.error(text)))
      }
      const done = (value: unknown): void =>
        queue(() => {
          // Nothing is null to a script: k6's promises know no undefined.
          const answer = map(value)
          resolve(answer === undefined ? null : answer)
        })
      // What playwright refuses before it begins is thrown.
      Promise.resolve().then(work).then(done, fail)
    })
  }

  /** A Go error as k6 rejects with it: text by `String(e)`, no `instanceof Error`. */
  error(text: string): object {
    return goValueError(this.vu.realm, text, { error: () => text })
  }

  /** A function of the script as one of ours: it runs on the VU's loop, and what it answers is waited for. */
  callback(fn: unknown, map: (value: unknown) => unknown): (value: unknown) => Promise<unknown> {
    return (value) => {
      const queue = this.vu.loop.register()
      return new Promise((resolve, reject) => {
        queue(() => {
          const answer = (fn as Call)(map(value))
          Promise.resolve(answer).then(resolve, reject)
          return answer
        })
      })
    }
  }

  #ask(raw: Raw, member: Member, args: readonly unknown[]): Promise<unknown> {
    const { name } = member
    if (evaluating.has(name) && isBlank(args[0])) {
      throw new this.vu.realm.GoError(`${name} requires a page function`)
    }
    const given = evaluating.has(name) ? this.#evaluated(raw, name, args) : args.map((arg) => this.host(arg))
    const target = typeof args[0] === 'string' ? args[0] : selectorOf(raw)
    const call = (): Promise<unknown> => (raw[name] as Call).apply(raw, given) as Promise<unknown>
    return this.promise(
      () => (name === 'goto' ? call().catch((error: Error) => onErrorPage(raw, error)) : call()),
      (value) => this.#result(value, member),
      [name, target],
    )
  }

  #get(raw: Raw, member: Member, args: readonly unknown[]): unknown {
    try {
      return this.#result(
        (raw[member.name] as Call).apply(
          raw,
          args.map((arg) => this.host(arg)),
        ),
        member,
      )
    } catch (error) {
      throw new this.vu.realm.GoError(browserErrorText(error, member.name, undefined))
    }
  }

  #result(value: unknown, { name, returns, list }: Member): unknown {
    if (returns === undefined) return name === 'getProperties' ? this.#properties(value) : toRealm(this.vu.realm, value)
    return list ? this.wrapList(value as unknown[], returns) : this.wrap(value, returns)
  }

  #properties(value: unknown): unknown {
    const map = new this.vu.realm.Map<string, unknown>()
    for (const [key, handle] of value as Map<string, unknown>) map.set(key, this.wrap(handle, 'JSHandle'))
    return map
  }

  // k6: (function, ...arguments), for waitForFunction (function, options, ...arguments); playwright takes one argument.
  #evaluated(raw: Raw, name: string, args: readonly unknown[]): unknown[] {
    const [fn, ...rest] = args
    const options = name === 'waitForFunction' ? [this.host(rest.shift()) ?? {}] : []
    if (typeof fn !== 'function') return [String(fn), undefined, ...options]
    const text = pageFunction(fn, !('goto' in raw))
    // Only pages and frames navigate: all others that evaluate stand for something in a page.
    // Playwright asks a function for its text.
    const named = Object.assign(() => {}, { toString: () => text })
    return [named, rest.map((arg) => this.host(arg)), ...options]
  }

  #isElement(raw: Raw): boolean {
    return typeof raw['asElement'] === 'function' && (raw['asElement'] as Call).call(raw) !== null
  }
}

/** What `addInitScript` takes: text, `{ content }`, or a function that is called in the page. */
export function initScript(script: unknown): string {
  if (typeof script === 'function') return calledPageFunction(script)
  if (typeof script === 'object' && script !== null && 'content' in script) return String(script.content)
  return String(script)
}

// After a failed navigation Chromium goes to its own error page, a little later: the next navigation must not run into it.
async function onErrorPage(raw: Raw, error: Error): Promise<never> {
  if (error.message.includes('net::ERR_') && !error.message.includes('net::ERR_ABORTED')) {
    const page = (typeof raw['page'] === 'function' ? (raw['page'] as Call).call(raw) : raw) as Page
    const predicate = (frame: Frame): boolean => frame.url().startsWith('chrome-error:')
    await page.waitForEvent('framenavigated', { predicate, timeout: 500 }).catch(() => {})
  }
  throw error
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
}

/** The selector of a locator, for messages. */
function selectorOf(raw: Raw): string | undefined {
  return typeof raw['_selector'] === 'string' ? raw['_selector'] : undefined
}

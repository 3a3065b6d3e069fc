/**
 * A bare realm, as a script's: JavaScript's own globals, console, timers and __ENV, nothing of Node. The k6 modules are
 * small real ones: checks are counted, requests are answered by a function.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { createContext, runInContext } from 'node:vm'
import { transformSync } from 'esbuild'
import { jslibPackage, jslibSource } from '../index.js'

// biome-ignore lint/suspicious/noExplicitAny: what a library exports is judged by the test.
type Anything = any

export interface Call {
  readonly method: string
  readonly url: string
  readonly body: Anything
  readonly params: Anything
}

export class Realm {
  readonly checks: { name: string; ok: boolean }[] = []
  readonly groups: string[] = []
  readonly logs: string[] = []
  readonly calls: Call[] = []
  readonly exec: Anything = {
    vu: { tags: {}, metrics: { metadata: {} } },
    scenario: { name: 's', startTime: 0 },
    test: {
      options: { scenarios: {} },
      abort: (message: string) => {
        throw new Error(`abort: ${message}`)
      },
      fail: (message: string) => void this.logs.push(`fail: ${message}`),
    },
  }
  readonly #context: Record<string, unknown>
  readonly #modules: Record<string, Anything>

  constructor(env: Record<string, string> = {}) {
    const log = (...args: unknown[]): void => void this.logs.push(args.map(String).join(' '))
    this.#context = createContext({ console: { log, warn: log, error: log }, setTimeout, clearTimeout, __ENV: env })
    this.#modules = this.#k6Modules()
  }

  /** The exports of a library. */
  load(url: string): Anything {
    const source = jslibSource(url)
    if (source === undefined) throw new Error(`no module for ${url}`)
    const { code } = transformSync(source.contents, { format: 'cjs', target: 'node20' })
    const module = { exports: {} }
    const factory = runInContext(`(function (module, exports, require) {${code}\n})`, this.#context, {
      filename: url,
    }) as (...args: unknown[]) => void
    factory(module, module.exports, (name: string) => {
      const found: unknown = this.#modules[name] ?? this.#package(name)
      if (found === undefined) throw new Error(`${url} imports ${name}`)
      return found
    })
    return module.exports
  }

  /** The value of an expression in the realm, as a script would make it. */
  run(code: string): Anything {
    return runInContext(code, this.#context)
  }

  #package(name: string): Anything {
    if (!name.startsWith('k6/jslib/')) return undefined
    const { code, filename } = jslibPackage(name.slice('k6/jslib/'.length))
    return (runInContext(code, this.#context, { filename }) as (console: unknown) => unknown)(this.#context['console'])
  }

  #k6Modules(): Record<string, Anything> {
    const request = (method: string, url: string, body: unknown, params: unknown): Anything => {
      this.calls.push({ method, url, body, params })
      return { status: url.includes('fail') ? 500 : 200, request: { url }, json: () => ({}) }
    }
    const http = {
      request,
      asyncRequest: async (...args: [string, string, unknown, unknown]) => request(...args),
      batch: (items: [string, string, unknown, unknown][]) => items.map((item) => request(...item)),
      get: (url: string, params: unknown) => request('GET', url, null, params),
      post: (url: string, body: unknown, params: unknown) => request('POST', url, body, params),
    }
    const check = (value: unknown, sets: Record<string, unknown>): boolean => {
      const results = Object.entries(sets).map(([name, test]) => {
        const ok = Boolean(typeof test === 'function' ? (test as (v: unknown) => unknown)(value) : test)
        this.checks.push({ name, ok })
        return ok
      })
      return results.every(Boolean)
    }
    const group = (name: string, fn: () => unknown): unknown => {
      this.groups.push(name)
      return fn()
    }
    const record = (value: number, tags: { check: string }): void => {
      this.checks.push({ name: tags.check, ok: value !== 0 })
    }
    const crypto = {
      randomBytes: (length: number) => new Uint8Array(randomBytes(length)).buffer,
      hmac: (algorithm: string, key: ArrayBuffer, data: ArrayBuffer) =>
        new Uint8Array(createHmac(algorithm, new Uint8Array(key)).update(new Uint8Array(data)).digest()).buffer,
    }
    class Rate {
      add = record
    }
    const module = (named: object): object => ({ __esModule: true, default: named, ...named })
    return {
      k6: module({ check, group }),
      'k6/http': { __esModule: true, default: http, ...http },
      'k6/metrics': module({ Rate }),
      'k6/crypto': module(crypto),
      'k6/execution': { __esModule: true, default: this.exec },
    }
  }
}

/**
 * A VU's scope for tests of modules that need no engine around them: a real realm, a real loop on the machine's clock,
 * real files in memory. What such a module must not touch throws.
 */
import { systemClock } from '#base/clock.js'
import { Loop } from '../../../loop.js'
import { createRealm, type ScriptRealm } from '../../../realm.js'
import type { Phase, VuScope } from '../../../types.js'

export interface TestScope extends VuScope {
  phase: Phase
  realm: ScriptRealm
  readonly loop: Loop
  readonly logged: string[]
  readonly errors: unknown[]
  random: (() => number) | undefined
  /** What the engine does at the VU's end. */
  close(): Promise<void>
  /** Evaluates a script's expression with `values` as its free variables. */
  run(source: string, values?: Readonly<Record<string, unknown>>): unknown
}

export interface TestScopeInit {
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Another VU of the same worker: shares its store. */
  readonly sibling?: TestScope
  readonly realm?: ScriptRealm
}

export function createTestScope(init: TestScopeInit = {}): TestScope {
  const realm = init.realm ?? init.sibling?.realm ?? createRealm()
  const errors: unknown[] = []
  const closers: (() => void | Promise<void>)[] = []
  const logged: string[] = []
  const log =
    (level: string) =>
    (message: string): void =>
      void logged.push(`${level}: ${message}`)
  const store = init.sibling === undefined ? new Map<string, unknown>() : stores.get(init.sibling)
  const files = new Map(Object.entries(init.files ?? {}))
  const scope = {
    realm,
    clock: systemClock,
    phase: 'init' as Phase,
    id: 0,
    iteration: 0,
    loop: new Loop(realm, systemClock, (error: unknown) => errors.push(error)),
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    logged,
    errors,
    random: undefined as (() => number) | undefined,
    environment: (): Record<string, string> => ({}),
    onClose: (close: () => void | Promise<void>): void => void closers.push(close),
    close: async (): Promise<void> => void (await Promise.all(closers.map(async (each) => each()))),
    files: {
      entryUrl: 'file:///s/test.js',
      read: (path: string, fromUrl: string): Uint8Array => {
        const url = new URL(path, fromUrl).href
        const found = files.get(path) ?? files.get(url)
        if (found === undefined) throw new realm.GoError(`open ${path}: no such file or directory`)
        return typeof found === 'string' ? Buffer.from(found) : found
      },
    },
    shared: <T>(key: string, make: () => T): T => {
      if (!store?.has(key)) store?.set(key, make())
      return store?.get(key) as T
    },
    setRandom: (random: () => number): void => {
      scope.random = random
    },
    run: (source: string, values: Readonly<Record<string, unknown>> = {}): unknown => {
      const names = Object.keys(values).filter((name) => name !== 'default')
      const factory = realm.evaluate(`(function (${names.join(',')}) { 'use strict'; return (${source}) })`, 'test.js')
      return (factory as (...args: unknown[]) => unknown)(...names.map((name) => values[name]))
    },
  }
  const proxy = new Proxy(scope, {
    get: (target, key) => {
      if (key in target || typeof key === 'symbol') return Reflect.get(target, key)
      throw new Error(`a module under test asked for vu.${key}`)
    },
  }) as unknown as TestScope
  if (store !== undefined) stores.set(proxy, store)
  return proxy
}

const stores = new WeakMap<TestScope, Map<string, unknown>>()

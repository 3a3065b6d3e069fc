/**
 * `globalThis` as one VU's script sees it: an object of its own over the realm's global, so that what a script writes
 * to globals stays with its VU. The costly members are made when first asked for; 9,000 VUs hold 9,000 of these.
 */
import { createConsole } from './modules/console/index.js'
import { createTextModule } from './modules/text/index.js'
import { createTimersModule } from './modules/timers/index.js'
import type { ScriptRealm } from './realm.js'
import type { Vu } from './vu.js'

export interface VuGlobal {
  __VU: number
  __ITER?: number
  [name: string]: unknown
}

/** One prototype per realm; every VU's global inherits from it. */
export function createGlobalPrototype(realm: ScriptRealm): object {
  const prototype = Object.create(realm.global) as Record<string, unknown>
  for (const [name, make] of lazyMembers) {
    const settle = (self: object, value: unknown): void => {
      Object.defineProperty(self, name, { value, writable: true, configurable: true, enumerable: true })
    }
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: Owned) {
        const value = make(this[owner])
        settle(this, value)
        return value
      },
      set(this: object, value: unknown) {
        settle(this, value)
      },
    })
  }
  return prototype
}

export function createVuGlobal(vu: Vu, prototype: object): VuGlobal {
  const self = Object.create(prototype) as VuGlobal
  Object.defineProperty(self, owner, { value: vu })
  self.__VU = vu.id
  return self
}

/** `randomSeed`: `Math.random` becomes this VU's own generator. */
export function seedMath(vu: Vu, random: () => number): void {
  const math = Object.create(vu.realm.global['Math'] as object, {
    random: { value: random, writable: true, configurable: true },
  }) as object
  Object.defineProperty(vu.global, 'Math', { value: math, writable: true, configurable: true })
}

/** WebCrypto is loaded only for scripts that mention it. */
export async function loadWebCrypto(): Promise<void> {
  ;({ createWebCrypto } = await import('./modules/webcrypto/index.js'))
}
let createWebCrypto: ((vu: Vu) => unknown) | undefined

const owner = Symbol('vu')
interface Owned {
  readonly [owner]: Vu
}

const timer = (name: string) => [name, (vu: Vu) => createTimersModule(vu)[name]] as const
const coding = (name: 'TextEncoder' | 'TextDecoder') => [name, (vu: Vu) => createTextModule(vu)[name]] as const

const lazyMembers: readonly (readonly [name: string, make: (vu: Vu) => unknown])[] = [
  ['globalThis', (vu) => vu.global],
  ['global', (vu) => vu.global],
  ['__ENV', (vu) => vu.environment()],
  ['console', (vu) => createConsole(vu)],
  timer('setTimeout'),
  timer('clearTimeout'),
  timer('setInterval'),
  timer('clearInterval'),
  ['crypto', (vu) => createWebCrypto?.(vu)],
  coding('TextEncoder'),
  coding('TextDecoder'),
]

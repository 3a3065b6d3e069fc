/**
 * The global timers, which are also the module `k6/timers`: callbacks run on the VU's loop, and an iteration lasts until
 * its timers have fired or were cleared. Texts of errors are k6's, verified on k6 2.2.
 */
import type { VuScope } from '../../types.js'
import { goIntArgument } from '../encoding/go-values.js'

export function createTimersModule(vu: VuScope): Record<string, unknown> {
  const timers = timersOf(vu)
  return { default: timers, ...timers }
}

interface Timers {
  readonly setTimeout: (callback?: unknown, delayMs?: unknown, ...args: unknown[]) => number
  readonly clearTimeout: (id?: unknown) => void
  readonly setInterval: (callback?: unknown, delayMs?: unknown, ...args: unknown[]) => number
  readonly clearInterval: (id?: unknown) => void
  readonly [name: string]: unknown
}

// One set per VU: a script may compare the module's functions with the globals.
function timersOf(vu: VuScope): Timers {
  let timers = made.get(vu)
  if (timers === undefined) {
    timers = make(vu)
    made.set(vu, timers)
  }
  return timers
}

const made = new WeakMap<VuScope, Timers>()

function make(vu: VuScope): Timers {
  const clear = (id?: unknown): void => vu.loop.clearTimeout(goIntArgument(id))
  return {
    setTimeout: (callback, delayMs, ...args) => {
      const run = checkCallback(vu, 'setTimeout', callback)
      return vu.loop.setTimeout(() => run(...args), delay(delayMs))
    },
    clearTimeout: clear,
    setInterval: (callback, delayMs, ...args) => {
      const run = checkCallback(vu, 'setInterval', callback)
      return vu.loop.setInterval(() => run(...args), delay(delayMs))
    },
    clearInterval: clear,
  }
}

function checkCallback(vu: VuScope, name: string, callback: unknown): (...args: unknown[]) => void {
  if (typeof callback === 'function') return callback as (...args: unknown[]) => void
  if (callback === undefined || callback === null) {
    throw new vu.realm.GoError(`${name}'s callback isn't a callable function`)
  }
  throw new vu.realm.TypeError(
    `could not convert function call parameter 0: could not convert ${String(callback)} to sobek.Callable`,
  )
}

function delay(value: unknown): number {
  const ms = Number(value)
  return ms > 0 ? ms : 0
}

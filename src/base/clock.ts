/**
 * Time as a parameter. Nothing outside `base/` and `cli/` reads a clock or sets a timer by itself, so that executors
 * run on a simulated clock and are compared with a closed form for equality.
 */
import { performance as monotonic } from 'node:perf_hooks'

export interface Clock {
  /** Monotonic nanoseconds since an arbitrary origin; a whole number, exact up to 104 days. Never compare with `unixMs`. */
  nowNs(): number
  /** Wall-clock milliseconds since 1970, may step. */
  unixMs(): number
  /** Calls `fn` once, at or after monotonic `atNs`. The result cancels it. */
  at(atNs: number, fn: () => void): Cancel
  /** As `at`, up to 1 ms late and never spinning: for think times, which thousands of VUs hold at once. */
  coarseAt(atNs: number, fn: () => void): Cancel
  /** Calls `fn` in a task of its own, after every promise reaction that is due. */
  soon(fn: () => void): void
}

export type Cancel = () => void

/** Monotonic milliseconds with a fraction, for timings of real sockets, which no simulated clock can have. */
export function nowMs(): number {
  return monotonic.now()
}

/** The machine's clock. Timers sleep by setTimeout up to the last millisecond, then spin on setImmediate: sub-millisecond starts. */
export const systemClock: Clock = {
  nowNs: () => Math.round(monotonic.now() * 1e6 + originNs),
  unixMs: () => Date.now(),
  at(atNs, fn) {
    let timer: NodeJS.Timeout | undefined
    let immediate: NodeJS.Immediate | undefined
    let cancelled = false
    const arm = (): void => {
      if (cancelled) return
      const leftNs = atNs - systemClock.nowNs()
      if (leftNs <= 0) fn()
      // setTimeout is late by up to 1 ms and rounds down below 1 ms, so the last stretch is polled.
      else if (leftNs > 1_500_000) timer = setTimeout(arm, Math.min(leftNs / 1e6 - 1, 2 ** 31 - 1))
      else immediate = setImmediate(arm)
    }
    // Never call back from inside `at`: callers rely on the handle being theirs first.
    if (atNs - systemClock.nowNs() <= 0) immediate = setImmediate(arm)
    else arm()
    return () => {
      cancelled = true
      if (timer !== undefined) clearTimeout(timer)
      if (immediate !== undefined) clearImmediate(immediate)
    }
  },
  soon(fn) {
    setImmediate(fn)
  },
  coarseAt(atNs, fn) {
    const leftMs = Math.ceil((atNs - systemClock.nowNs()) / 1e6)
    // setTimeout fires at once above 2^31-1 ms; a sleep that long is re-armed until it is due.
    if (leftMs > 2 ** 31 - 1) {
      let inner: Cancel | undefined
      const timer = setTimeout(() => (inner = systemClock.coarseAt(atNs, fn)), 2 ** 31 - 1)
      return () => {
        clearTimeout(timer)
        inner?.()
      }
    }
    const timer = setTimeout(fn, Math.max(0, leftMs))
    return () => clearTimeout(timer)
  },
}

// `performance.now()` counts from the start of the thread, `process.uptime()` from that of the process: with the
// difference added, all threads of a process read the same time, to some microseconds. The second of two readings is the
// later one, so the largest of several differences is the truest.
const originNs = Math.max(...Array.from({ length: 20 }, () => process.uptime() * 1e9 - monotonic.now() * 1e6))

/**
 * A clock that moves only when told. Timers due at the same instant fire in the order they were set; between two
 * instants every promise reaction runs to completion.
 */
export class SimClock implements Clock {
  #nowNs = 0
  #seq = 0
  readonly #timers: SimTimer[] = []
  readonly #unixOriginMs: number

  constructor(unixOriginMs = 1_700_000_000_000) {
    this.#unixOriginMs = unixOriginMs
  }

  nowNs(): number {
    return this.#nowNs
  }

  unixMs(): number {
    return this.#unixOriginMs + this.#nowNs / 1e6
  }

  at(atNs: number, fn: () => void): Cancel {
    const timer = { atNs: Math.max(atNs, this.#nowNs), seq: this.#seq++, fn }
    this.#timers.push(timer)
    return () => {
      const i = this.#timers.indexOf(timer)
      if (i >= 0) this.#timers.splice(i, 1)
    }
  }

  coarseAt(atNs: number, fn: () => void): Cancel {
    return this.at(atNs, fn)
  }

  soon(fn: () => void): void {
    this.at(this.#nowNs, fn)
  }

  /** Moves to `toNs`, firing every timer due on the way at exactly its own instant. */
  async advanceTo(toNs: number): Promise<void> {
    for (;;) {
      await settle()
      let next: SimTimer | undefined
      for (const t of this.#timers) {
        if (t.atNs <= toNs && (next === undefined || t.atNs < next.atNs || (t.atNs === next.atNs && t.seq < next.seq)))
          next = t
      }
      if (next === undefined) break
      this.#timers.splice(this.#timers.indexOf(next), 1)
      this.#nowNs = next.atNs
      next.fn()
    }
    this.#nowNs = toNs
    await settle()
  }
}

/** Resolves when every promise reaction queued so far, and those they queue, have run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

interface SimTimer {
  readonly atNs: number
  readonly seq: number
  readonly fn: () => void
}

import { readFileSync } from 'node:fs'
import { type IntervalHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Clock } from '#base/clock.js'
import type { ThreadHealth } from './types.js'

/** The event-loop monitor's own interval: what it measures above that is lateness. */
const intervalMs = 10

/**
 * Watches the thread that makes it. CPU time and the wait for a core are the kernel's own account of the thread
 * (`/proc/thread-self/schedstat`, Documentation/scheduler/sched-stats); elsewhere the process's CPU time stands in.
 */
export class ThreadWatch {
  readonly #clock: Clock
  readonly #lag: IntervalHistogram
  readonly #gc: PerformanceObserver
  #gcMs = 0
  #gcMaxMs = 0
  #last: { readonly atNs: number; readonly cpuNs: number; readonly delayNs: number | undefined }

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = { atNs: clock.nowNs(), ...threadTimes() }
    this.#lag = monitorEventLoopDelay({ resolution: intervalMs })
    this.#lag.enable()
    this.#gc = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcMs += duration
        if (duration > this.#gcMaxMs) this.#gcMaxMs = duration
      }
    })
    this.#gc.observe({ entryTypes: ['gc'] })
  }

  /** Since the last call; undefined when that was less than half a second ago: a share of so little says nothing. */
  sample(): ThreadHealth | undefined {
    const atNs = this.#clock.nowNs()
    const spanNs = atNs - this.#last.atNs
    if (spanNs < 500e6) return undefined
    const now = threadTimes()
    const health = {
      cpuRatio: (now.cpuNs - this.#last.cpuNs) / spanNs,
      runDelayRatio:
        now.delayNs === undefined || this.#last.delayNs === undefined
          ? undefined
          : (now.delayNs - this.#last.delayNs) / spanNs,
      loopLagMsP99: lateness(this.#lag.percentile(99)),
      loopLagMsMax: this.#lag.count === 0 ? 0 : lateness(this.#lag.max),
      gcRatio: (this.#gcMs * 1e6) / spanNs,
      gcMaxMs: this.#gcMaxMs,
      heapBytes: getHeapStatistics().used_heap_size,
    }
    this.#last = { atNs, ...now }
    this.#lag.reset()
    this.#gcMs = 0
    this.#gcMaxMs = 0
    return health
  }

  close(): void {
    this.#lag.disable()
    this.#gc.disconnect()
  }
}

function lateness(ns: number): number {
  return Math.max(0, ns / 1e6 - intervalMs)
}

function threadTimes(): { readonly cpuNs: number; readonly delayNs: number | undefined } {
  try {
    const [cpuNs, delayNs] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').map(Number)
    if (cpuNs !== undefined && cpuNs > 0) return { cpuNs, delayNs }
  } catch {
    // No such file on this system.
  }
  const { user, system } = process.cpuUsage()
  return { cpuNs: (user + system) * 1e3, delayNs: undefined }
}

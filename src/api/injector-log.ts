/**
 * What the injector told of itself, second by second: for the record, and for the trust verdict at the end.
 */
import type { Clock } from '#base/clock.js'
import { ProcessWatch } from '#engine/native/injector/process-health.js'
import type { ProcessHealth, ThreadHealth } from '#engine/native/injector/types.js'
import type { InjectorSecond } from '#gate/index.js'

/** A day of seconds: what comes later changes no share that matters, and a run may last for weeks. */
const maxSeconds = 86_400

export class InjectorLog {
  readonly #watch: ProcessWatch
  readonly #seconds: InjectorSecond[] = []
  #threads: readonly ThreadHealth[] = []
  #process: ProcessHealth | undefined

  constructor(clock: Clock) {
    this.#watch = new ProcessWatch(clock)
    void this.#watch.sample()
  }

  /** @param threads  of this second; none in a window too short to tell */
  add(threads: readonly ThreadHealth[]): void {
    if (threads.length === 0) return
    this.#threads = threads
    // The reading of this second arrives during the next: a second late, and never in the way of the load.
    void this.#watch.sample().then((health) => {
      this.#process = health ?? this.#process
    })
    if (this.#seconds.length < maxSeconds) this.#seconds.push(second(threads, this.#process))
  }

  get seconds(): readonly InjectorSecond[] {
    return this.#seconds
  }

  /** Of the last second, in the names of the record's `observed/injector`. */
  readings(): Readonly<Record<string, number | undefined>> {
    const perThread =
      this.#threads.length < 2 ? [] : this.#threads.map((thread, i) => [`cpu_ratio_${i}`, thread.cpuRatio])
    const health = this.#process
    return {
      cpu_ratio: worst(this.#threads.map(({ cpuRatio }) => cpuRatio)),
      ...Object.fromEntries(perThread),
      cpu_cores: health?.cpuCores,
      run_delay_ratio: worst(this.#threads.map(({ runDelayRatio }) => runDelayRatio)),
      event_loop_lag_p99_ms: worst(this.#threads.map(({ loopLagMsP99 }) => loopLagMsP99)),
      event_loop_lag_max_ms: worst(this.#threads.map(({ loopLagMsMax }) => loopLagMsMax)),
      gc_ratio: worst(this.#threads.map(({ gcRatio }) => gcRatio)),
      gc_max_ms: worst(this.#threads.map(({ gcMaxMs }) => gcMaxMs)),
      heap_bytes: this.#threads.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
      rss_bytes: health?.rssBytes,
      open_fds: health?.openFds,
      fd_limit: health?.fdLimit,
      ports_left: health?.portsLeft,
      steal_ratio: health?.stealRatio,
      throttled_ratio: health?.throttledRatio,
    }
  }
}

function second(threads: readonly ThreadHealth[], health: ProcessHealth | undefined): InjectorSecond {
  return {
    threadCpu: threads.map(({ cpuRatio }) => cpuRatio),
    threadBusy: threads.map(({ cpuRatio, runDelayRatio }) => cpuRatio + (runDelayRatio ?? 0)),
    runDelay: worst(threads.map(({ runDelayRatio }) => runDelayRatio)),
    loopLagMs: worst(threads.map(({ loopLagMsP99 }) => loopLagMsP99)) ?? 0,
    gc: worst(threads.map(({ gcRatio }) => gcRatio)) ?? 0,
    steal: health?.stealRatio,
    throttled: health?.throttledRatio,
    openFds: health?.openFds,
    fdLimit: health?.fdLimit,
    portsLeft: health?.portsLeft,
    portsTotal: health?.portsTotal,
  }
}

function worst(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

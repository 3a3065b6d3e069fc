/** JavaScript that runs in the observed Node process, as text: its clocks and timers are that process's own. */

/**
 * Resolution of the event-loop delay monitor, milliseconds: a timer of that period, whose lateness is the delay. Each turn
 * wakes an idle process, 30 us of CPU: at Node's own 10 ms that alone was 3 ms a second.
 */
const resolutionMs = 20
/** Readings from one count of heap spaces and handles to the next: where there are thousands, a count takes a while. */
const countEvery = 5
/** Without a reader for so long it takes itself away. */
const forgottenMs = 30_000

/**
 * Starts the monitors once; `read` answers what happened since the last call. Public APIs alone (nodejs.org, perf_hooks,
 * v8, process): +1.7 % CPU a request [-1.0, 3.5] for all of them together.
 */
export const startSampler: string = `(() => {
  const key = Symbol.for('perfwright.sampler')
  if (globalThis[key]) { globalThis[key].users++; return }
  const builtin = (name) => process.getBuiltinModule ? process.getBuiltinModule(name) : require(name)
  const { monitorEventLoopDelay, performance, PerformanceObserver } = builtin('perf_hooks')
  const v8 = builtin('v8')
  const fs = builtin('fs')
  const delay = monitorEventLoopDelay({ resolution: ${resolutionMs} })
  delay.enable()
  let gc = { ms: 0, max: 0, minor: 0, major: 0 }
  let afterGc
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = entry.detail ? entry.detail.kind : entry.kind
      gc.ms += entry.duration
      gc.max = Math.max(gc.max, entry.duration)
      if (kind === 1) gc.minor++
      else if (kind === 4) { gc.major++; afterGc = v8.getHeapStatistics().used_heap_size }
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  let loop = performance.eventLoopUtilization()
  let at = performance.now()
  let turn = 0
  let spaces = []
  let handles = {}
  let pool = { since: 0, lag: undefined, out: false }
  const close = () => {
    clearInterval(guard)
    delay.disable()
    observer.disconnect()
    delete globalThis[key]
  }
  // Whoever reads it may be killed.
  let lastRead = Date.now()
  const guard = setInterval(() => { if (Date.now() - lastRead > ${forgottenMs}) close() }, 5000)
  guard.unref()
  globalThis[key] = {
    users: 1,
    read() {
      lastRead = Date.now()
      const now = performance.now()
      const seconds = (now - at) / 1000
      at = now
      const used = performance.eventLoopUtilization(loop)
      loop = performance.eventLoopUtilization()
      const late = (ns) => Math.max(0, ns / 1e6 - ${resolutionMs})
      if (turn++ % ${countEvery} === 0) {
        spaces = v8.getHeapSpaceStatistics()
        handles = {}
        if (process.getActiveResourcesInfo) for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] || 0) + 1
      }
      const heap = v8.getHeapStatistics()
      const answer = {
        seconds,
        utilization: used.utilization,
        delays: delay.count === 0 ? null : [late(delay.percentile(50)), late(delay.percentile(99)), late(delay.max)],
        gc,
        afterGc,
        heap: [heap.used_heap_size, heap.heap_size_limit, heap.external_memory],
        spaces: spaces.map((space) => [space.space_name, space.space_used_size]),
        handles,
        poolLag: pool.out ? now - pool.since : pool.lag,
      }
      delay.reset()
      gc = { ms: 0, max: 0, minor: 0, major: 0 }
      if (!pool.out) {
        pool.out = true
        pool.since = now
        fs.stat('/', () => { pool.out = false; pool.lag = performance.now() - pool.since })
      }
      answer.tookMs = performance.now() - now
      return answer
    },
    end() {
      if (--this.users <= 0) close()
    },
  }
})()`

export const readSampler = 'globalThis[Symbol.for("perfwright.sampler")].read()'
export const endSampler = 'void globalThis[Symbol.for("perfwright.sampler")]?.end()'

/** What `readSampler` answers. */
export interface NodeSample {
  readonly seconds: number
  readonly utilization: number
  /** p50, p99, max of the event loop's delay in ms; null when the loop was blocked all the time. */
  readonly delays: readonly [number, number, number] | null
  readonly gc: { readonly ms: number; readonly max: number; readonly minor: number; readonly major: number }
  readonly afterGc?: number
  /** Used, limit, external; bytes. */
  readonly heap: readonly [number, number, number]
  readonly spaces: readonly (readonly [string, number])[]
  readonly handles: Readonly<Record<string, number>>
  readonly poolLag?: number
  /** What this sample cost. */
  readonly tookMs: number
}

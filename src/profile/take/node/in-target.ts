/** JavaScript that runs in the profiled process, as text: its clock and timers are that process's own. */

/** If we die, the process closes its inspector by itself after so long without a sign of us. */
export const watchdogMs = 15_000

/** Ends the inspector when nobody has called for a while, and then leaves no trace. */
export const watchdog: string = `(() => {
  const key = Symbol.for('perfwright.watchdog')
  const inspector = process.getBuiltinModule ? process.getBuiltinModule('inspector') : require('inspector')
  let last = Date.now()
  const end = () => {
    clearInterval(timer)
    delete globalThis[key]
    setTimeout(() => inspector.close(), 50).unref()
  }
  const timer = setInterval(() => { if (Date.now() - last > ${watchdogMs}) end() }, 1000)
  timer.unref()
  globalThis[key] = { beat: () => { last = Date.now() }, end }
})()`

/** Wall clock and the clock with which V8 stamps its samples (that of process.hrtime), read together. */
export const clocks = '({ unixMs: Date.now(), us: Number(process.hrtime.bigint() / 1000n) })'

/** JavaScript that runs in the profiled process, as text: its clock and timers are that process's own. */

/** If we die, the process closes its inspector by itself after so long without a sign of us. */
export const watchdogMs = 15_000

/**
 * Ends the inspector when nobody has called for a while, and then leaves no trace. Several clients may share it (an
 * observer and a profiler): the last one to leave closes the inspector.
 */
export const watchdog: string = `(() => {
  const key = Symbol.for('perfwright.watchdog')
  if (globalThis[key]) return void globalThis[key].clients++
  const inspector = process.getBuiltinModule ? process.getBuiltinModule('inspector') : require('inspector')
  let last = Date.now()
  const close = () => {
    clearInterval(timer)
    delete globalThis[key]
    setTimeout(() => inspector.close(), 50).unref()
  }
  const timer = setInterval(() => { if (Date.now() - last > ${watchdogMs}) close() }, 1000)
  timer.unref()
  globalThis[key] = {
    clients: 1,
    beat: () => { last = Date.now() },
    end() { if (--this.clients <= 0) close() },
  }
})()`

/** Joins the watchdog of another of our clients. False when there is none: a person has opened the inspector, and it stays. */
export const joinWatchdog = `(() => {
  const dog = globalThis[Symbol.for('perfwright.watchdog')]
  if (dog) dog.clients++
  return dog !== undefined
})()`

/** Leaves the usual port to the next process that is asked by signal. Our connection has to end first: closing waits for it. */
export const moveInspector: string = `(() => {
  const inspector = process.getBuiltinModule ? process.getBuiltinModule('inspector') : require('inspector')
  setTimeout(() => { inspector.close(); inspector.open(0, '127.0.0.1') }, 50)
})()`

/** Wall clock and the clock with which V8 stamps its samples (that of process.hrtime), read together. */
export const clocks = '({ unixMs: Date.now(), us: Number(process.hrtime.bigint() / 1000n) })'

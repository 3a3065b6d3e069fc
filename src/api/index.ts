/**
 * perfwright as a library: run a compiled script, watch it, read its result.
 *
 * @example
 * const source = await loadScript('script.js', process.cwd(), process.stdin)
 * const run = new TestRun({ compiled: compileScript(source, { cacheDir }), ... }, observer)
 * const result = await run.run(() => undefined)
 */
export { inspectScript } from './inspect-script.js'
export { loadScript } from './load-script.js'
export { type RunControl, RunState, type RunStatus } from './run-control.js'
export { type RunObserver, type RunPlan, type RunRequest, type RunResult, TestRun } from './run-test.js'
export { compileScript, type CompiledScript } from '#script/index.js'
export { systemClock } from '#base/clock.js'

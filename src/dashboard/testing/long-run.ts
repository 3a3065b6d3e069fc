/**
 * A dashboard over a simulated run: so many hours are taken in at once, then it goes on second by second. Prints one
 * JSON line when it can be opened. `node long-run.js HOURS ENDPOINTS ACTIVE`
 */
import { systemClock } from '#base/clock.js'
import { answering } from '../routes.js'
import { startServer } from '../server.js'
import { LiveSession, type RunView } from '../session.js'
import { simulatedRun } from './simulated-run.js'

const [hours = 6, endpoints = 500, activeEach = 100] = process.argv.slice(2).map(Number)
const NO = 'this run is simulated'
const view: RunView = {
  progress: () => ({
    phase: 'running',
    paused: false,
    scenarios: [],
    thresholds: [],
    controls: { stop: NO, pause: NO, resume: NO, scale: NO, vus: null, maxVus: null },
  }),
  control: async () => {},
  annotate: () => {},
}
const session = new LiveSession(
  {
    name: 'six hours',
    script: 'simulated.js',
    engine: 'simulated',
    startedUnixMs: systemClock.unixMs(),
    record: 'simulated',
    totalS: hours * 3600 + 600,
    scenarios: [],
    source: 'run',
    stays: true,
  },
  view,
)
const seconds = simulatedRun({ endpoints, activeEach })
const metrics = Array.from({ length: 25 }, (_, i) => `metric_${i}_${['ratio', 'ms', 'bytes', 'per_s', 'count'][i % 5]}`)
let n = 0

function second(isLive: boolean): void {
  const next = seconds.next()
  if (next.done === true) return
  for (const part of ['host', 'target', 'node', 'postgres'])
    session.observed(part, Object.fromEntries(metrics.map((name, i) => [name, Math.abs(Math.sin(n / 50 + i)) + 0.01])))
  session.observed('injector', { cpu_ratio: 0.4, event_loop_lag_p99_ms: 2 })
  n++
  if (isLive) session.window(next.value.batch, next.value.time)
  else session.take(next.value.batch, next.value.time)
}

while (n < hours * 3600) second(false)
const server = await startServer(
  { address: '127.0.0.1:0', allowRemote: false, isMain: true },
  answering({
    version: 'test',
    clock: systemClock,
    run: session,
    shelf: undefined,
    follower: undefined,
    starter: undefined,
  }),
)
const live = (): void => {
  second(true)
  systemClock.coarseAt(systemClock.nowNs() + 1e9, live)
}
live()
const { heapUsed, arrayBuffers } = process.memoryUsage()
process.stdout.write(`${JSON.stringify({ url: server.url, heapUsed, arrayBuffers })}\n`)

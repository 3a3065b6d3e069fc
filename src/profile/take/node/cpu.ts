/**
 * V8's sampling CPU profiler over the inspector, in chunks: what was taken survives a target that is killed. Worker
 * threads are profiled too, each with its name as a label.
 */
import type { Profile } from '../../model.js'
import { concat } from '../../concat.js'
import { readCpuProfile } from '../../read/v8.js'
import type { TakeOptions, Taken } from '../types.js'
import type { AttachedNode } from './attach.js'
import { clocks } from './in-target.js'
import { SourceMaps } from './source-maps.js'
import type { InspectorSession } from './session.js'
import { WorkerSessions } from './workers.js'

/** 10 ms: +0.9 % CPU [0.5, 1.0] on fixed work; 1 ms, DevTools' rate, is +5.4 %. */
const defaultRateHz = 100
const chunkMs = 5000

/** What a session of the main thread and of a worker have in common. */
export type Sender = Pick<InspectorSession, 'send'>

export async function takeNodeCpu({ session, version }: AttachedNode, options: TakeOptions): Promise<Taken> {
  const { clock, signal } = options
  const rateHz = options.rateHz ?? defaultRateHz
  const workers = await WorkerSessions.open(session, clock)
  const raw: { name: string; bytes: Uint8Array }[] = []
  const profiles: Profile[] = []
  const maps = new SourceMaps()
  const offset = await wallClockOffsetMs(session)
  const until = clock.nowNs() + options.durationMs * 1e6
  let partial: string | undefined
  let chunks = 0
  // A process that ends waits for us; whatever stands in the profiler then is the last chunk.
  let ending = false
  const stopped = new Promise<void>((resolve) => {
    session.on('NodeRuntime.waitingForDisconnect', () => {
      ending = true
      resolve()
    })
    signal.addEventListener('abort', () => resolve(), { once: true })
    void session.ended.then(resolve)
  })
  const keep = async (json: unknown, thread: string): Promise<void> => {
    const name = `${thread === 'main' ? 'node' : thread}-${chunks++}.cpuprofile`
    const bytes = new TextEncoder().encode(JSON.stringify(json))
    const profile = await maps.apply(readCpuProfile(json, name, offset), thread)
    if (options.onChunk === undefined) {
      raw.push({ name, bytes })
      profiles.push(profile)
      return
    }
    const fromUnixMs = profile.startedUnixMs ?? clock.unixMs()
    const toUnixMs = fromUnixMs + (profile.durationNs ?? 0) / 1e6
    options.onChunk({ profile, raw: [{ name, bytes }], fromUnixMs, toUnixMs })
  }
  await start(session, rateHz)
  const threads = new Map<string, Sender>([['main', session]])
  for (let done = false; !done; ) {
    for (const [name, worker] of workers.sessions) {
      if (threads.has(name)) continue
      threads.set(name, worker)
      await start(worker, rateHz).catch(() => undefined)
    }
    const left = (until - clock.nowNs()) / 1e6
    await Promise.race([stopped, wait(clock, Math.min(options.chunkMs ?? chunkMs, left))])
    done = ending || signal.aborted || session.closed || clock.nowNs() >= until
    for (const [name, thread] of threads) {
      try {
        // The answer of a thread in a long native call comes after it.
        const { profile } = await thread.send<{ profile: unknown }>('Profiler.stop', {}, 30_000)
        if (!done) await thread.send('Profiler.start')
        await keep(profile, name)
      } catch (error) {
        threads.delete(name)
        if (name === 'main') {
          done = true
          partial = `the process ended or stopped answering (${(error as Error).message}); the last chunk of up to ${chunkMs / 1000} s is lost`
        }
      }
    }
  }
  if (partial === undefined && (ending || session.closed)) partial = 'the process ended'
  if (partial === undefined && signal.aborted) partial = 'it was stopped'
  if (ending) session.close()
  return {
    profile: concat(profiles, { period: { type: { type: 'wall', unit: 'nanoseconds' }, every: 1e9 / rateHz } }),
    runtime: 'node',
    method: `V8's sampler by the inspector, every ${1000 / rateHz} ms (Node ${version})`,
    raw,
    partial,
  }
}

async function start(sender: Sender, rateHz: number): Promise<void> {
  await sender.send('Profiler.enable')
  await sender.send('Profiler.setSamplingInterval', { interval: Math.round(1e6 / rateHz) })
  await sender.send('Profiler.start')
}

/** V8 stamps samples with the clock of process.hrtime, in microseconds. */
async function wallClockOffsetMs(session: InspectorSession): Promise<number> {
  const { unixMs, us } = await session.evaluate<{ unixMs: number; us: number }>(clocks)
  return unixMs - us / 1000
}

function wait(clock: TakeOptions['clock'], ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.nowNs() + Math.max(0, ms) * 1e6, resolve))
}

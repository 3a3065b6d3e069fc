/** V8's sampling heap profiler: what was allocated and lives (`heap`), or all that was allocated (`alloc`). */
import type { Cancel } from '#base/clock.js'
import { readHeapProfile } from '../../read/v8.js'
import type { TakeOptions, Taken } from '../types.js'
import type { AttachedNode } from './attach.js'
import { SourceMaps } from './source-maps.js'

/** 512 KiB: +0.9 % CPU [0.4, 1.7]; 32 KiB is +5.5 %. */
const intervalBytes = 512 * 1024

export async function takeNodeHeap({ session, version }: AttachedNode, options: TakeOptions): Promise<Taken> {
  const { clock, signal, kind } = options
  const dead = kind === 'alloc'
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.startSampling', {
    samplingInterval: intervalBytes,
    includeObjectsCollectedByMajorGC: dead,
    includeObjectsCollectedByMinorGC: dead,
  })
  let ending = false
  let cancel: Cancel | undefined
  await Promise.race([
    new Promise<void>((resolve) => {
      cancel = clock.at(clock.nowNs() + options.durationMs * 1e6, resolve)
    }),
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      session.on('NodeRuntime.waitingForDisconnect', () => {
        ending = true
        resolve()
      })
      void session.ended.then(resolve)
    }),
  ])
  // The timer of a profile that was stopped early would keep our own process alive until it is due.
  cancel?.()
  const { profile: json } = await session.send<{ profile: unknown }>('HeapProfiler.stopSampling', {}, 30_000)
  if (ending) session.close()
  return {
    profile: await new SourceMaps().apply(readHeapProfile(json, 'node.heapprofile'), 'main'),
    runtime: 'node',
    method: `V8's heap sampler by the inspector, every ${intervalBytes / 1024} KiB (Node ${version})`,
    raw: [{ name: 'node.heapprofile', bytes: new TextEncoder().encode(JSON.stringify(json)) }],
    partial: ending ? 'the process ended' : signal.aborted ? 'it was stopped' : undefined,
  }
}

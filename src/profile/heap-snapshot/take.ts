import { type FileHandle, open } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import type { Clock } from '#base/clock.js'
import { unusable } from '../take/errors.js'
import { attachNode } from '../take/node/attach.js'
import { inspectProcess } from '../take/process.js'

/** V8 builds the snapshot beside the heap, so memory about doubles (47 MB heap: RSS 117 to 212 MB; 669 MB: 1095 to 2252). */
const memoryFactor = 1.5
/** Measured on a busy machine: 37 to 75 ms of standstill for each MB of heap. */
const stallMsPerMb = { low: 37, high: 75 }

export interface SnapshotCost {
  readonly heapBytes: number
  readonly stallS: { readonly low: number; readonly high: number }
}

/**
 * Writes a heap snapshot of a running Node process to a file. The process stands still meanwhile.
 * @param tell  called with what it will cost, before it begins
 * @throws PW_PROFILE_MEMORY when the machine or the process's control group has too little memory for it
 */
export async function takeSnapshot(
  pid: number,
  file: string,
  options: { readonly clock: Clock; readonly tell: (cost: SnapshotCost) => void },
): Promise<number> {
  const target = inspectProcess(pid)
  if (target.runtime !== 'node') {
    throw unusable(
      'PW_PROFILE_RUNTIME',
      `Process ${pid} is not Node: only Node has heap snapshots.`,
      'perfwright profile --kind heap --pid PID',
    )
  }
  const rss = residentBytes(pid)
  const available = availableBytes(pid)
  if (available !== undefined && rss !== undefined && available < memoryFactor * rss) {
    throw unusable(
      'PW_PROFILE_MEMORY',
      `A snapshot of process ${pid} needs about ${mb(memoryFactor * rss)} MB of free memory, and ${mb(available)} MB are free: the system would end it.`,
      'free memory or raise the limit; perfwright profile --kind heap needs next to none',
    )
  }
  const attached = await attachNode(target, options.clock)
  let out: FileHandle | undefined
  try {
    const { session } = attached
    const heapBytes = await session.evaluate<number>('process.memoryUsage().heapUsed')
    const megabytes = heapBytes / 2 ** 20
    const stallS = { low: (megabytes * stallMsPerMb.low) / 1000, high: (megabytes * stallMsPerMb.high) / 1000 }
    options.tell({ heapBytes, stallS })
    const handle = (out = await open(file, 'w'))
    let written = 0
    let writing: Promise<unknown> = Promise.resolve()
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      const bytes = Buffer.from(String(chunk))
      written += bytes.length
      writing = writing.then(() => handle.write(bytes))
    })
    await session.send('HeapProfiler.enable')
    await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false }, Math.max(60_000, stallS.high * 4000))
    await writing
    return written
  } finally {
    await out?.close()
    await attached.detach()
  }
}

function residentBytes(pid: number): number | undefined {
  const kb = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return kb === undefined ? undefined : Number(kb) * 1024
}

/** What is left on the machine, or in the process's control group where that is less (cgroup v2). */
function availableBytes(pid: number): number | undefined {
  const kb = /^MemAvailable:\s+(\d+)/m.exec(read('/proc/meminfo') ?? '')?.[1]
  const machine = kb === undefined ? undefined : Number(kb) * 1024
  const group = /^0::(.*)$/m.exec(read(`/proc/${pid}/cgroup`) ?? '')?.[1]
  const max = Number(read(`/sys/fs/cgroup${group}/memory.max`)?.trim())
  const current = Number(read(`/sys/fs/cgroup${group}/memory.current`)?.trim())
  if (group === undefined || !Number.isFinite(max) || !Number.isFinite(current)) return machine
  return Math.min(machine ?? max, max - current)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function mb(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString('en-US')
}

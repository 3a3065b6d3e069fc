/** Node from outside: the inspector is opened by signal, a small sampler put in, and both taken away again. */
import type { Clock } from '#base/clock.js'
import { type AttachedNode, attachNode } from '#profile/take/node/attach.js'
import { inspectProcess } from '#profile/take/process.js'
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../types.js'
import { endSampler, type NodeSample, readSampler, startSampler } from './node-sampler.js'

const maxHandleTypes = 30

export class NodeCollector implements Collector {
  readonly part = 'node'
  readonly describes: string
  readonly costly = false
  readonly #pid: number
  #attached: AttachedNode | undefined
  #clock: Clock | undefined
  #version: string | undefined
  #refused: unknown
  #targetMs = 0
  #reads = 0

  constructor(pid: number) {
    this.#pid = pid
    this.describes = `Node in process ${pid}, by its inspector`
  }

  /** Of Node, once it is open. */
  get version(): string | undefined {
    return this.#version
  }

  async open({ clock }: CollectorContext): Promise<void> {
    this.#clock = clock
    // Each try signals the process, which prints a line: one that cannot be attached to is left alone.
    if (this.#refused !== undefined) throw this.#refused
    const attached = await attachNode(inspectProcess(this.#pid), clock, { forLong: true }).catch((error: unknown) => {
      this.#refused = error
      throw error
    })
    try {
      await attached.session.evaluate(startSampler)
      await attached.session.evaluate(readSampler)
    } catch (error) {
      await attached.detach()
      throw error
    }
    this.#version = attached.version
    this.#attached = attached
  }

  async read(): Promise<Readings> {
    const { session } = this.#attached as AttachedNode
    const clock = this.#clock as Clock
    const askedNs = clock.nowNs()
    const sample = await session.evaluate<NodeSample>(readSampler)
    // A loop that is blocked answers late: the wait for the answer is a delay that it had.
    const waitedMs = (clock.nowNs() - askedNs) / 1e6
    this.#targetMs += sample.tookMs
    this.#reads++
    return readingsOf(sample, waitedMs)
  }

  /** The main thread's time in the sampler; its monitors and the inspector's own work are not in it. */
  cost(): Record<string, number> {
    return { targetCpuMsPerS: this.#targetMs / Math.max(1, this.#reads) }
  }

  async close(): Promise<void> {
    const attached = this.#attached
    this.#attached = undefined
    if (attached === undefined) return
    if (!attached.session.closed) await attached.session.evaluate(endSampler).catch(() => undefined)
    await attached.detach()
  }
}

/** An answer within a few milliseconds says nothing; a longer wait was the loop's. */
const usualAnswerMs = 20

function readingsOf(sample: NodeSample, waitedMs: number): Readings {
  const { delays, gc, seconds, heap, spaces, handles } = sample
  const waited = waitedMs > usualAnswerMs ? waitedMs : 0
  return {
    event_loop_utilization_ratio: Math.min(1, sample.utilization),
    event_loop_lag_p50_ms: delays?.[0],
    event_loop_lag_p99_ms: delays === null ? waited : delays[1],
    event_loop_lag_max_ms: Math.max(delays?.[2] ?? 0, waited),
    gc_ratio: seconds > 0 ? gc.ms / 1000 / seconds : undefined,
    gc_max_ms: gc.max,
    gc_minor_per_s: seconds > 0 ? gc.minor / seconds : undefined,
    gc_major_per_s: seconds > 0 ? gc.major / seconds : undefined,
    heap_used_bytes: heap[0],
    heap_after_gc_bytes: sample.afterGc,
    heap_limit_bytes: heap[1],
    heap_space_bytes: spaces.map(([space, value]) => ({ tags: { space }, value })),
    external_bytes: heap[2],
    active_handles: Object.entries(handles)
      .slice(0, maxHandleTypes)
      .map(([type, value]) => ({ tags: { type }, value })),
    threadpool_lag_ms: sample.poolLag,
  }
}

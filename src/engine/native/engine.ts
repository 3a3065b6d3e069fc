/**
 * The load of one run on any number of threads, as the coordinator sees it: phases as calls, one stream of events.
 * The first worker runs what happens once (init for the options, setup, teardown, handleSummary).
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import inspector from 'node:inspector'
import type { Clock } from '#base/clock.js'
import { createShare } from '#config/index.js'
import type { Options } from '#config/types.js'
import { InstanceTotals, newBoardMemory } from './executors/crew.js'
import { planCrew } from './executors/index.js'
import { IdBook, SampleMerger, WindowMerger } from './merge-windows.js'
import type { LoadedScript, LoadParams, Seed, WorkerCalls, WorkerEvent } from './worker/protocol.js'
import type { LoadEngine } from '../load-engine.js'
import { LoadThread, startThread, type Thread } from './worker/thread.js'

export { ScriptFailure } from './worker/thread.js'

/** Workers begin at one instant, which is this far ahead, so that the message has reached them all. */
const startAheadNs = 5_000_000
/** How long those that are left have to bring home what they measured, when a worker died. */
const lastWordsNs = 2_000_000_000

export class NativeEngine implements LoadEngine {
  readonly name = 'native'
  readonly stopFlag: SharedArrayBuffer = new SharedArrayBuffer(4)
  readonly #clock: Clock
  readonly #onEvent: (event: WorkerEvent) => void
  readonly #threads: LoadThread[] = []
  #totals: InstanceTotals | undefined
  #windows: WindowMerger | undefined
  #samples: SampleMerger | undefined
  #loadParams: LoadParams | undefined
  #isStuck = false

  private constructor(clock: Clock, onEvent: (event: WorkerEvent) => void) {
    this.#clock = clock
    this.#onEvent = onEvent
  }

  /** Starts the first thread, or takes the one that `prestart` brought up. */
  static async start(clock: Clock, onEvent: (event: WorkerEvent) => void): Promise<NativeEngine> {
    const engine = new NativeEngine(clock, onEvent)
    engine.#add(await firstThread())
    return engine
  }

  /** False under a debugger: everything then runs in one thread, so that it shows the script's own lines at once. */
  get canHaveMore(): boolean {
    return inspector.url() === undefined
  }

  get workers(): number {
    return this.#threads.length
  }

  /** Live numbers of all workers; undefined before `divide`. */
  get totals(): InstanceTotals | undefined {
    return this.#totals
  }

  /** The worker that runs setup, teardown and handleSummary is there. */
  get canRunOnce(): boolean {
    return this.#first.alive
  }

  /** Runs the init context once. */
  async load(params: Omit<LoadParams, 'stopFlag'>): Promise<LoadedScript> {
    this.#loadParams = { ...params, stopFlag: this.stopFlag }
    return this.#first.call('load', this.#loadParams)
  }

  /** What the init context read and built, for an engine elsewhere that takes it as `LoadParams.seed`. */
  seed(): Promise<Seed> {
    return this.#first.call('seed', {})
  }

  /** Divides the test over so many workers, the first included. */
  async divide(options: Options, exported: Record<string, unknown>, workers: number): Promise<void> {
    await this.#bringUp(workers)
    const share = createShare(options.executionSegment, options.executionSegmentSequence)
    const plan = planCrew(options.scenarios, share, workers)
    const memory = newBoardMemory(workers, Object.keys(options.scenarios).length)
    const planned = plan.plannedVus.reduce((sum, vus) => sum + vus, 0)
    new Int32Array(memory.vuIds)[0] = planned
    this.#totals = new InstanceTotals(memory, 0)
    const ways = channels(workers)
    await Promise.all(
      this.#threads.map((thread, index) => {
        const peers = ways[index] ?? []
        return thread.call(
          'configure',
          { options, exported, crew: { index, memory, plan, peers } },
          peers.filter((port) => port !== undefined),
        )
      }),
    )
  }

  async initVus(): Promise<void> {
    await this.#all('initVus', {})
  }

  setup(): Promise<{ data: string | undefined }> {
    return this.#first.call('setup', {})
  }

  /**
   * Resolves when every scenario has ended on every worker.
   * @param atNs  instant of the start; at once when left out
   * @throws PW_ENGINE_WORKER_DIED when one died; the others are stopped then, and have told what they measured
   */
  async run(setupData: string | undefined, atNs?: number): Promise<void> {
    const startNs = atNs ?? (this.workers === 1 ? undefined : this.#clock.nowNs() + startAheadNs)
    this.#windows?.expect(this.#threads.keys())
    const runs = this.#threads.map(async (thread, i) => {
      try {
        await thread.call('run', { setupData, startNs })
      } finally {
        this.#windows?.leave(i)
      }
    })
    try {
      await Promise.all(runs)
    } catch (error) {
      this.stop('now', 'a worker failed')
      await this.#atMost(lastWordsNs, Promise.allSettled(runs))
      throw error
    } finally {
      this.#windows?.flush()
    }
  }

  async teardown(data: string | undefined): Promise<void> {
    await this.#first.call('teardown', { data })
  }

  handleSummary(data: string): Promise<{ outputs: Record<string, string | Uint8Array> | undefined }> {
    return this.#first.call('handleSummary', { data })
  }

  /** Brings home what was measured outside of `run`, as far as there is somebody to ask. */
  async drain(): Promise<void> {
    await this.#atMost(lastWordsNs, Promise.allSettled(this.#threads.map((thread) => thread.call('drain', {}))))
    this.#windows?.flush()
  }

  setSetupData(data: string | undefined): Promise<void> {
    return this.#all('setSetupData', { data })
  }

  setPaused(paused: boolean): Promise<void> {
    return this.#all('setPaused', { paused })
  }

  setVus(scenario: string, vus: number, max: number): Promise<void> {
    return this.#all('setVus', { scenario, vus, max })
  }

  /** Tells the load to end. `now` also interrupts what runs, loops that never await included. */
  stop(mode: 'graceful' | 'now', reason: string): void {
    const flag = new Int32Array(this.stopFlag)
    Atomics.store(flag, 0, mode === 'now' ? 2 : Math.max(1, Atomics.load(flag, 0)))
    for (const thread of this.#threads) void thread.call('stop', { mode, reason }).catch(() => {})
  }

  /** Lets setup, teardown and handleSummary run after a stop. */
  clearStop(): void {
    Atomics.store(new Int32Array(this.stopFlag), 0, 0)
  }

  async close(): Promise<void> {
    await this.#atMost(lastWordsNs, Promise.allSettled(this.#threads.map((thread) => thread.call('close', {}))))
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  get #first(): LoadThread {
    return this.#threads[0] as LoadThread
  }

  async #all<K extends 'initVus' | 'setSetupData' | 'setPaused' | 'setVus'>(
    call: K,
    params: Parameters<WorkerCalls[K]>[0],
  ): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.call(call, params)))
  }

  async #bringUp(workers: number): Promise<void> {
    if (workers === 1) return
    const ids = new IdBook()
    this.#windows = new WindowMerger(workers, ids, (window) => this.#onEvent({ type: 'window', window }))
    this.#samples = new SampleMerger(ids)
    for (let i = 1; i < workers; i++) this.#add(startThread())
    const seed = await this.#first.call('seed', {})
    await Promise.all(
      this.#threads.slice(1).map((thread) => thread.call('load', { ...(this.#loadParams as LoadParams), seed })),
    )
  }

  #add(thread: Thread): void {
    const index = this.#threads.length
    this.#threads.push(
      // The pending calls of one that dies are rejected, which ends the run; nobody waits for its windows any more.
      new LoadThread(thread, { event: (event) => this.#hear(index, event), death: () => this.#windows?.leave(index) }),
    )
  }

  #hear(worker: number, event: WorkerEvent): void {
    if (event.type === 'window' && this.#windows !== undefined) this.#windows.add(worker, event.window)
    else if (event.type === 'samples' && this.#samples !== undefined)
      this.#onEvent({ type: 'samples', batch: this.#samples.merge(worker, event.batch) })
    else this.#onEvent(event)
  }

  /** A worker that does not answer must not keep the run from ending. */
  async #atMost(ns: number, work: Promise<unknown>): Promise<void> {
    // One that let us wait in vain is not waited for again.
    const waitNs = this.#isStuck ? 0 : ns
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.coarseAt(this.#clock.nowNs() + waitNs, () => {
        this.#isStuck = true
        resolve()
      })
      void work.then(() => {
        cancel()
        resolve()
      })
    })
  }
}

/**
 * Brings the first load thread up while the command line is still being read and the script compiled: on two cores that
 * takes the thread's start out of the time to the first request. It does not keep the process alive.
 */
export function prestart(): void {
  if (early !== undefined || inspector.url() !== undefined) return
  const thread = startThread()
  thread.worker.unref()
  early = thread
}

let early: Thread | undefined

async function firstThread(): Promise<Thread> {
  if (inspector.url() !== undefined) {
    const { port1, port2 } = new MessageChannel()
    const { serve } = await import('./worker/body.js')
    serve(port2)
    return { port: port1, worker: undefined }
  }
  const thread = early ?? startThread()
  early = undefined
  thread.worker?.ref()
  return thread
}

/** A port from each worker to each other. */
function channels(workers: number): (MessagePort | undefined)[][] {
  const ports: (MessagePort | undefined)[][] = Array.from({ length: workers }, () => [])
  for (let a = 0; a < workers; a++) {
    for (let b = a + 1; b < workers; b++) {
      const { port1, port2 } = new MessageChannel()
      ;(ports[a] as MessagePort[])[b] = port1
      ;(ports[b] as MessagePort[])[a] = port2
    }
  }
  return ports
}

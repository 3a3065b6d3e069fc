/**
 * The coordinator's handle on a load worker: typed calls, events as callbacks, and an end that always comes.
 */
import { type MessagePort, MessageChannel, Worker } from 'node:worker_threads'
import inspector from 'node:inspector'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { packageRoot } from '#base/package-root.js'
import type { FromWorker, WorkerCalls, WorkerEvent, WorkerFailure } from './worker/protocol.js'

type Params<K extends keyof WorkerCalls> = Parameters<WorkerCalls[K]>[0]
type Result<K extends keyof WorkerCalls> = ReturnType<WorkerCalls[K]>

/** A phase of the script failed; the coordinator decides the exit code from `failure.kind` and `failure.phase`. */
export class ScriptFailure extends Error {
  readonly failure: WorkerFailure

  constructor(failure: WorkerFailure) {
    super(failure.message)
    this.failure = failure
  }
}

export class NativeEngine {
  readonly stopFlag: SharedArrayBuffer = new SharedArrayBuffer(4)
  readonly #port: MessagePort
  readonly #worker: Worker | undefined
  readonly #onEvent: (event: WorkerEvent) => void
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  #nextId = 1
  #dead: Error | undefined

  private constructor(port: MessagePort, worker: Worker | undefined, onEvent: (event: WorkerEvent) => void) {
    this.#port = port
    this.#worker = worker
    this.#onEvent = onEvent
    port.on('message', (message: FromWorker) => this.#receive(message))
    worker?.on('error', (error) => this.#die(error))
    worker?.on('exit', () => this.#die(new Error('the load worker ended unexpectedly')))
  }

  /** Starts the thread, or takes the one that `prestart` brought up. */
  static async start(onEvent: (event: WorkerEvent) => void): Promise<NativeEngine> {
    // Under a debugger everything runs in one thread, so that `node --inspect` shows the script's own lines at once.
    if (inspector.url() !== undefined) {
      const { port1, port2 } = new MessageChannel()
      const { serve } = await import('./worker/body.js')
      serve(port2)
      return new NativeEngine(port1, undefined, onEvent)
    }
    const { port, worker } = early ?? startThread()
    early = undefined
    worker.ref()
    return new NativeEngine(port, worker, onEvent)
  }

  call<K extends keyof WorkerCalls>(call: K, params: Params<K>): Promise<Result<K>> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    const id = this.#nextId++
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#port.postMessage({ id, call, params })
    }) as Promise<Result<K>>
  }

  /** Tells the load to end. `now` also interrupts what runs, loops that never await included. */
  stop(mode: 'graceful' | 'now', reason: string): void {
    const flag = new Int32Array(this.stopFlag)
    Atomics.store(flag, 0, mode === 'now' ? 2 : Math.max(1, Atomics.load(flag, 0)))
    void this.call('stop', { mode, reason }).catch(() => {})
  }

  /** Lets setup, teardown and handleSummary run after a stop. */
  clearStop(): void {
    Atomics.store(new Int32Array(this.stopFlag), 0, 0)
  }

  async close(): Promise<void> {
    if (this.#dead === undefined) await this.call('close', {}).catch(() => {})
    this.#dead = new Error('the engine is closed')
    this.#port.close()
    await this.#worker?.terminate()
  }

  #receive(message: FromWorker): void {
    if ('event' in message) return this.#onEvent(message.event)
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if ('failure' in message) pending?.reject(new ScriptFailure(message.failure))
    else pending?.resolve(message.result)
  }

  #die(cause: Error): void {
    if (this.#dead !== undefined) return
    this.#dead = new PerfwrightError({
      code: 'PW_ENGINE_WORKER_DIED',
      message: `The thread that ran the load ended: ${cause.message}`,
      fix: 'what was measured until then is in the record; if memory ran out, use fewer VUs or `discardResponseBodies`',
      exitCode: ExitCode.partialData,
      cause,
    })
    for (const { reject } of this.#pending.values()) reject(this.#dead)
    this.#pending.clear()
  }
}

/**
 * Brings the load thread up while the command line is still being read and the script compiled: on two cores that
 * takes the thread's start out of the time to the first request. It does not keep the process alive.
 */
export function prestart(): void {
  if (early !== undefined || inspector.url() !== undefined) return
  early = startThread()
  early.worker.unref()
}

let early: Thread | undefined

interface Thread {
  readonly port: MessagePort
  readonly worker: Worker
}

function startThread(): Thread {
  // Thousands of waiting VUs outlive the young generation and become garbage in the old one, which V8 by default lets
  // grow several times over before it looks: 39 KB a VU at 9,000 VUs, and 14 KB with these two, at no cost in speed.
  setFlagsFromString('--heap-growing-percent=30')
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(join(packageRoot(), 'dist', 'engine', 'native', 'worker', 'entry.js'), {
    workerData: { port: port2 },
    transferList: [port2],
    name: 'load',
    resourceLimits: { maxYoungGenerationSizeMb: 12 },
  })
  return { port: port1, worker }
}

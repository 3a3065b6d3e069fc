/** One load worker as the coordinator sees it: typed calls, events as callbacks, and an end that always comes. */
import { type MessagePort, MessageChannel, Worker } from 'node:worker_threads'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { packageRoot } from '#base/package-root.js'
import type { FromWorker, WorkerCalls, WorkerEvent, WorkerFailure } from './protocol.js'

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

export class LoadThread {
  readonly #port: MessagePort
  readonly #worker: Worker | undefined
  readonly #onEvent: (event: WorkerEvent) => void
  readonly #onDeath: () => void
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  #nextId = 1
  #dead: Error | undefined

  constructor(
    { port, worker }: Thread,
    on: { readonly event: (event: WorkerEvent) => void; readonly death: () => void },
  ) {
    this.#port = port
    this.#worker = worker
    this.#onEvent = on.event
    this.#onDeath = on.death
    port.on('message', (message: FromWorker) => this.#receive(message))
    worker?.on('error', (error) => this.#die(error))
    worker?.on('exit', (code) => this.#die(new Error(`it ended unexpectedly (exit code ${code})`)))
  }

  get alive(): boolean {
    return this.#dead === undefined
  }

  /** @throws ScriptFailure, or PW_ENGINE_WORKER_DIED when the thread ends before it answers */
  call<K extends keyof WorkerCalls>(
    call: K,
    params: Params<K>,
    transfer: readonly MessagePort[] = [],
  ): Promise<Result<K>> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    const id = this.#nextId++
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#port.postMessage({ id, call, params }, transfer)
    }) as Promise<Result<K>>
  }

  async close(): Promise<void> {
    this.#dead ??= new Error('the engine is closed')
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
    const error = new PerfwrightError({
      code: 'PW_ENGINE_WORKER_DIED',
      message: `A thread that ran the load died: ${cause.message}`,
      fix: 'what was measured until then is in the record; if memory ran out, use fewer VUs, `discardResponseBodies` or more machines',
      exitCode: ExitCode.partialData,
      cause,
    })
    this.#dead = error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    this.#onDeath()
  }
}

export interface Thread {
  readonly port: MessagePort
  /** Undefined when the load runs in the coordinator's thread. */
  readonly worker: Worker | undefined
}

export function startThread(): Thread & { readonly worker: Worker } {
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

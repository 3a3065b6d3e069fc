/** Sessions of the worker threads of a Node process (protocol domain NodeWorker). */
import type { Clock } from '#base/clock.js'
import type { Sender } from './cpu.js'
import type { InspectorSession } from './session.js'

export class WorkerSessions {
  readonly #sessions = new Map<string, Sender>()

  /** Workers by name; grows as the process starts more of them. */
  get sessions(): ReadonlyMap<string, Sender> {
    return this.#sessions
  }

  static async open(session: InspectorSession, clock: Clock): Promise<WorkerSessions> {
    const workers = new WorkerSessions()
    const channels = new Map<string, WorkerChannel>()
    session.on('NodeWorker.attachedToWorker', (params) => {
      const id = String(params.sessionId)
      const info = params.workerInfo as { readonly workerId?: string } | undefined
      const channel = new WorkerChannel(session, id, clock)
      channels.set(id, channel)
      workers.#sessions.set(`worker ${info?.workerId ?? id}`, channel)
    })
    session.on('NodeWorker.receivedMessageFromWorker', (params) => {
      channels.get(String(params.sessionId))?.receive(String(params.message))
    })
    session.on('NodeWorker.detachedFromWorker', (params) => {
      channels.get(String(params.sessionId))?.end()
      channels.delete(String(params.sessionId))
    })
    await session.send('NodeWorker.enable', { waitForDebuggerOnStart: false }).catch(() => undefined)
    return workers
  }
}

class WorkerChannel implements Sender {
  readonly #session: InspectorSession
  readonly #id: string
  readonly #clock: Clock
  readonly #pending = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >()
  #nextId = 1
  #ended = false

  constructor(session: InspectorSession, id: string, clock: Clock) {
    this.#session = session
    this.#id = id
    this.#clock = clock
  }

  async send<T = Record<string, unknown>>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    timeoutMs = 10_000,
  ): Promise<T> {
    if (this.#ended) throw new Error('the worker ended')
    const id = this.#nextId++
    const answer = new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.at(this.#clock.nowNs() + timeoutMs * 1e6, () =>
        reject(new Error('the worker did not answer')),
      )
      this.#pending.set(id, {
        resolve: (value) => {
          cancel()
          resolve(value as T)
        },
        reject: (error) => {
          cancel()
          reject(error)
        },
      })
    })
    await this.#session.send('NodeWorker.sendMessageToWorker', {
      sessionId: this.#id,
      message: JSON.stringify({ id, method, params }),
    })
    return answer
  }

  receive(text: string): void {
    const message = JSON.parse(text) as {
      readonly id?: number
      readonly result?: unknown
      readonly error?: { readonly message: string }
    }
    if (message.id === undefined) return
    const waiting = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (message.error === undefined) waiting?.resolve(message.result)
    else waiting?.reject(new Error(message.error.message))
  }

  end(): void {
    this.#ended = true
    for (const { reject } of this.#pending.values()) reject(new Error('the worker ended'))
    this.#pending.clear()
  }
}

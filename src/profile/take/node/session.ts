/** A connection to V8's inspector: the Chrome DevTools Protocol over a WebSocket (chromedevtools.github.io). */
import type { RawData, WebSocket } from 'ws'
import type { Clock } from '#base/clock.js'
import { unusable } from '../errors.js'

/** Messages of a profile may be large; nothing honest is larger than this. */
const maxMessageBytes = 1 << 30

export class InspectorSession {
  readonly #socket: WebSocket
  readonly #clock: Clock
  readonly #pending = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >()
  readonly #listeners = new Map<string, (params: Record<string, unknown>) => void>()
  #nextId = 1
  #closed = false
  /** Resolves when the connection ends, whoever ended it. */
  readonly ended: Promise<void>

  private constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#closed = true
        for (const { reject } of this.#pending.values()) reject(new Error('the connection to the inspector ended'))
        this.#pending.clear()
        resolve()
      })
    })
    socket.on('message', (data) => this.#onMessage(data))
    socket.on('error', () => socket.terminate())
  }

  /** @param url  `ws://127.0.0.1:9229/<id>` */
  static async open(url: string, clock: Clock): Promise<InspectorSession> {
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(url, { maxPayload: maxMessageBytes, perMessageDeflate: false, handshakeTimeout: 5000 })
    const session = new InspectorSession(socket, clock)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve())
      socket.once('error', (error: Error) => reject(error))
    })
    return session
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @param timeoutMs  a main thread in a native or synchronous call answers only afterwards */
  send<T = Record<string, unknown>>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    timeoutMs = 10_000,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the connection to the inspector ended'))
    const id = this.#nextId++
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.at(this.#clock.nowNs() + timeoutMs * 1e6, () => {
        this.#pending.delete(id)
        reject(
          unusable(
            'PW_PROFILE_NO_ANSWER',
            `The process did not answer "${method}" within ${timeoutMs / 1000} s: its main thread is in a native or synchronous call, or stands in a debugger.`,
            'wait for the call to end; `perf record -p PID` sees native code',
          ),
        )
      })
      this.#pending.set(id, {
        resolve: (value) => {
          timer()
          resolve(value as T)
        },
        reject: (error) => {
          timer()
          reject(error)
        },
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  on(event: string, listener: (params: Record<string, unknown>) => void): void {
    this.#listeners.set(event, listener)
  }

  /** Runs an expression in the process and answers its value, by value. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{
      result: { value: T }
      exceptionDetails?: { text: string; exception?: { description?: string } }
    }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true, includeCommandLineAPI: true })
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    }
    return result.value
  }

  close(): void {
    this.#socket.close()
  }

  #onMessage(data: RawData): void {
    let message: {
      readonly id?: number
      readonly result?: unknown
      readonly error?: { readonly message: string }
      readonly method?: string
      readonly params?: Record<string, unknown>
    }
    try {
      message = JSON.parse(String(data)) as typeof message
    } catch {
      return
    }
    if (message.id === undefined) {
      if (message.method !== undefined) this.#listeners.get(message.method)?.(message.params ?? {})
      return
    }
    const waiting = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (message.error === undefined) waiting?.resolve(message.result)
    else waiting?.reject(new Error(message.error.message))
  }
}

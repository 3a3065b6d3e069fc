/**
 * Brings messages to the stream one after the other, each until the server has it: the server's word may be lost while
 * the message was kept, so every one has an id under which a resend counts once.
 */
import type { Clock } from '#base/clock.js'
import type { Bus } from '../bus.js'
import { sleep } from '../sleep.js'

const RETRY_NS = 200e6
const PATIENCE_MS = 2000

export class Publisher {
  readonly #bus: Bus
  readonly #clock: Clock
  readonly #subject: string
  readonly #id: string
  readonly #queue: Uint8Array[] = []
  #next = 0
  #running: Promise<void> | undefined
  #closed = false
  #oldestNs: number | undefined
  /** Sent more than once, because no answer came. */
  resent = 0

  /** @param id  what message ids begin with; one publisher has it for itself */
  constructor(bus: Bus, clock: Clock, subject: string, id: string) {
    this.#bus = bus
    this.#clock = clock
    this.#subject = subject
    this.#id = id
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** How long the first in the queue has waited. */
  get waitedNs(): number {
    return this.#oldestNs === undefined ? 0 : this.#clock.nowNs() - this.#oldestNs
  }

  add(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  /** Resolves when the server has all of it, or `close` was called. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** What waits is given up. */
  close(): void {
    this.#closed = true
  }

  async #run(): Promise<void> {
    for (;;) {
      const bytes = this.#queue[0]
      if (bytes === undefined || this.#closed) break
      this.#oldestNs = this.#clock.nowNs()
      await this.#send(bytes)
      this.#queue.shift()
      this.#next++
    }
    this.#oldestNs = undefined
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const msgID = `${this.#id}.${this.#next}`
    while (!this.#closed) {
      try {
        await this.#bus.js.publish(this.#subject, bytes, { msgID, timeout: PATIENCE_MS })
        return
      } catch {
        // No server, no leader, no answer: all of it passes, or the isolation limit ends the load.
        this.resent++
        await sleep(this.#clock, RETRY_NS)
      }
    }
  }
}

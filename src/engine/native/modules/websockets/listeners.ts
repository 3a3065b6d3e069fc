/** The listeners of one WebSocket: `on...` first, then those added, in order. */
import { callHandler, callHandlers } from '../ws/handler-queue.js'

export type EventName = 'open' | 'message' | 'error' | 'close' | 'ping' | 'pong'
export type Listener = (...event: unknown[]) => unknown

export const eventNames: readonly EventName[] = ['message', 'error', 'open', 'close', 'ping', 'pong']

export class Listeners {
  readonly #on = new Map<EventName, Listener>()
  readonly #added = new Map<EventName, Listener[]>()

  /** @param listener  undefined takes it away */
  setOn(name: EventName, listener: Listener | undefined): void {
    if (listener === undefined) this.#on.delete(name)
    else this.#on.set(name, listener)
  }

  getOn(name: EventName): Listener | undefined {
    return this.#on.get(name)
  }

  add(name: EventName, listener: Listener): void {
    const added = this.#added.get(name)
    if (added === undefined) this.#added.set(name, [listener])
    else added.push(listener)
  }

  has(name: EventName): boolean {
    return this.#on.has(name) || this.#added.has(name)
  }

  /**
   * Calls all listeners of an event, each after the one before it has ended.
   * @returns a promise when one of them blocks
   * @throws  what a listener throws; those after it are not called
   */
  call(name: EventName, event: object): unknown {
    const on = this.#on.get(name)
    const added = this.#added.get(name)
    if (on === undefined && added === undefined) return undefined
    if (added === undefined) return callHandler(on as Listener, [event])
    return callHandlers(on === undefined ? added.slice() : [on, ...added], [event])
  }
}

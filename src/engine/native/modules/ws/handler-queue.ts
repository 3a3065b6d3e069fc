/**
 * Runs a script's handlers one at a time while a call hosts them (`ws.connect`, `sse.open`, `stream`): one that blocks
 * holds back what comes after it, as in k6, where all of this is one loop.
 */
import { isPersonsAsync } from '#script/index.js'
import type { VuScope } from '../../types.js'

export type Handler = (...args: unknown[]) => unknown
type Step = () => unknown

export interface QueueOwner {
  /** After every step: true ends the queue. */
  settled(): boolean
  /** A handler threw; the queue has ended. */
  threw(error: unknown): void
  /** More waits than should: read no more until `resume`. */
  pause(): void
  resume(): void
}

/** Steps that may wait for a handler that blocks before the socket is read no more. */
const maxWaiting = 1000

export class HandlerQueue {
  readonly #vu: VuScope
  readonly #owner: QueueOwner
  #waiting: Step[] = []
  #running = false
  #paused = false
  #over = false

  constructor(vu: VuScope, owner: QueueOwner) {
    this.#vu = vu
    this.#owner = owner
  }

  /** Runs the step now, or after those before it; one that answers a promise is waited for. */
  do(step: Step): void {
    if (this.#over) return
    if (!this.#running) return this.#run(step)
    this.#waiting.push(step)
    if (this.#waiting.length > maxWaiting && !this.#paused) {
      this.#paused = true
      this.#owner.pause()
    }
  }

  /** Nothing runs any more. */
  end(): void {
    this.#over = true
    this.#waiting = []
  }

  /** What a call of the script has set off goes on by itself; an exception in it ends the queue all the same. */
  detach(told: unknown): void {
    if (isThenable(told)) told.then(undefined, this.#onThrow)
  }

  #run(first: Step): void {
    this.#running = true
    let step: Step | undefined = first
    while (step !== undefined) {
      this.#vu.loop.enter()
      let result: unknown
      try {
        result = step()
      } catch (error) {
        return this.#onThrow(error)
      }
      if (isThenable(result)) {
        result.then(this.#goOn, this.#onThrow)
        return
      }
      if (this.#over) return
      if (this.#owner.settled()) return this.end()
      step = this.#waiting.shift()
    }
    this.#running = false
  }

  readonly #goOn = (): void => {
    if (this.#over) return
    if (this.#owner.settled()) return this.end()
    if (this.#paused && this.#waiting.length < maxWaiting / 2) {
      this.#paused = false
      this.#owner.resume()
    }
    const step = this.#waiting.shift()
    if (step === undefined) this.#running = false
    else this.#run(step)
  }

  readonly #onThrow = (error: unknown): void => {
    if (this.#over) return
    this.end()
    this.#owner.threw(error)
  }
}

/** A promise only when the handler blocks: one that the person wrote async answers at once, and k6 does not wait for it. */
export function callHandler(handler: Handler, args: readonly unknown[]): unknown {
  const result = handler.apply(undefined, args as unknown[])
  return isThenable(result) && !isPersonsAsync(handler) ? result : undefined
}

/** Each after the one before it has ended. */
export function callHandlers(handlers: readonly Handler[], args: readonly unknown[], from = 0): unknown {
  for (let i = from; i < handlers.length; i++) {
    const result = callHandler(handlers[i] as Handler, args)
    if (isThenable(result)) return result.then(() => callHandlers(handlers, args, i + 1))
  }
  return undefined
}

export function after(before: unknown, next: () => unknown): unknown {
  return isThenable(before) ? before.then(next) : next()
}

export function isThenable(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/**
 * The event loop of one VU, on top of the worker's. In k6 a blocking call stops the VU's whole JavaScript machine, so
 * while one is under way here, no timer or callback of the same VU may run either; they wait in `#queue`.
 */
import type { Cancel, Clock } from '#base/clock.js'
import type { Interruption } from './interrupt.js'
import type { HeldCall, LoopChannel, Realm, VuLoop } from './types.js'

export class Loop implements VuLoop {
  readonly #clock: Clock
  readonly #Promise: PromiseConstructor
  readonly #Error: ErrorConstructor
  #onIdle: (() => void) | undefined
  readonly #onError: (error: unknown) => void
  readonly #onEnter: () => void
  #interruption: Interruption | undefined
  #blocked = 0
  /** Of `#blocked`, those that let other blocking calls begin. */
  #hosts = 0
  #registered = 0
  #queue: (() => unknown)[] = []
  #drainScheduled = false
  #pending: Set<PendingBlock> | undefined
  #single: PendingBlock | undefined
  #waiting: { readonly pending: PendingBlock; readonly begin: () => void }[] | undefined
  #timers: Map<number, Timer> | undefined
  #nextTimerId = 1
  #generation = 0
  #channels: Set<() => void> | undefined

  /** @param onEnter  called whenever the loop lets the script's code go on */
  constructor(realm: Realm, clock: Clock, onError: (error: unknown) => void, onEnter: () => void = () => {}) {
    this.#Promise = realm.Promise
    this.#Error = realm.Error
    this.#clock = clock
    this.#onError = onError
    this.#onEnter = onEnter
  }

  get interrupted(): boolean {
    return this.#interruption !== undefined
  }

  /** Nothing that could ever let the script go on: a promise that it waits for now is never settled. */
  get isQuiet(): boolean {
    return this.#registered === 0 && this.#blocked === 0 && this.#queue.length === 0
  }

  get isBlocked(): boolean {
    return this.#blocked > 0
  }

  /** Timers that have not fired, as k6 names them: `setTimeout 3`. */
  get pendingTimers(): string[] {
    return this.#timers === undefined ? [] : [...this.#timers].map(([id, { kind }]) => `${kind} ${id}`)
  }

  check(): void {
    if (this.#interruption !== undefined) throw this.#interruption
  }

  block<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => Cancel | void): Promise<T> {
    const Promise = this.#Promise
    if (this.#interruption !== undefined) return Promise.reject(this.#interruption) as Promise<T>
    return new Promise<T>((resolve, reject) => {
      const pending: PendingBlock = { done: false, reject, cancel: undefined, hosts: false }
      this.#blocked++
      this.#track(pending)
      const begin = (): void => this.#begin(pending, start, resolve)
      // k6's machine stands still while a call blocks, so a second one (from another of the script's async functions)
      // can only come after it: its requests leave one after the other.
      if (this.#blocked - this.#hosts > 1) (this.#waiting ??= []).push({ pending, begin })
      else begin()
    })
  }

  hold<T>(call: HeldCall<T>): Promise<T> | undefined {
    if (this.#blocked > 0 || this.#interruption !== undefined || !call.done) return undefined
    this.#blocked++
    call.done = false
    this.#track(call)
    return new this.#Promise<T>(call.capture)
  }

  resolveHeld<T>(call: HeldCall<T>, value: T): void {
    if (call.done) return
    const { resolve } = call
    this.#letGo(call)
    resolve(value)
  }

  rejectHeld<T>(call: HeldCall<T>, error: unknown): void {
    if (call.done) return
    const { resolve, reject } = call
    this.#letGo(call)
    this.#reject(error, resolve, reject)
  }

  host<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => Cancel | void): Promise<T> {
    const Promise = this.#Promise
    if (this.#interruption !== undefined) return Promise.reject(this.#interruption) as Promise<T>
    return new Promise<T>((resolve, reject) => {
      const pending: PendingBlock = { done: false, reject, cancel: undefined, hosts: true }
      this.#blocked++
      this.#hosts++
      this.#track(pending)
      this.#begin(pending, start, resolve)
    })
  }

  enter(): void {
    this.#onEnter()
  }

  #begin<T>(
    pending: PendingBlock,
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => Cancel | void,
    resolve: (value: T | PromiseLike<T>) => void,
  ): void {
    const { reject } = pending
    const cancel = start(
      (value) => {
        if (pending.done) return
        this.#settle(pending)
        resolve(value)
      },
      (error) => {
        if (pending.done) return
        this.#settle(pending)
        this.#reject(error, resolve, reject)
      },
    )
    if (!pending.done && typeof cancel === 'function') pending.cancel = cancel
  }

  #reject<T>(error: unknown, resolve: (value: T | PromiseLike<T>) => void, reject: (error: unknown) => void): void {
    // An error made in a socket's callback knows nothing of the script. V8 follows promises when a stack is
    // taken inside a reaction, and so finds who waits: k6 prints these frames too.
    if (error instanceof Error || error instanceof this.#Error) resolve(this.#traced(error))
    else reject(error)
  }

  register(): (callback: () => unknown) => void {
    this.#registered++
    const generation = this.#generation
    let used = false
    return (callback) => {
      // What an ended iteration left behind must not run in the next one.
      if (used || generation !== this.#generation) return
      used = true
      this.#enqueue(() => {
        this.#registered--
        callback()
      })
    }
  }

  channel(dropped: () => void): LoopChannel {
    this.#registered++
    const generation = this.#generation
    const channels = (this.#channels ??= new Set())
    const drop = (): void => dropped()
    channels.add(drop)
    let open = true
    return {
      post: (task) => {
        if (generation === this.#generation) this.#enqueue(task)
      },
      run: (task) => {
        if (generation !== this.#generation) return
        if (this.#blocked > 0 || this.#queue.length > 0) this.#enqueue(task)
        else this.#run(task)
      },
      close: () => {
        if (!open || generation !== this.#generation) return
        open = false
        channels.delete(drop)
        this.#enqueue(() => {
          this.#registered--
        })
      },
    }
  }

  setTimeout(fn: () => void, ms: number): number {
    const id = this.#nextTimerId++
    const queue = this.register()
    const timers = (this.#timers ??= new Map())
    const cancel = this.#clock.coarseAt(this.#clock.nowNs() + Math.max(0, ms) * 1e6, () =>
      queue(() => {
        // A clearTimeout that came while the callback waited in the queue still counts.
        if (!timers.delete(id)) return
        fn()
      }),
    )
    timers.set(id, {
      kind: 'setTimeout',
      cancel: () => {
        cancel()
        queue(() => {})
      },
    })
    return id
  }

  setInterval(fn: () => void, ms: number): number {
    const id = this.#nextTimerId++
    const timers = (this.#timers ??= new Map())
    const arm = (): void => {
      const queue = this.register()
      const cancel = this.#clock.coarseAt(this.#clock.nowNs() + Math.max(1, ms) * 1e6, () =>
        queue(() => {
          if (!timers.has(id)) return
          arm()
          fn()
        }),
      )
      timers.set(id, {
        kind: 'setInterval',
        cancel: () => {
          cancel()
          queue(() => {})
        },
      })
    }
    arm()
    return id
  }

  clearTimeout(id: number): void {
    const timer = this.#timers?.get(id)
    if (timer === undefined) return
    this.#timers?.delete(id)
    timer.cancel()
  }

  /** Calls `fn` once nothing is registered, queued or blocked; at once if that is so now. */
  whenIdle(fn: () => void): void {
    if (this.#registered === 0 && this.#queue.length === 0) fn()
    else this.#onIdle = fn
  }

  /** Ends everything under way: blocked calls reject with the interruption, timers and callbacks are dropped. */
  interrupt(reason: Interruption): void {
    if (this.#interruption !== undefined) return
    this.#interruption = reason
    const pending = this.#pending === undefined ? [] : [...this.#pending]
    if (this.#single !== undefined) pending.push(this.#single)
    for (const block of pending) {
      this.#settle(block)
      block.cancel?.()
      block.reject(reason)
    }
    this.#dropCallbacks()
  }

  /** Makes the loop ready for the next iteration. */
  reset(): void {
    this.#interruption = undefined
    if (this.#registered > 0 || this.#queue.length > 0 || this.#timers !== undefined) this.#dropCallbacks()
  }

  #run(task: () => unknown): void {
    this.#onEnter()
    try {
      const result = task()
      // A handler that blocks: what it throws in the end is thrown by the task.
      if (result instanceof this.#Promise) void result.then(undefined, this.#onError)
    } catch (error) {
      this.#onError(error)
    }
  }

  #dropCallbacks(): void {
    this.#generation++
    if (this.#timers !== undefined) {
      for (const timer of this.#timers.values()) timer.cancel()
      this.#timers = undefined
    }
    this.#queue = []
    this.#registered = 0
    this.#onIdle = undefined
    const channels = this.#channels
    if (channels === undefined || channels.size === 0) return
    this.#channels = undefined
    for (const drop of channels) drop()
  }

  #traced(error: Error): Promise<never> {
    const Promise = this.#Promise
    return Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => {
        Error.captureStackTrace(error)
        throw error
      })
  }

  // One blocking call at a time is the rule, so the set is made only for the exception (Promise.all over async functions).
  #track(block: PendingBlock): void {
    if (this.#single === undefined) this.#single = block
    else (this.#pending ??= new Set()).add(block)
  }

  #settle(block: PendingBlock): void {
    block.done = true
    if (this.#single === block) this.#single = undefined
    else this.#pending?.delete(block)
    this.#blocked--
    if (block.hosts) this.#hosts--
    this.#onEnter()
    this.#beginNext()
    if (this.#blocked === 0 && this.#queue.length > 0) this.#scheduleDrain()
  }

  /** What a call that is kept would keep: its promise, and by it the last answer. */
  #letGo<T>(call: HeldCall<T>): void {
    this.#settle(call)
    call.resolve = nothing
    call.reject = nothing
  }

  #beginNext(): void {
    const next = this.#waiting?.shift()
    if (next === undefined) return
    if (this.#waiting?.length === 0) this.#waiting = undefined
    // A task of its own: what waited for the call that has just ended goes on first.
    this.#clock.soon(() => {
      if (!next.pending.done) next.begin()
      else this.#beginNext()
    })
  }

  #enqueue(task: () => unknown): void {
    this.#queue.push(task)
    this.#scheduleDrain()
  }

  #scheduleDrain(): void {
    if (this.#drainScheduled || this.#blocked > 0) return
    this.#drainScheduled = true
    // A task of its own: every promise reaction of the running code comes first, as on k6's loop.
    this.#clock.soon(() => {
      this.#drainScheduled = false
      this.#drainOne()
    })
  }

  #drainOne(): void {
    if (this.#blocked > 0) return
    const task = this.#queue.shift()
    if (task !== undefined) this.#run(task)
    if (this.#queue.length > 0) this.#scheduleDrain()
    else if (this.#registered === 0 && this.#onIdle !== undefined) {
      const idle = this.#onIdle
      // Promise reactions of the last callback may register more.
      this.#clock.soon(() => {
        if (this.#onIdle !== idle) return
        if (this.#registered > 0 || this.#queue.length > 0 || this.#blocked > 0) return
        this.#onIdle = undefined
        idle()
      })
    }
  }
}

function nothing(): void {}

interface Timer {
  readonly kind: 'setTimeout' | 'setInterval'
  readonly cancel: Cancel
}

interface PendingBlock {
  done: boolean
  readonly reject: (error: unknown) => void
  cancel: Cancel | undefined
  readonly hosts: boolean
}

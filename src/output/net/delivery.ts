/**
 * A queue to a place over the network, between a run that never waits and a receiver that may be slow, away or broken.
 * What waits is bounded; what the receiver cannot take for now is kept and tried again in order; what is lost is counted
 * and said once.
 */
import type { Cancel, Clock } from '#base/clock.js'
import type { OutputLoss } from '../types.js'

/** Bytes that may wait by default: minutes of a dead receiver, and small beside the memory of a run. */
const MAX_WAITING_BYTES = 64 << 20
/** A parcel costs memory beside its bytes, so their number is bounded too. */
const MAX_WAITING_PARCELS = 10_000
const FIRST_PAUSE_NS = 0.5e9
const LONGEST_PAUSE_NS = 8e9
/** As long as a receiver may ask for by `Retry-After`. */
const LONGEST_ASKED_PAUSE_NS = 30e9
/** At the end a receiver that never said anything is not waited for longer than this. */
const STRANGER_PATIENCE_NS = 2e9

/** And one that goes on taking, slowly, for no more than so many times the patience. */
const MOST_PATIENCES = 3

/** A parcel was not taken. */
export class DeliveryError extends Error {
  /** Worth another try: no connection, no time, too much to do; not: it does not like what it got. */
  readonly retriable: boolean
  /** What the receiver asked for. */
  readonly retryAfterNs: number | undefined
  /** There is somebody. */
  readonly answered: boolean

  constructor(message: string, retriable: boolean, answer?: { readonly retryAfterNs?: number | undefined }) {
    super(message)
    this.retriable = retriable
    this.retryAfterNs = answer?.retryAfterNs
    this.answered = answer !== undefined
  }
}

export interface DeliveryOptions {
  /** As in the run's head. */
  readonly description: string
  /** What is counted, in the plural. */
  readonly unit: string
  readonly clock: Clock
  readonly warn: (message: string) => void
  /** Resolves when the receiver has it. @throws DeliveryError; `signal` ends it at once */
  readonly send: (body: Uint8Array, signal: AbortSignal) => Promise<void>
  /** Parcels under way at the same time; with more than one their order is not kept. */
  readonly concurrency?: number
  readonly maxWaitingBytes?: number
}

interface Parcel {
  readonly body: Uint8Array
  readonly samples: number
}

export class Delivery {
  readonly #options: DeliveryOptions
  readonly #abort = new AbortController()
  #waiting: Parcel[] = []
  #waitingBytes = 0
  #underWay = 0
  #pauseNs = 0
  #cancelPause: Cancel | undefined
  #lost = 0
  #why: string | undefined
  #warned = false
  #delivered = 0
  #isKnown = false
  #closing = false
  #gaveUp = false
  #whenIdle: (() => void) | undefined

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Parcels wait because the receiver has not taken those before. */
  get isBehind(): boolean {
    return this.#waiting.length > 0
  }

  /** Never waits. @param samples  how many the parcel holds, for the count of what is lost */
  push(body: Uint8Array, samples: number): void {
    const { maxWaitingBytes = MAX_WAITING_BYTES } = this.#options
    if (this.#gaveUp) return this.#lose(samples, this.#why ?? 'the output was closed')
    const full = this.#waitingBytes + body.length > maxWaitingBytes || this.#waiting.length >= MAX_WAITING_PARCELS
    if (full) return this.#lose(samples, this.#why ?? 'it does not take them as fast as the run makes them')
    this.#waiting.push({ body, samples })
    this.#waitingBytes += body.length
    this.#pump()
  }

  /** Waits for what is on its way; a receiver that takes nothing for `patienceNs` is left. */
  async close(patienceNs: number): Promise<OutputLoss | undefined> {
    this.#closing = true
    const { clock, description, unit } = this.#options
    // The pause of a receiver that was in trouble is over: this is its last chance.
    this.#resume()
    const lastNs = clock.nowNs() + patienceNs * MOST_PATIENCES
    while (!this.#isIdle && !this.#gaveUp) {
      const before = this.#delivered
      const patience = !this.#isKnown ? Math.min(patienceNs, STRANGER_PATIENCE_NS) : patienceNs
      await this.#idleOr(clock, patience)
      const moved = this.#delivered > before && clock.nowNs() < lastNs
      if (!this.#isIdle && !moved) this.#giveUp()
    }
    // What was under way ends with the signal; its samples are counted then.
    if (!this.#isIdle) await this.#idleOr(clock, STRANGER_PATIENCE_NS)
    if (this.#lost === 0) return undefined
    return { output: description, samples: this.#lost, unit, why: this.#why ?? 'unknown' }
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#underWay === 0
  }

  #pump(): void {
    const { concurrency = 1 } = this.#options
    while (this.#underWay < concurrency && this.#cancelPause === undefined && !this.#gaveUp) {
      const parcel = this.#waiting.shift()
      if (parcel === undefined) break
      this.#waitingBytes -= parcel.body.length
      this.#underWay++
      // It never throws: every way to fail is an outcome.
      void this.#deliver(parcel)
    }
    if (this.#isIdle) this.#whenIdle?.()
  }

  async #deliver(parcel: Parcel): Promise<void> {
    try {
      await this.#options.send(parcel.body, this.#abort.signal)
      this.#delivered++
      this.#isKnown = true
      this.#pauseNs = 0
      this.#underWay--
    } catch (error) {
      this.#underWay--
      this.#failed(parcel, error)
    }
    this.#pump()
  }

  #failed(parcel: Parcel, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    const retriable = error instanceof DeliveryError && error.retriable
    if (error instanceof DeliveryError && error.answered) this.#isKnown = true
    if (this.#gaveUp) return this.#lose(parcel.samples, this.#why ?? why)
    if (!retriable) return this.#lose(parcel.samples, why)
    this.#why = why
    this.#warnOnce(
      `The output ${this.#options.description} is in trouble: ${why}. The run goes on; what it should get is kept for a while and sent again.`,
    )
    this.#waiting.unshift(parcel)
    this.#waitingBytes += parcel.body.length
    this.#pause(error.retryAfterNs)
  }

  #pause(askedNs: number | undefined): void {
    if (this.#cancelPause !== undefined) return
    const { clock } = this.#options
    this.#pauseNs = Math.min(this.#pauseNs === 0 ? FIRST_PAUSE_NS : this.#pauseNs * 2, LONGEST_PAUSE_NS)
    const waitNs = this.#closing
      ? FIRST_PAUSE_NS
      : Math.max(this.#pauseNs, Math.min(askedNs ?? 0, LONGEST_ASKED_PAUSE_NS))
    this.#cancelPause = clock.coarseAt(clock.nowNs() + waitNs, () => this.#resume())
  }

  #resume(): void {
    this.#cancelPause?.()
    this.#cancelPause = undefined
    this.#pump()
  }

  #giveUp(): void {
    this.#gaveUp = true
    this.#cancelPause?.()
    this.#cancelPause = undefined
    this.#why ??= 'it stands still'
    for (const { samples } of this.#waiting) this.#lose(samples, this.#why)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#abort.abort()
  }

  #lose(samples: number, why: string): void {
    this.#lost += samples
    this.#why = why
    this.#warnOnce(`The output ${this.#options.description} loses ${this.#options.unit}: ${why}. The run goes on.`)
  }

  #warnOnce(message: string): void {
    if (this.#warned) return
    this.#warned = true
    this.#options.warn(message)
  }

  async #idleOr(clock: Clock, ns: number): Promise<void> {
    let cancel: Cancel = () => {}
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve
      cancel = clock.coarseAt(clock.nowNs() + ns, resolve)
      this.#pump()
    })
    cancel()
    this.#whenIdle = undefined
  }
}

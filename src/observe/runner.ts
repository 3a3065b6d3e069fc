/**
 * Reads every collector once a second on the run's clock. None holds up another, and none ends a run: one that fails is
 * noted, and tried again after a while.
 */
import type { Cancel, Clock } from '#base/clock.js'
import type { Readings } from '#record/observed.js'
import type { WindowSpan } from '#record/types.js'
import type { Collector, CollectorContext } from './types.js'

/** Where readings go: a run's record. */
export interface ObserveSink {
  observe(part: string, readings: Readings, span: WindowSpan): void
  event(type: string, detail: Readonly<Record<string, unknown>>): void
}

const secondNs = 1e9
/** A read that is out for so long is given up. */
const patienceNs = 5e9
const firstRetryNs = 2e9
const lastRetryNs = 30e9

export class CollectorRunner {
  readonly #clock: Clock
  readonly #sink: ObserveSink
  readonly #watched: Watched[] = []
  readonly #stop = new AbortController()
  #startNs: number | undefined
  #tick: Cancel | undefined

  constructor(clock: Clock, sink: ObserveSink) {
    this.#clock = clock
    this.#sink = sink
  }

  /** Those that are open now. */
  get open(): readonly Collector[] {
    return this.#watched.filter(({ state }) => state === 'open').map(({ collector }) => collector)
  }

  /** Opens it and reads it from now on. Never throws: what fails is in the record. @returns whether it is open */
  async add(collector: Collector): Promise<boolean> {
    const watched = new Watched(collector, this.#partFor(collector.part))
    // A turn that comes while it opens must not open it once more: the first one's connections would never be closed.
    watched.busy = true
    this.#watched.push(watched)
    await this.#open(watched)
    watched.busy = false
    this.#tick ??= this.#next()
    return watched.state === 'open'
  }

  /** Readings count from here: the start of the load. */
  start(): void {
    this.#startNs = this.#clock.nowNs()
    this.#tick?.()
    this.#tick = this.#next()
    for (const watched of this.#watched) watched.lastNs = this.#startNs
  }

  /** A last reading of each, then the end. */
  async close(): Promise<void> {
    this.#tick?.()
    await Promise.all(
      this.#watched.map(async (watched) => {
        if (watched.state !== 'open') return
        await this.#read(watched)
        watched.state = 'closed'
        this.#sink.event('collector', { ...this.#facts(watched), state: 'closed' })
        await this.#within(watched.collector.close()).catch(() => {})
      }),
    )
    this.#stop.abort()
  }

  #next(): Cancel {
    // On whole seconds of the run, however late the last turn was: each falls into the middle of a window of the load.
    const originNs = this.#startNs ?? 0
    const atNs = originNs + (Math.floor((this.#clock.nowNs() - originNs) / secondNs) + 1) * secondNs
    return this.#clock.coarseAt(atNs, () => {
      for (const watched of this.#watched) void this.#turn(watched)
      this.#tick = this.#next()
    })
  }

  async #turn(watched: Watched): Promise<void> {
    if (watched.busy || watched.state === 'closed') return
    watched.busy = true
    try {
      if (watched.state === 'open') await this.#read(watched)
      else if (this.#clock.nowNs() >= watched.retryNs) await this.#open(watched)
    } finally {
      watched.busy = false
    }
  }

  async #open(watched: Watched): Promise<void> {
    const { collector } = watched
    const context: CollectorContext = {
      clock: this.#clock,
      signal: this.#stop.signal,
      event: (type, detail) => this.#sink.event(type, { part: watched.part, ...detail }),
    }
    try {
      await this.#within(collector.open(context))
      watched.state = 'open'
      watched.waitNs = firstRetryNs
      watched.lastNs = this.#clock.nowNs()
      this.#sink.event('collector', { part: watched.part, describes: collector.describes, state: 'open' })
    } catch (error) {
      this.#failed(watched, error)
    }
  }

  async #read(watched: Watched): Promise<void> {
    const { collector } = watched
    const startedNs = this.#clock.nowNs()
    try {
      const reading = collector.read()
      // What runs before the first await is ours; what comes after is mostly the other side's.
      watched.ownNs += this.#clock.nowNs() - startedNs
      const readings = await this.#within(reading)
      this.#write(watched, readings)
    } catch (error) {
      this.#failed(watched, error)
    }
  }

  #write(watched: Watched, readings: Readings): void {
    const nowNs = this.#clock.nowNs()
    const fromNs = watched.lastNs
    watched.lastNs = nowNs
    watched.readings++
    const startNs = this.#startNs
    if (startNs === undefined) return
    const span = {
      fromNs: Math.max(0, fromNs - startNs),
      toNs: nowNs - startNs,
      unixMs: this.#clock.unixMs(),
    }
    this.#sink.observe(watched.part, readings, span)
    for (const [part, more] of Object.entries(watched.collector.also?.() ?? {})) {
      // A collector of the part's own wins.
      if (!this.#watched.some((other) => other.part === part && other.state === 'open')) {
        this.#sink.observe(part, more, span)
      }
    }
  }

  #failed(watched: Watched, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    const fix = (error as { fix?: unknown }).fix
    if (watched.state === 'open') void watched.collector.close().catch(() => {})
    watched.state = 'failed'
    watched.retryNs = this.#clock.nowNs() + watched.waitNs
    watched.waitNs = Math.min(lastRetryNs, watched.waitNs * 2)
    if (watched.why === why) return
    watched.why = why
    this.#sink.event('collector', {
      ...this.#facts(watched),
      state: 'failed',
      why,
      ...(typeof fix === 'string' ? { fix } : {}),
    })
  }

  #facts({ part, collector, ownNs, readings }: Watched): Record<string, unknown> {
    return {
      part,
      describes: collector.describes,
      readings,
      ...(readings > 0 ? { costMsPerS: ownNs / readings / 1e6, ...collector.cost?.() } : {}),
    }
  }

  /** A collector that hangs is as one that failed. */
  async #within<T>(work: Promise<T>): Promise<T> {
    let cancel: Cancel | undefined
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.coarseAt(this.#clock.nowNs() + patienceNs, () =>
        reject(new Error(`it did not answer in ${patienceNs / 1e9} s`)),
      )
    })
    try {
      return await Promise.race([work, late])
    } finally {
      cancel?.()
    }
  }

  /** `redis`, then `redis-2`, ... */
  #partFor(part: string): string {
    const taken = new Set(this.#watched.map((watched) => watched.part))
    if (!taken.has(part)) return part
    for (let i = 2; ; i++) if (!taken.has(`${part}-${i}`)) return `${part}-${i}`
  }
}

class Watched {
  readonly collector: Collector
  readonly part: string
  state: 'new' | 'open' | 'failed' | 'closed' = 'new'
  busy = false
  lastNs = 0
  retryNs = 0
  waitNs = firstRetryNs
  why = ''
  ownNs = 0
  readings = 0

  constructor(collector: Collector, part: string) {
    this.collector = collector
    this.part = part
  }
}

/**
 * Reads every collector once a second on the run's clock. None holds up another, and none ends a run: one that fails is
 * noted, and tried again after a while.
 */
import type { Cancel, Clock } from '#base/clock.js'
import type { Readings } from '#record/observed.js'
import type { WindowSpan } from '#record/types.js'
import { readText } from './local/proc.js'
import type { Collector, CollectorContext } from './types.js'

/** Where readings go: a run's record. */
export interface ObserveSink {
  observe(part: string, readings: Readings, span: WindowSpan): void
  event(type: string, detail: Readonly<Record<string, unknown>>): void
}

const secondNs = 1e9
/** A read that is out for so long is given up. */
const patienceNs = 5e9
/** To attach to a process that is busy, or to find a database's abilities, takes longer. */
const openPatienceNs = 10e9
const firstRetryNs = 2e9
const lastRetryNs = 30e9

export class CollectorRunner {
  readonly #clock: Clock
  readonly #sink: ObserveSink
  #watched: readonly Watched[] = []
  readonly #stop = new AbortController()
  #startNs: number | undefined
  #tick: Cancel | undefined

  constructor(clock: Clock, sink: ObserveSink) {
    this.#clock = clock
    this.#sink = sink
  }

  /**
   * Opens it and reads it from now on. Never throws: what fails is in the record, and tried again.
   * @param place  2 for `node-2`, where that is free: the collectors of one target have one number
   * @returns why it is not open; undefined when it is
   */
  async add(collector: Collector, place = 1): Promise<string | undefined> {
    const watched = new Watched(collector, this.#partFor(collector.part, place))
    this.#watched = [...this.#watched, watched]
    // A turn that comes while it opens must not open it once more: the first one's connections would never be closed.
    watched.busy = true
    await this.#open(watched)
    watched.busy = false
    this.#tick ??= this.#next()
    return watched.state === 'failed' ? watched.why : undefined
  }

  /** Ends one; the next of its kind gets its place in the record. */
  async remove(collector: Collector): Promise<void> {
    const watched = this.#watched.find((one) => one.collector === collector)
    if (watched === undefined) return
    this.#watched = this.#watched.filter((one) => one !== watched)
    await this.#end(watched)
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
        if (watched.state === 'open' && !watched.busy) await this.#read(watched)
        await this.#end(watched)
      }),
    )
    this.#stop.abort()
  }

  async #end(watched: Watched): Promise<void> {
    const wasOpen = watched.state === 'open'
    watched.state = 'closed'
    if (!wasOpen) return
    this.#sink.event('collector', { ...this.#facts(watched), state: 'closed' })
    await this.#within(watched.collector.close()).catch(() => {})
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
    const opening = collector.open(context)
    try {
      await this.#within(opening, openPatienceNs)
      watched.lastNs = this.#clock.nowNs()
      if (watched.state === 'closed') return await collector.close().catch(() => {})
      watched.state = 'open'
      // One that opens and then cannot be read is not told of each time.
      if (watched.why === '') this.#sink.event('collector', this.#says(watched, 'open'))
    } catch (error) {
      // Given up does not mean ended: what opens later is closed then.
      void opening.then(() => collector.close()).catch(() => {})
      this.#failed(watched, error)
    }
  }

  async #read(watched: Watched): Promise<void> {
    const { collector } = watched
    const startedNs = threadCpuNs()
    try {
      const reading = collector.read()
      // What runs before the first await is ours; what comes after is mostly the other side's.
      watched.ownNs += threadCpuNs() - startedNs
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
    watched.waitNs = firstRetryNs
    if (watched.why !== '') {
      watched.why = ''
      this.#sink.event('collector', this.#says(watched, 'open'))
    }
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
    if (watched.state === 'closed') return
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

  #says({ part, collector }: Watched, state: 'open'): Record<string, unknown> {
    return { part, describes: collector.describes, state }
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
  async #within<T>(work: Promise<T>, forNs = patienceNs): Promise<T> {
    let cancel: Cancel | undefined
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.coarseAt(this.#clock.nowNs() + forNs, () =>
        reject(new Error(`it did not answer in ${forNs / 1e9} s`)),
      )
    })
    try {
      return await Promise.race([work, late])
    } finally {
      cancel?.()
    }
  }

  /** `redis`, then `redis-2`, ... */
  #partFor(part: string, place: number): string {
    const taken = new Set(this.#watched.map((watched) => watched.part))
    for (let i = place; ; i++) {
      const name = i === 1 ? part : `${part}-${i}`
      if (!taken.has(name)) return name
    }
  }
}

/** CPU time of this thread, as the kernel accounts for it at its ticks: right over many readings. 0 elsewhere than Linux. */
function threadCpuNs(): number {
  return Number(readText('/proc/thread-self/schedstat')?.split(' ')[0] ?? 0)
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

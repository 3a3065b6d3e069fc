/**
 * Profiles of one process while load runs on it: CPU in rolling chunks through the steady state, kinds that the symptoms
 * call for beside it, and whatever stands around a bad moment kept.
 */
import type { Clock } from '#base/clock.js'
import { concat } from '../concat.js'
import type { Profile } from '../model.js'
import { inspectProcess, isAlive, type TargetProcess } from '../take/process.js'
import { takeProfile } from '../take/index.js'
import type { PySpy } from '../take/python/py-spy.js'
import type { Chunk, ProfileKind, Taken } from '../take/types.js'
import { cut } from './cut.js'
import { ChunkKeep, overlaps } from './keep.js'
import { type Symptoms, wantedKinds } from './symptoms.js'

export interface RollingOptions {
  readonly pid: number
  readonly pySpy: PySpy
  readonly rateHz: number | undefined
  /** Undefined lets the symptoms choose. */
  readonly kinds: readonly ProfileKind[] | undefined
  readonly clock: Clock
  readonly warn: (message: string) => void
}

/** One profile for the record. */
export interface RunProfile {
  /** Name of its folder: `steady-cpu`, `breach-1-cpu`. */
  readonly name: string
  readonly kind: ProfileKind
  readonly runtime: Taken['runtime']
  readonly method: string
  readonly profile: Profile
  readonly raw: Taken['raw']
  readonly fromUnixMs: number
  readonly toUnixMs: number
  readonly why: string
  /** Chunks of this stretch that were given up for want of memory. */
  readonly lostChunks: number
  readonly notes: readonly string[]
}

export interface Stretch {
  readonly fromUnixMs: number
  readonly toUnixMs: number
}

/** A bad moment is never the exact second: what led to it counts too. */
const marginMs = 2000
const extraMs = 5000
/** Profiles beside CPU that one run takes: each costs the target something. */
const maxExtras = 6
const forEverMs = 1e9

export class RollingProfiler {
  readonly target: TargetProcess
  readonly #options: RollingOptions
  readonly #keep = new ChunkKeep()
  readonly #extras: RunProfile[] = []
  readonly #breaches: { fromUnixMs: number; toUnixMs: number; readonly why: string }[] = []
  readonly #running: Promise<void>[] = []
  readonly #taken = new Set<string>()
  readonly #stop = new AbortController()
  #heap: AbortController | undefined
  #heapProfile: RunProfile | undefined
  #kind: ProfileKind = 'cpu'
  #method = ''
  readonly #notes: string[] = []

  /** @throws PW_PROFILE_NO_PROCESS */
  constructor(options: RollingOptions) {
    this.#options = options
    this.target = inspectProcess(options.pid)
  }

  /** Begins the rolling CPU profile. A target that cannot be profiled is said once, and the run goes on without. */
  start(): void {
    const kinds = this.#options.kinds ?? ['cpu']
    const rolling = kinds.find((kind) => kind === 'cpu' || kind === 'wall')
    if (rolling !== undefined) this.#roll(rolling)
    for (const kind of kinds) if (kind !== rolling) this.#extra(kind, 'asked for', 'steady')
  }

  /** V8 tells only of what was allocated while it sampled, so its heap is sampled from early on, and kept where it grew. */
  watchHeap(): void {
    if (this.target.runtime !== 'node' || this.#options.kinds !== undefined) return
    const stop = new AbortController()
    this.#heap = stop
    this.#run(async () => {
      this.#heapProfile = await this.#take('heap', 'memory grew', 'steady-heap', forEverMs, stop.signal)
    })
  }

  /** What is bad is kept, from a little before to a little after; one that goes on extends the last. */
  breach(stretch: Stretch, why: string): void {
    const { fromUnixMs, toUnixMs } = {
      fromUnixMs: stretch.fromUnixMs - marginMs,
      toUnixMs: stretch.toUnixMs + marginMs,
    }
    this.#keep.pin(fromUnixMs, toUnixMs)
    const last = this.#breaches.at(-1)
    if (last !== undefined && last.toUnixMs >= fromUnixMs) last.toUnixMs = toUnixMs
    else this.#breaches.push({ fromUnixMs, toUnixMs, why })
  }

  /** Takes what the symptoms call for, once a kind in the steady state and once in a breach. */
  symptoms(symptoms: Symptoms, inBreach: boolean): void {
    if (this.#options.kinds !== undefined) return
    for (const { kind, why } of wantedKinds(symptoms)) {
      if (kind === 'heap' && this.target.runtime === 'node') continue
      this.#extra(kind, why, inBreach ? `breach-${this.#breaches.length}` : 'steady')
    }
  }

  /**
   * Ends it and answers what is worth keeping.
   * @param steady  the stretches of the run in which the load was steady
   * @param memoryGrew  whether the heap that was sampled is kept
   */
  async finish(steady: readonly Stretch[], memoryGrew: boolean): Promise<RunProfile[]> {
    this.#heap?.abort()
    this.#stop.abort()
    await Promise.all(this.#running)
    const profiles = [this.#steady(steady), ...this.#breaches.map((breach, i) => this.#breach(breach, i + 1))]
    if (memoryGrew && this.#heapProfile !== undefined) profiles.push(this.#heapProfile)
    return [...profiles, ...this.#extras].filter((one) => one !== undefined)
  }

  #roll(kind: ProfileKind): void {
    this.#run(async () => {
      const { clock, rateHz } = this.#options
      const signal = this.#stop.signal
      while (!signal.aborted && isAlive(this.target.pid)) {
        const onChunk = (chunk: Chunk): void => this.#keep.add(chunk)
        const taken = await takeProfile(
          { pid: this.target.pid, pySpy: this.#options.pySpy },
          { kind, durationMs: forEverMs, rateHz, clock, signal, onChunk },
        )
        this.#method = taken.method
        this.#kind = kind
        if (taken.partial !== undefined && !signal.aborted) this.#notes.push(taken.partial)
        if (taken.partial !== undefined) return
      }
    })
  }

  #extra(kind: ProfileKind, why: string, part: string): void {
    const name = `${part}-${kind}`
    if (this.#taken.has(name) || this.#taken.size >= maxExtras || this.#stop.signal.aborted) return
    this.#taken.add(name)
    this.#run(async () => {
      const profile = await this.#take(kind, why, name, extraMs, this.#stop.signal)
      if (profile.profile.leaves.length > 0) this.#extras.push(profile)
      else this.#options.warn(profile.profile.notes[0] ?? `the ${kind} profile has no samples`)
    })
  }

  async #take(
    kind: ProfileKind,
    why: string,
    name: string,
    durationMs: number,
    signal: AbortSignal,
  ): Promise<RunProfile> {
    const { clock, rateHz } = this.#options
    const fromUnixMs = clock.unixMs()
    const taken = await takeProfile(
      { pid: this.target.pid, pySpy: this.#options.pySpy },
      { kind, durationMs, rateHz, clock, signal },
    )
    const { runtime, method, profile, raw } = taken
    const toUnixMs = clock.unixMs()
    return { name, kind, runtime, method, profile, raw, fromUnixMs, toUnixMs, why, lostChunks: 0, notes: [] }
  }

  #steady(stretches: readonly Stretch[]): RunProfile | undefined {
    const chunks = this.#keep.all()
    const inSteady = stretches.flatMap((stretch) => this.#cut(chunks, stretch))
    const whole = inSteady.length === 0
    const parts = whole ? chunks.map(({ profile }) => profile) : inSteady
    const used = whole ? chunks : chunks.filter((chunk) => stretches.some((stretch) => overlaps(chunk, stretch)))
    if (parts.length === 0) return undefined
    const why = whole ? 'the run had no steady state' : 'the steady state'
    return this.#made('steady', parts, used, why, this.#keep.dropped, whole ? [] : stretches)
  }

  #breach(breach: Stretch & { readonly why: string }, number: number): RunProfile | undefined {
    const used = this.#keep.all().filter((chunk) => overlaps(chunk, breach))
    const parts = this.#cut(used, breach)
    return parts.length === 0 ? undefined : this.#made(`breach-${number}`, parts, used, breach.why, 0, [breach])
  }

  /** By the samples' own times; a chunk without them is taken when most of it lies within. */
  #cut(chunks: readonly Chunk[], stretch: Stretch): Profile[] {
    return chunks.flatMap((chunk) => {
      if (!overlaps(chunk, stretch)) return []
      if (chunk.profile.times !== undefined) {
        const part = cut(chunk.profile, stretch.fromUnixMs, stretch.toUnixMs)
        return part.leaves.length === 0 ? [] : [part]
      }
      const inside = Math.min(chunk.toUnixMs, stretch.toUnixMs) - Math.max(chunk.fromUnixMs, stretch.fromUnixMs)
      return inside * 2 >= chunk.toUnixMs - chunk.fromUnixMs ? [chunk.profile] : []
    })
  }

  #made(
    part: string,
    parts: readonly Profile[],
    used: readonly Chunk[],
    why: string,
    lostChunks: number,
    within: readonly Stretch[],
  ): RunProfile {
    const first = Math.min(...used.map((chunk) => chunk.fromUnixMs))
    const last = Math.max(...used.map((chunk) => chunk.toUnixMs))
    const fromUnixMs =
      within.length === 0 ? first : Math.max(first, Math.min(...within.map((stretch) => stretch.fromUnixMs)))
    const toUnixMs = within.length === 0 ? last : Math.min(last, Math.max(...within.map((stretch) => stretch.toUnixMs)))
    return {
      name: `${part}-${this.#kind}`,
      kind: this.#kind,
      runtime: this.target.runtime as Taken['runtime'],
      method: this.#method,
      profile: concat(parts),
      raw: used.flatMap(({ raw }) => raw),
      fromUnixMs,
      toUnixMs,
      why,
      lostChunks,
      notes: this.#notes,
    }
  }

  #run(work: () => Promise<void>): void {
    this.#running.push(
      work().catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        this.#notes.push(message)
        this.#options.warn(`profile: ${message}`)
      }),
    )
  }
}

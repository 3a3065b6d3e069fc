/** Go's runtime.MemStats, as the heap profile and expvar both print them (pkg.go.dev/runtime#MemStats). */
import type { Readings } from '#record/observed.js'
import type { Growth } from '../local/growth.js'

export interface MemoryStats {
  stat(name: string): number | undefined
  /** The last 256 pauses in nanoseconds, a ring: that of collection n is at (n + 255) % 256. */
  readonly pausesNs: readonly number[]
}

/** What the process itself does not say and /proc does. */
export interface GoProcess {
  readonly startedUnixMs: number | undefined
  /** GOGC: the heap may grow by so many percent until the next collection. */
  readonly growPercent: number
}

/** `# HeapInuse = 123` lines below the samples of the heap profile. */
export function statsOfProfile(text: string): MemoryStats {
  return {
    stat(name) {
      const value = new RegExp(`^# ${name} = ([\\d.e+-]+)`, 'm').exec(text)?.[1]
      return value === undefined ? undefined : Number(value)
    },
    pausesNs: /^# PauseNs = \[([\d ]*)\]/m.exec(text)?.[1]?.split(' ').map(Number) ?? [],
  }
}

/** @throws SyntaxError when it is no JSON */
export function statsOfExpvar(text: string): MemoryStats | undefined {
  const { memstats } = JSON.parse(text) as { readonly memstats?: Readonly<Record<string, unknown>> }
  if (typeof memstats !== 'object' || memstats === null) return undefined
  const pauses = memstats['PauseNs']
  return {
    stat(name) {
      const value = memstats[name]
      return typeof value === 'number' ? value : undefined
    },
    pausesNs: Array.isArray(pauses) ? pauses.map(Number) : [],
  }
}

export class GoMemory {
  readonly #process: GoProcess
  #collections: number | undefined
  #gcSeconds: { readonly spent: number; readonly at: number } | undefined

  constructor(process: GoProcess) {
    this.#process = process
  }

  /** Of the time since the last call. */
  readings(growth: Growth, { stat, pausesNs }: MemoryStats): Readings {
    const collections = stat('NumGC')
    const before = this.#collections
    this.#collections = collections
    const next = stat('NextGC')
    const since = collections === undefined || before === undefined ? 0 : collections - before
    const recent = Array.from(
      { length: Math.min(since, pausesNs.length) },
      (_, i) => pausesNs[((collections as number) - i + 255) % 256] ?? 0,
    )
    return {
      heap_inuse_bytes: stat('HeapInuse'),
      // The next collection is due at (1 + GOGC/100) times what lived after the last one.
      heap_after_gc_bytes:
        (collections ?? 0) > 0 && next !== undefined ? next / (1 + this.#process.growPercent / 100) : undefined,
      gc_ratio: this.#gcRatio(stat('GCCPUFraction'), stat('LastGC')),
      gc_pause_max_ms: recent.length === 0 ? undefined : Math.max(...recent) / 1e6,
      gc_per_s: growth.perS('gc', collections),
      alloc_bytes_per_s: growth.perS('alloc', stat('TotalAlloc')),
    }
  }

  /** Go gives the share since the program began, as of the last collection: the growth of the product is what is new. */
  #gcRatio(fraction: number | undefined, lastNs: number | undefined): number | undefined {
    const { startedUnixMs } = this.#process
    if (fraction === undefined || lastNs === undefined) return undefined
    if (startedUnixMs === undefined) return fraction
    const at = lastNs / 1e9 - startedUnixMs / 1000
    const before = this.#gcSeconds
    this.#gcSeconds = { spent: fraction * at, at }
    if (before === undefined) return undefined
    if (at <= before.at) return 0
    return Math.min(1, Math.max(0, (fraction * at - before.spent) / (at - before.at)))
  }
}

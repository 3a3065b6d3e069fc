import type { Clock } from '#base/clock.js'
import type { Profile } from '../model.js'

/** What a profile is of. `lock` is Go's mutex profile and Python's GIL; `alloc` counts what was freed again too. */
export type ProfileKind = 'cpu' | 'wall' | 'heap' | 'alloc' | 'block' | 'lock' | 'goroutine'

export interface TakeOptions {
  readonly kind: ProfileKind
  readonly durationMs: number
  /** Samples a second; undefined = the default of the runtime's kind. */
  readonly rateHz: number | undefined
  readonly clock: Clock
  /** Ends the taking early; what was taken is kept. */
  readonly signal: AbortSignal
  /**
   * Told of every few seconds as they are taken; the taker then keeps nothing itself, so that it can go on for hours, and
   * answers with an empty profile.
   */
  readonly onChunk?: (chunk: Chunk) => void
  /** Length of a chunk; each runtime has its own default. */
  readonly chunkMs?: number
}

/** A few seconds of a profile. */
export interface Chunk {
  readonly profile: Profile
  readonly raw: Taken['raw']
  /** Wall clock, milliseconds since 1970. */
  readonly fromUnixMs: number
  readonly toUnixMs: number
}

export interface Taken {
  readonly profile: Profile
  readonly runtime: 'node' | 'python' | 'go'
  /** How it was taken, for the report: `V8 sampler by the inspector, every 10 ms`. */
  readonly method: string
  /** The files of the tool of origin, untouched. */
  readonly raw: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  /** Why it is shorter than asked; undefined when it is whole. */
  readonly partial: string | undefined
}

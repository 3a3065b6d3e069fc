import type { Chunk } from '../take/types.js'

/** The first two minutes, the newest five, and three of pinned ones, in chunks of 5 s. */
const firstChunks = 24
const newestChunks = 60
const pinnedChunks = 36

/**
 * Chunks of a profile that may go on for hours, in bounded memory: the first ones, the newest ones, and those around a
 * moment that somebody pinned.
 */
export class ChunkKeep {
  readonly #first: Chunk[] = []
  #newest: Chunk[] = []
  readonly #pinned = new Set<Chunk>()
  readonly #pins: { readonly fromUnixMs: number; readonly toUnixMs: number }[] = []
  #dropped = 0

  /** Chunks that were given up for want of room. */
  get dropped(): number {
    return this.#dropped
  }

  add(chunk: Chunk): void {
    if (this.#pins.some((pin) => overlaps(chunk, pin))) this.#pin(chunk)
    if (this.#first.length < firstChunks) {
      this.#first.push(chunk)
      return
    }
    this.#newest.push(chunk)
    if (this.#newest.length <= newestChunks) return
    const old = this.#newest.shift() as Chunk
    if (!this.#pinned.has(old)) this.#dropped++
  }

  /** What overlaps this stretch stays, whether it was taken already or comes later. */
  pin(fromUnixMs: number, toUnixMs: number): void {
    this.#pins.push({ fromUnixMs, toUnixMs })
    for (const chunk of this.all()) if (overlaps(chunk, { fromUnixMs, toUnixMs })) this.#pin(chunk)
  }

  /** In the order in which they were taken. */
  all(): Chunk[] {
    return [...new Set([...this.#first, ...this.#pinned, ...this.#newest])].sort((a, b) => a.fromUnixMs - b.fromUnixMs)
  }

  #pin(chunk: Chunk): void {
    if (this.#pinned.size < pinnedChunks) this.#pinned.add(chunk)
  }
}

/** True when they have more than an instant in common. */
export function overlaps(
  a: { readonly fromUnixMs: number; readonly toUnixMs: number },
  b: { readonly fromUnixMs: number; readonly toUnixMs: number },
): boolean {
  return a.fromUnixMs < b.toUnixMs && b.fromUnixMs < a.toUnixMs
}

/**
 * Counts of positive float64 values in 128 equal parts per octave, addressed by the high bits of the value itself:
 * 11 bits of exponent and 7 of mantissa. Tables come into being per octave, so a metric of 1..100 ms holds seven.
 */

/** Parts of an octave. */
export const PARTS = 128
/** Infinity and NaN have this exponent; finite values are below it. */
export const MAX_OCTAVE = 2047

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)
/** Which half holds sign and exponent. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0

export class OctaveTables {
  #first = 0
  #tables: (Float64Array | undefined)[] = []

  /** `value` must be > 0; infinity goes to the outermost part, magnitudes below the smallest normal number to the innermost. */
  add(value: number): void {
    this.addIndex(indexOf(value), 1)
  }

  /**
   * Adds the positive normal numbers among the first `n` float64s.
   * @param words  the same memory as 32-bit words: no value passes through a conversion
   * @returns how many it added; zeros and negative numbers are left to the caller
   */
  addAll(words: Uint32Array, n: number): number {
    let added = 0
    let first = this.#first
    let tables = this.#tables
    for (let i = HIGH; i < 2 * n; i += 2) {
      const high = words[i]!
      // Sign and exponent as one number: 0 for zeros and subnormals, 2048 and more for negative numbers.
      const octave = high >>> 20
      if ((octave - 1) >>> 0 >= MAX_OCTAVE - 1) {
        if (octave !== MAX_OCTAVE) continue
        this.addIndex(MAX_OCTAVE * PARTS - 1, 1)
      } else {
        const at = octave - first
        let table = at >= 0 && at < tables.length ? tables[at] : undefined
        if (table === undefined) {
          table = this.#makeTable(octave)
          first = this.#first
          tables = this.#tables
        }
        table[(high >>> 13) & 127]!++
      }
      added++
    }
    return added
  }

  addIndex(index: number, count: number): void {
    const octave = Math.floor(index / PARTS)
    const table = this.#tables[octave - this.#first] ?? this.#makeTable(octave)
    table[index % PARTS]! += count
  }

  clear(): void {
    for (const table of this.#tables) table?.fill(0)
  }

  occupied(): number {
    let parts = 0
    for (const table of this.#tables) if (table !== undefined) for (const n of table) if (n > 0) parts++
    return parts
  }

  total(): number {
    let total = 0
    for (const table of this.#tables) if (table !== undefined) for (const n of table) total += n
    return total
  }

  forEachAscending(fn: (index: number, count: number) => void): void {
    for (let t = 0; t < this.#tables.length; t++) {
      const table = this.#tables[t]
      if (table === undefined) continue
      for (let part = 0; part < PARTS; part++) {
        const n = table[part]!
        if (n > 0) fn((this.#first + t) * PARTS + part, n)
      }
    }
  }

  /** Index of the part that holds the value of this rank (0-based, ascending); the last one when there are fewer. */
  indexAtRank(rank: number): number {
    let left = rank
    let last = PARTS
    for (let t = 0; t < this.#tables.length; t++) {
      const table = this.#tables[t]
      if (table === undefined) continue
      for (let part = 0; part < PARTS; part++) {
        const n = table[part]!
        if (n === 0) continue
        last = (this.#first + t) * PARTS + part
        if (left < n) return last
        left -= n
      }
    }
    return last
  }

  #makeTable(octave: number): Float64Array {
    if (this.#tables.length === 0) this.#first = octave
    while (octave < this.#first) {
      this.#tables.unshift(undefined)
      this.#first--
    }
    while (octave >= this.#first + this.#tables.length) this.#tables.push(undefined)
    const table = new Float64Array(PARTS)
    this.#tables[octave - this.#first] = table
    return table
  }
}

/** Index of the part that holds `value` (> 0). */
export function indexOf(value: number): number {
  float[0] = value
  const index = words[HIGH]! >>> 13
  return Math.min(Math.max(index, PARTS), MAX_OCTAVE * PARTS - 1)
}

/** The middle of a part: at most 1/256 away from every value in it. */
export function middleOf(index: number): number {
  words[HIGH] = index << 13
  words[1 - HIGH] = 0
  const low = float[0]!
  // Halving first keeps the outermost part finite.
  return low + 2 ** (Math.floor(index / PARTS) - 1023) / (2 * PARTS)
}

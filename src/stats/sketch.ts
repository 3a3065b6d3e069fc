/**
 * A mergeable log-linear histogram: every octave (power of two) is cut into 128 equal parts, read straight from the high
 * bits of the float64. Values are first put aside as they are and sorted into the parts a bufferful at a time, in one
 * tight loop: adding is a store, and small samples never need the parts at all.
 *
 * Source of the layout: HdrHistogram (Gil Tene) and DDSketch (Masson, Rim and Lee, VLDB 2019); the binary exponent takes
 * the place of the logarithm.
 */
import { indexOf, MAX_OCTAVE, middleOf, OctaveTables, PARTS } from './octave-tables.js'

/** Most that an order statistic is off, as a share of itself: half a part's width at the low end of an octave. */
export const RELATIVE_ERROR: number = 1 / (2 * PARTS)

/** A sketch as plain data. */
export interface SketchRow {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  /** How many values were 0. */
  readonly zeros?: number
  /** `[index, count, index, count, ...]`, ascending by value; a negative value has its magnitude's index, negated. */
  readonly buckets?: Float64Array
  /** The values themselves, where the sender still has them all. */
  readonly values?: Float64Array
}

export class Sketch {
  readonly #exactLimit: number
  /** Values not yet in the parts; as long as no part holds any, all of them. */
  #pending: Float64Array = EMPTY
  /** The same memory. */
  #words: Uint32Array = new Uint32Array(EMPTY.buffer)
  #pendingCount = 0
  /** How many of the pending are in sum, min and max. */
  #folded = 0
  #sorted = true
  #bucketed = 0
  #zeros = 0
  #sum = 0
  #min: number = Number.POSITIVE_INFINITY
  #max: number = Number.NEGATIVE_INFINITY
  readonly #positive: OctaveTables = new OctaveTables()
  #negative: OctaveTables | undefined

  /**
   * @param exactLimit  Up to this many values, at least, quantiles are exact and `toRow` brings the values. It costs 8
   *   bytes a value, less than the parts do when there are few.
   */
  constructor(exactLimit = 0) {
    this.#exactLimit = exactLimit
  }

  /** True while quantiles are exact. */
  get exact(): boolean {
    return this.#bucketed === 0
  }

  get count(): number {
    return this.#bucketed + this.#pendingCount
  }

  get sum(): number {
    this.#fold()
    return this.#sum
  }

  /** Infinity while empty. */
  get min(): number {
    this.#fold()
    return this.#min
  }

  /** -Infinity while empty. */
  get max(): number {
    this.#fold()
    return this.#max
  }

  /** How many values were 0 (or nearer to it than a normal float64 gets): phases of a request often are. */
  get zeros(): number {
    let zeros = this.#zeros
    for (let i = 0; i < this.#pendingCount; i++) if (isZero(this.#pending[i]!)) zeros++
    return zeros
  }

  /** Records one value. NaN measures nothing and is ignored; an infinity counts in the outermost part. */
  add(value: number): void {
    if (value !== value) return
    if (this.#pendingCount === this.#pending.length) this.#makeRoom()
    this.#pending[this.#pendingCount++] = value
  }

  /**
   * Value at rank `q * (count - 1)`, with linear interpolation between the two ranks around it, as k6 has it.
   * @param q  quantile, 0..1 (0.99 for p99)
   * @returns  in the unit of the values; `undefined` when empty, because no data is not "fast"
   * @remarks  Exact while `exact`, and at the ranks of min and max; otherwise each of the two order statistics is off by
   *   at most `RELATIVE_ERROR` of itself (magnitudes below 2.3e-308 count as 0). Merging adds no error. O(buckets).
   * @throws   RangeError when q is outside 0..1
   * @example  sketch.quantile(0.5)  // 12.1
   */
  quantile(q: number): number | undefined {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile ${q} is outside 0..1`)
    if (this.count === 0) return undefined
    this.#settle()
    const rank = q * (this.count - 1)
    const below = Math.floor(rank)
    const low = this.#orderStatistic(below)
    if (below === rank) return low
    const high = this.#orderStatistic(below + 1)
    // Equal neighbours are returned as they are: Infinity - Infinity is no number.
    return low === high ? low : low + (high - low) * (rank - below)
  }

  /** Mean of the values; `undefined` when empty. */
  mean(): number | undefined {
    return this.count === 0 ? undefined : this.sum / this.count
  }

  /** Takes in all that `other` has; `other` stays as it is. */
  merge(other: Sketch): void {
    if (!other.exact || other === this) {
      this.mergeRow(other.toRow())
      return
    }
    // All its values are at hand: no need to make buckets of them first.
    for (let i = 0; i < other.#pendingCount; i++) this.add(other.#pending[i]!)
  }

  /** Takes in a row as `toRow` gives it. Stays exact only if the row brings its values and all fit. */
  mergeRow(row: SketchRow): void {
    const { count, buckets, values } = row
    if (count === 0) return
    const asValues =
      values !== undefined && (this.exact ? this.count + count <= this.#exactLimit : buckets === undefined)
    if (asValues) {
      for (let i = 0; i < values.length; i++) this.add(values[i]!)
      return
    }
    this.#empty()
    this.#zeros += row.zeros ?? 0
    if (buckets !== undefined) {
      for (let i = 0; i + 1 < buckets.length; i += 2) this.#addIndex(buckets[i]!, buckets[i + 1]!)
    }
    this.#bucketed += count
    this.#sum += row.sum
    if (row.min < this.#min) this.#min = row.min
    if (row.max > this.#max) this.#max = row.max
  }

  /** Back to empty; memory that was taken stays for the next window. */
  clear(): void {
    if (this.#bucketed > 0) {
      this.#positive.clear()
      this.#negative?.clear()
    }
    this.#pendingCount = 0
    this.#folded = 0
    this.#sorted = true
    this.#bucketed = 0
    this.#zeros = 0
    this.#sum = 0
    this.#min = Number.POSITIVE_INFINITY
    this.#max = Number.NEGATIVE_INFINITY
  }

  toRow(): SketchRow {
    const { count, sum, min, max, zeros } = this
    const row = { count, sum, min, max, zeros, buckets: this.toSparse() }
    const hasAll = this.exact && count <= this.#exactLimit
    return hasAll ? { ...row, values: this.#pending.slice(0, this.#pendingCount) } : row
  }

  /** Buckets as `[index, count, index, count, ...]`, ascending by value; zeros are counted apart. */
  toSparse(): Float64Array {
    this.#settle()
    if (this.exact) return sparseOf(this.#pending.subarray(0, this.#pendingCount))
    const negative: number[] = []
    this.#negative?.forEachAscending((index, n) => negative.push(n, -index))
    const out = new Float64Array(negative.length + 2 * this.#positive.occupied())
    out.set(negative.reverse())
    let at = negative.length
    this.#positive.forEachAscending((index, n) => {
      out[at++] = index
      out[at++] = n
    })
    return out
  }

  /**
   * The sketch that a row was taken of, by its buckets.
   * @throws RangeError when the row is not what `toRow` writes: a record may have been damaged.
   */
  static fromSparse(row: SketchRow): Sketch {
    Sketch.check(row)
    const { buckets = EMPTY, zeros = 0 } = row
    const sketch = new Sketch()
    sketch.mergeRow({ count: row.count, sum: row.sum, min: row.min, max: row.max, zeros, buckets })
    return sketch
  }

  /** Whether `toRow` can have written it: who reads millions of rows makes no sketch of each to know. @throws RangeError */
  static check(row: Pick<SketchRow, 'count' | 'zeros' | 'buckets'>): void {
    const { buckets = EMPTY, zeros = 0 } = row
    let total = zeros
    for (let i = 0; i < buckets.length; i += 2) {
      const index = Math.abs(buckets[i]!)
      const n = buckets[i + 1]
      const fits = Number.isInteger(index) && index >= PARTS && index < MAX_OCTAVE * PARTS
      if (!fits || n === undefined || !Number.isSafeInteger(n) || n <= 0) {
        throw new RangeError(`bucket ${i / 2} of a sketch is [${buckets[i]}, ${n}], which no sketch writes`)
      }
      total += n
    }
    if (total !== row.count) throw new RangeError(`a sketch of ${row.count} values has ${total} in its buckets`)
  }

  /** What `toRow` gives of a sketch that holds these values and keeps them. @param values  none of them NaN; sorted in place */
  static rowOf(values: Float64Array): SketchRow {
    let sum = 0
    let zeros = 0
    for (const value of values) {
      sum += value
      if (isZero(value)) zeros++
    }
    values.sort()
    const [min = Number.POSITIVE_INFINITY, max = Number.NEGATIVE_INFINITY] = [values[0], values.at(-1)]
    return { count: values.length, sum, min, max, zeros, buckets: sparseOf(values), values }
  }

  #makeRoom(): void {
    const { length } = this.#pending
    const most = this.exact ? Math.max(this.#exactLimit, BUFFER) : BUFFER
    if (length < most) {
      this.#pending = resized(this.#pending, Math.min(most, Math.max(8, length * 2)))
    } else {
      this.#empty()
      if (length === BUFFER) return
      // The values that were kept to be exact are in the parts now.
      this.#pending = new Float64Array(BUFFER)
    }
    this.#words = new Uint32Array(this.#pending.buffer)
  }

  /** Sorted values as long as all are at hand, everything in the parts otherwise. */
  #settle(): void {
    if (!this.exact) {
      this.#empty()
      return
    }
    this.#fold()
    if (!this.#sorted) this.#pending.subarray(0, this.#pendingCount).sort()
    this.#sorted = true
  }

  #fold(): void {
    const pending = this.#pending
    const n = this.#pendingCount
    if (this.#folded === n) return
    let sum = this.#sum
    let min = this.#min
    let max = this.#max
    for (let i = this.#folded; i < n; i++) {
      const value = pending[i]!
      sum += value
      if (value < min) min = value
      if (value > max) max = value
    }
    this.#sum = sum
    this.#min = min
    this.#max = max
    this.#folded = n
    this.#sorted = false
  }

  #empty(): void {
    this.#fold()
    const pending = this.#pending
    const n = this.#pendingCount
    let left = n - this.#positive.addAll(this.#words, n)
    for (let i = 0; left > 0; i++) {
      const value = pending[i]!
      if (value >= SMALLEST_NORMAL) continue
      left--
      if (isZero(value)) this.#zeros++
      else (this.#negative ??= new OctaveTables()).add(-value)
    }
    this.#bucketed += n
    this.#pendingCount = 0
    this.#folded = 0
    this.#sorted = true
  }

  #addIndex(index: number, count: number): void {
    if (index > 0) this.#positive.addIndex(index, count)
    else (this.#negative ??= new OctaveTables()).addIndex(-index, count)
  }

  /** Of a settled sketch. */
  #orderStatistic(rank: number): number {
    if (rank <= 0) return this.#min
    if (rank >= this.count - 1) return this.#max
    if (this.exact) return this.#pending[rank]!
    const negatives = this.#negative?.total() ?? 0
    let estimate = 0
    if (rank < negatives) estimate = -middleOf(this.#negative!.indexAtRank(negatives - 1 - rank))
    else if (rank >= negatives + this.#zeros)
      estimate = middleOf(this.#positive.indexAtRank(rank - negatives - this.#zeros))
    return Math.min(Math.max(estimate, this.#min), this.#max)
  }
}

const EMPTY = new Float64Array(0)
/** Values put aside before they are sorted into the parts: 1 KB. */
const BUFFER = 128
const SMALLEST_NORMAL = 2 ** -1022

function resized(values: Float64Array, length: number): Float64Array {
  const out = new Float64Array(length)
  out.set(values)
  return out
}

function isZero(value: number): boolean {
  return value < SMALLEST_NORMAL && value > -SMALLEST_NORMAL
}

function sparseOf(sorted: Float64Array): Float64Array {
  const out: number[] = []
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i]!
    if (isZero(value)) continue
    const index = value > 0 ? indexOf(value) : -indexOf(-value)
    if (out.length > 0 && out[out.length - 2] === index) out[out.length - 1]!++
    else out.push(index, 1)
  }
  return Float64Array.from(out)
}

/**
 * A mergeable log-linear histogram: every octave (power of two) is cut into 128 equal parts, read straight from the high
 * bits of the float64. Adding is a handful of integer operations and allocates nothing once an octave has been seen.
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
  count = 0
  sum = 0
  /** Infinity while empty. */
  min: number = Number.POSITIVE_INFINITY
  /** -Infinity while empty. */
  max: number = Number.NEGATIVE_INFINITY
  #zeros = 0
  readonly #positive: OctaveTables = new OctaveTables()
  #negative: OctaveTables | undefined
  readonly #exactLimit: number
  /** All values so far; undefined as soon as there were more than the limit, or as some arrived as buckets only. */
  #values: Float64Array | undefined
  #kept = 0
  #sorted = true

  /**
   * @param exactLimit  Up to this many values are kept as they are, so that quantiles of small samples are exact. Buckets
   *   come into being only with the next one; a rarely used sketch costs 8 bytes a value.
   */
  constructor(exactLimit = 0) {
    this.#exactLimit = exactLimit
    this.#values = exactLimit > 0 ? EMPTY : undefined
  }

  /** True while quantiles are exact. */
  get exact(): boolean {
    return this.#values !== undefined
  }

  /** How many values were 0 (or nearer to it than a normal float64 gets): phases of a request often are. */
  get zeros(): number {
    if (this.#values === undefined) return this.#zeros
    let zeros = 0
    for (let i = 0; i < this.#kept; i++) if (isZero(this.#values[i]!)) zeros++
    return zeros
  }

  /** Records one value. NaN measures nothing and is ignored; an infinity counts in the outermost part. */
  add(value: number): void {
    if (this.#values !== undefined) {
      if (value !== value) return
      this.#keep(value)
    } else if (value >= SMALLEST_NORMAL) this.#positive.add(value)
    else if (value > -SMALLEST_NORMAL) this.#zeros++
    else if (value < 0) this.#bucket(value)
    else return
    this.count++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
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
    this.mergeRow(other.toRow())
  }

  /** Takes in a row as `toRow` gives it. Exact only as long as the row brings its values. */
  mergeRow(row: SketchRow): void {
    if (row.count === 0) return
    if (this.#values !== undefined) {
      const { values } = row
      if (values !== undefined && this.#kept + values.length <= this.#exactLimit) {
        for (let i = 0; i < values.length; i++) this.#keep(values[i]!)
      } else this.toBuckets()
    }
    if (this.#values === undefined) {
      const { buckets, values } = row
      if (buckets !== undefined) {
        this.#zeros += row.zeros ?? 0
        for (let i = 0; i + 1 < buckets.length; i += 2) this.#addIndex(buckets[i]!, buckets[i + 1]!)
      } else if (values !== undefined) for (let i = 0; i < values.length; i++) this.#bucket(values[i]!)
    }
    this.count += row.count
    this.sum += row.sum
    if (row.min < this.min) this.min = row.min
    if (row.max > this.max) this.max = row.max
  }

  /** Back to empty; memory that was taken stays for the next window. */
  clear(): void {
    this.count = 0
    this.sum = 0
    this.min = Number.POSITIVE_INFINITY
    this.max = Number.NEGATIVE_INFINITY
    this.#zeros = 0
    this.#positive.clear()
    this.#negative?.clear()
    this.#kept = 0
    this.#sorted = true
    if (this.#exactLimit > 0) this.#values ??= EMPTY
  }

  /** Gives up exactness until the next `clear`. */
  toBuckets(): void {
    const values = this.#values
    if (values === undefined) return
    this.#values = undefined
    for (let i = 0; i < this.#kept; i++) this.#bucket(values[i]!)
    this.#kept = 0
  }

  toRow(): SketchRow {
    const { count, sum, min, max, zeros } = this
    const row = { count, sum, min, max, zeros, buckets: this.toSparse() }
    return this.#values === undefined ? row : { ...row, values: this.#values.slice(0, this.#kept) }
  }

  /** Buckets as `[index, count, index, count, ...]`, ascending by value; zeros are counted apart. */
  toSparse(): Float64Array {
    if (this.#values !== undefined) return sparseOf(this.#sortedValues())
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
   * The sketch that a row was taken of.
   * @throws RangeError when the row is not what `toRow` writes: a record may have been damaged.
   */
  static fromSparse(row: SketchRow): Sketch {
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
    const sketch = new Sketch()
    sketch.mergeRow({ count: row.count, sum: row.sum, min: row.min, max: row.max, zeros, buckets })
    return sketch
  }

  #keep(value: number): void {
    const n = this.#kept
    if (n === this.#exactLimit) {
      this.toBuckets()
      this.#bucket(value)
      return
    }
    let values = this.#values!
    if (n === values.length) {
      const grown = new Float64Array(Math.min(this.#exactLimit, Math.max(8, n * 2)))
      grown.set(values)
      values = this.#values = grown
    }
    values[n] = value
    this.#kept = n + 1
    this.#sorted = false
  }

  #bucket(value: number): void {
    if (isZero(value)) this.#zeros++
    else if (value > 0) this.#positive.add(value)
    else (this.#negative ??= new OctaveTables()).add(-value)
  }

  #addIndex(index: number, count: number): void {
    if (index > 0) this.#positive.addIndex(index, count)
    else (this.#negative ??= new OctaveTables()).addIndex(-index, count)
  }

  #orderStatistic(rank: number): number {
    if (rank <= 0) return this.min
    if (rank >= this.count - 1) return this.max
    if (this.#values !== undefined) return this.#sortedValues()[rank]!
    const negatives = this.#negative?.total() ?? 0
    let estimate = 0
    if (rank < negatives) estimate = -middleOf(this.#negative!.indexAtRank(negatives - 1 - rank))
    else if (rank >= negatives + this.#zeros)
      estimate = middleOf(this.#positive.indexAtRank(rank - negatives - this.#zeros))
    return Math.min(Math.max(estimate, this.min), this.max)
  }

  #sortedValues(): Float64Array {
    const view = this.#values!.subarray(0, this.#kept)
    if (!this.#sorted) view.sort()
    this.#sorted = true
    return view
  }
}

const EMPTY = new Float64Array(0)
const SMALLEST_NORMAL = 2 ** -1022

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

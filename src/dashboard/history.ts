/**
 * Series of a run in bounded memory: every second of the last minutes, coarser steps before. A column says how its
 * values are joined to a coarser one; percentiles are not joined but taken again, from what was collected for the step.
 */

export interface LevelShape {
  readonly stepS: number
  /** Steps that are kept. */
  readonly keep: number
}

/** Joins a column's values of the finer steps; `of` is asked for the level (from 1) whose step has just ended. */
export type Joining = 'mean' | 'max' | { readonly of: (level: number) => number }

export interface Stretch {
  readonly times: readonly number[]
  readonly steps: readonly (readonly [stepS: number, count: number])[]
}

export class History {
  readonly names: string[] = []
  /** Ticks so far. */
  ticks = 0
  readonly #levels: Level[]
  readonly #joinings: Joining[] = []
  #now: Float64Array = new Float64Array(16).fill(Number.NaN)

  /** @param shapes  finest first; @param precise  false halves the memory: seven digits are enough for a picture */
  constructor(shapes: readonly LevelShape[], precise = true) {
    this.#levels = shapes.map((shape) => new Level(shape, precise))
  }

  /** @returns the number of the new column */
  add(name: string, joining: Joining): number {
    const column = this.names.push(name) - 1
    this.#joinings.push(joining)
    if (column >= this.#now.length) {
      const wider = new Float64Array(this.#now.length * 2).fill(Number.NaN)
      wider.set(this.#now)
      this.#now = wider
    }
    for (const level of this.#levels) level.addColumn()
    return column
  }

  /** Value of the step under way; NaN or nothing is no data. */
  set(column: number, value: number): void {
    this.#now[column] = value
  }

  /** Value of the step under way. */
  get(column: number): number {
    return this.#now[column] as number
  }

  /** A second has ended at `t`: its values become history, and so do the coarser steps that end with it. */
  tick(t: number): void {
    this.ticks++
    const [fine, ...coarse] = this.#levels
    fine?.push(t, this.#now)
    coarse.forEach((level, i) => {
      level.collect(this.#now, this.#joinings)
      if (!level.isDue(t)) return
      const values = level.joined(this.#joinings, i + 1)
      level.push(t, values)
    })
    this.#now.fill(Number.NaN)
  }

  /** The last `n` seconds of a column, oldest first. */
  recent(column: number, n: number): number[] {
    const fine = this.#levels[0]
    return fine === undefined ? [] : fine.values(column, Math.max(0, fine.length - n))
  }

  /** Times and values of the tick `index` (from 0), while it is among the seconds that are kept. */
  at(index: number): { readonly t: number; readonly values: readonly number[] } | undefined {
    const fine = this.#levels[0]
    if (fine === undefined) return undefined
    const back = this.ticks - index
    if (back <= 0 || back > fine.length) return undefined
    return fine.row(fine.length - back)
  }

  /** When steps of all levels ended, without overlap: coarse ones reach up to where the finer ones begin. */
  stretch(): Stretch {
    const times: number[] = []
    const steps: [number, number][] = []
    for (const { level, from, to } of this.#parts()) {
      for (let i = from; i < to; i++) times.push(level.time(i))
      steps.push([level.stepS, to - from])
    }
    return { times, steps }
  }

  /** Values of a column at the times of `stretch`. */
  values(column: number): number[] {
    return this.#parts().flatMap(({ level, from, to }) => level.values(column, from, to))
  }

  #parts(): { readonly level: Level; readonly from: number; readonly to: number }[] {
    const parts: { level: Level; from: number; to: number }[] = []
    let until = Number.POSITIVE_INFINITY
    for (const level of this.#levels) {
      let to = level.length
      while (to > 0 && level.time(to - 1) > until) to--
      if (to > 0) parts.unshift({ level, from: 0, to })
      // A finer level that still has everything needs no coarser one.
      if (level.length < level.keep) break
      until = level.length > 0 ? level.time(0) - level.stepS / 2 : until
    }
    return parts
  }
}

class Level {
  readonly stepS: number
  readonly keep: number
  length = 0
  readonly #precise: boolean
  #start = 0
  #room = 0
  #times: Float64Array | Float32Array = new Float64Array(0)
  readonly #columns: (Float64Array | Float32Array)[] = []
  #sums: Float64Array = new Float64Array(16)
  #counts: Uint32Array = new Uint32Array(16)
  #step: number | undefined

  constructor({ stepS, keep }: LevelShape, precise: boolean) {
    this.stepS = stepS
    this.keep = keep
    this.#precise = precise
  }

  addColumn(): void {
    this.#columns.push(this.#array(this.#room).fill(Number.NaN))
    if (this.#columns.length <= this.#sums.length) return
    const sums = new Float64Array(this.#sums.length * 2)
    sums.set(this.#sums)
    this.#sums = sums
    const counts = new Uint32Array(sums.length)
    counts.set(this.#counts)
    this.#counts = counts
  }

  push(t: number, values: Float64Array): void {
    if (this.length === this.#room && this.#room < this.keep) this.#grow()
    const at = (this.#start + this.length) % this.#room
    if (this.length === this.#room) this.#start = (this.#start + 1) % this.#room
    else this.length++
    this.#times[at] = t
    for (let column = 0; column < this.#columns.length; column++)
      (this.#columns[column] as Float64Array)[at] = values[column] as number
  }

  /** Adds a second to the step under way. */
  collect(now: Float64Array, joinings: readonly Joining[]): void {
    for (let column = 0; column < joinings.length; column++) {
      const value = now[column] as number
      if (Number.isNaN(value)) continue
      const before = this.#counts[column] as number
      const joining = joinings[column]
      if (joining === 'max') this.#sums[column] = before === 0 ? value : Math.max(this.#sums[column] as number, value)
      else if (joining === 'mean') this.#sums[column] = (before === 0 ? 0 : (this.#sums[column] as number)) + value
      this.#counts[column] = before + 1
    }
  }

  /** True when a step ends at `t`. */
  isDue(t: number): boolean {
    // Windows end some milliseconds before or after the full second.
    const step = Math.floor((t + 0.5) / this.stepS)
    this.#step ??= Math.floor((t - 0.5) / this.stepS)
    if (step <= this.#step) return false
    this.#step = step
    return true
  }

  joined(joinings: readonly Joining[], level: number): Float64Array {
    const out = new Float64Array(joinings.length)
    for (let column = 0; column < joinings.length; column++) {
      const joining = joinings[column] as Joining
      const n = this.#counts[column] as number
      if (typeof joining === 'object') out[column] = joining.of(level)
      else if (n === 0) out[column] = Number.NaN
      else out[column] = joining === 'max' ? (this.#sums[column] as number) : (this.#sums[column] as number) / n
    }
    this.#counts.fill(0)
    return out
  }

  time(i: number): number {
    return this.#times[(this.#start + i) % this.#room] as number
  }

  values(column: number, from = 0, to: number = this.length): number[] {
    const of = this.#columns[column]
    if (of === undefined) return []
    const out: number[] = []
    for (let i = from; i < to; i++) out.push(of[(this.#start + i) % this.#room] as number)
    return out
  }

  row(i: number): { readonly t: number; readonly values: readonly number[] } {
    const at = (this.#start + i) % this.#room
    return { t: this.#times[at] as number, values: this.#columns.map((column) => column[at] as number) }
  }

  #grow(): void {
    const room = Math.min(this.keep, Math.max(64, this.#room * 2))
    const wider = <T extends Float64Array | Float32Array>(old: T, fresh: T): T => {
      // Full and not yet turned over, so that the oldest is at 0.
      fresh.set(old)
      return fresh.fill(Number.NaN, old.length) as T
    }
    this.#times = wider(this.#times, new Float64Array(room))
    for (let i = 0; i < this.#columns.length; i++)
      this.#columns[i] = wider(this.#columns[i] as Float64Array, this.#array(room) as Float64Array)
    this.#room = room
  }

  #array(n: number): Float64Array | Float32Array {
    return this.#precise ? new Float64Array(n) : new Float32Array(n)
  }
}

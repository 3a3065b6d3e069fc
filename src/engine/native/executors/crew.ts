/**
 * The workers of one instance share its test: VU slots, arrivals and iterations are striped over them, and what must be
 * counted once for all (iterations, VUs beyond the plan, idle VUs) is counted in memory that every one of them sees.
 * With one worker the same code runs on memory of its own.
 */
import { type Share, stripeOf } from '#config/execution-segment.js'

/** One worker's view of one scenario. */
export interface Crew {
  /** Workers of this instance, and this one's number among them, from 0. */
  readonly count: number
  readonly index: number
  /** What the whole instance has of the test, and what of it is this worker's. */
  readonly instance: Share
  readonly own: Share
  readonly board: Board
}

/** @param offset  where the stripes of this scenario begin, so that not every scenario favours the first worker */
export function joinCrew(board: Board, index: number, instance: Share, offset = 0): Crew {
  const { count } = board
  return { count, index, instance, own: stripeOf(instance, (index - offset + count) % count, count), board }
}

/** The crew of a run on one thread. */
export function soloCrew(instance: Share): Crew {
  return joinCrew(new Board(newBoardMemory(1, 1), 0, 0), 0, instance)
}

/** Numbers of one scenario that all workers see. */
export class Board {
  readonly count: number
  /** Iterations that were taken from the common store of shared-iterations. */
  readonly claimed: SharedCounter
  /** Iterations that were started, for their numbers. */
  readonly numbered: SharedCounter
  /** Sums over the workers, for progress: VUs held, VUs in an iteration, iterations done. */
  readonly held: Tally
  readonly running: Tally
  readonly done: Tally
  readonly started: Tally
  readonly dropped: Tally
  readonly #ints: Int32Array
  readonly #at: number

  constructor(memory: BoardMemory, scenario: number, worker: number) {
    this.count = memory.workers
    this.#ints = new Int32Array(memory.ints)
    this.#at = scenario * intsPerScenario(memory.workers)
    this.claimed = new SharedCounter(this.#ints, this.#at + Field.claimed * LINE_INTS)
    this.numbered = new SharedCounter(this.#ints, this.#at + Field.numbered * LINE_INTS)
    const floats = new Float64Array(memory.floats)
    const tally = (field: number): Tally =>
      new Tally(floats, INSTANCE_FIELDS + scenario * SCENARIO_FIELDS + field, floatsPerWorker(memory), worker)
    this.held = tally(0)
    this.running = tally(1)
    this.done = tally(2)
    this.started = tally(3)
    this.dropped = tally(4)
  }

  /** Sets a number that only one may set: true for the one who did. */
  first(field: 'warned' | 'growing'): boolean {
    return Atomics.compareExchange(this.#ints, this.#cell(Field[field]), 0, 1) === 0
  }

  /** Lets `first` answer true once more. */
  again(field: 'growing'): void {
    Atomics.store(this.#ints, this.#cell(Field[field]), 0)
  }

  /** Counts this worker as through with something; answers how many are, itself included. */
  through(field: 'exhausted' | 'finished'): number {
    return Atomics.add(this.#ints, this.#cell(Field[field]), 1) + 1
  }

  /** How many workers have no arrival left. */
  get exhausted(): number {
    return Atomics.load(this.#ints, this.#cell(Field.exhausted))
  }

  /** VUs made beyond the plan so far. */
  get grown(): number {
    return Atomics.load(this.#ints, this.#cell(Field.grown))
  }

  addGrown(count: number): void {
    Atomics.add(this.#ints, this.#cell(Field.grown), count)
  }

  addIdle(worker: number): void {
    Atomics.add(this.#ints, this.#cell(Field.idle + worker), 1)
  }

  /** Takes one idle VU of a worker for the caller; false when it has none. */
  claimIdle(worker: number): boolean {
    const cell = this.#cell(Field.idle + worker)
    for (let idle = Atomics.load(this.#ints, cell); idle > 0; ) {
      const seen = Atomics.compareExchange(this.#ints, cell, idle, idle - 1)
      if (seen === idle) return true
      idle = seen
    }
    return false
  }

  #cell(field: number): number {
    return this.#at + field * LINE_INTS
  }
}

/** VUs and iterations of the whole instance. */
export class InstanceTotals {
  readonly vusActive: Tally
  readonly vusInitialized: Tally
  readonly iterationsCompleted: Tally
  readonly iterationsInterrupted: Tally

  constructor(memory: BoardMemory, worker: number) {
    const floats = new Float64Array(memory.floats)
    const tally = (field: number): Tally => new Tally(floats, field, floatsPerWorker(memory), worker)
    this.vusActive = tally(0)
    this.vusInitialized = tally(1)
    this.iterationsCompleted = tally(2)
    this.iterationsInterrupted = tally(3)
  }
}

/** A number to which each worker adds in a cell of its own; the sum is everybody's. */
export class Tally {
  readonly #cells: Float64Array
  readonly #field: number
  readonly #stride: number
  readonly #at: number

  constructor(cells: Float64Array, field: number, stride: number, worker: number) {
    this.#cells = cells
    this.#field = field
    this.#stride = stride
    this.#at = field + worker * stride
  }

  /** This worker's part. */
  get own(): number {
    return this.#cells[this.#at] as number
  }

  add(count: number): void {
    this.#cells[this.#at] = (this.#cells[this.#at] as number) + count
  }

  get total(): number {
    let sum = 0
    for (let at = this.#field; at < this.#cells.length; at += this.#stride) sum += this.#cells[at] as number
    return sum
  }
}

/**
 * Counts 0, 1, 2, ... over all workers. The memory holds 32 bits; each worker adds to its own last number what went by
 * since, which is exact as long as fewer than 2^32 numbers are taken between two of its own.
 */
export class SharedCounter {
  readonly #cells: Int32Array
  readonly #at: number
  #last = 0

  constructor(cells: Int32Array, at: number) {
    this.#cells = cells
    this.#at = at
  }

  next(): number {
    return this.#unwrap(Atomics.add(this.#cells, this.#at, 1))
  }

  /** How many were taken so far. */
  get taken(): number {
    return this.#unwrap(Atomics.load(this.#cells, this.#at))
  }

  #unwrap(raw: number): number {
    this.#last += (raw - this.#last) >>> 0
    return this.#last
  }
}

/** Plain data, to be handed to every worker. */
export interface BoardMemory {
  readonly workers: number
  readonly scenarios: number
  readonly ints: ArrayBufferLike
  readonly floats: ArrayBufferLike
  /** Number of the VU that was made last. */
  readonly vuIds: ArrayBufferLike
  /** When the next request may leave (`rps`), ps. */
  readonly nextRequest: ArrayBufferLike
}

export function newBoardMemory(workers: number, scenarios: number): BoardMemory {
  const size = { workers, scenarios }
  return {
    ...size,
    ints: new SharedArrayBuffer(4 * scenarios * intsPerScenario(workers)),
    floats: new SharedArrayBuffer(8 * workers * floatsPerWorker(size)),
    vuIds: new SharedArrayBuffer(4),
    nextRequest: new SharedArrayBuffer(8),
  }
}

/** Two workers that write to one line of the cache (128 bytes with its neighbour) slow each other down. */
const LINE_INTS = 32
const LINE_FLOATS = 16
const INSTANCE_FIELDS = 4
const SCENARIO_FIELDS = 5

const Field = { claimed: 0, numbered: 1, warned: 2, growing: 3, exhausted: 4, finished: 5, grown: 6, idle: 7 } as const

function intsPerScenario(workers: number): number {
  return (Field.idle + workers) * LINE_INTS
}

function floatsPerWorker({ scenarios }: Pick<BoardMemory, 'scenarios'>): number {
  return Math.ceil((INSTANCE_FIELDS + scenarios * SCENARIO_FIELDS) / LINE_FLOATS) * LINE_FLOATS
}

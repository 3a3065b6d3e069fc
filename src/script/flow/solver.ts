/**
 * Inclusion-based points-to sets (Andersen) with difference propagation, cycles merged by union-find, and two bounds:
 * a set that outgrows `widenAt` becomes "anything that escaped", and the work as a whole has a budget of steps.
 *
 * A node is a number and holds tokens; a token is a number and stands for a function, an object made at one place, or
 * a native. Edges say "what a holds, b holds too"; listeners are told of each new token once.
 */
export type Token = number
export type Cell = number

/** The token of a value that may be anything that ever escaped. */
export const anything: Token = 0

export interface Limits {
  /** Steps of propagation, some 20 million a second. */
  readonly budget: number
  /** Size beyond which a set becomes "anything that escaped". */
  readonly widenAt: number
}

export class OutOfBudget extends Error {}

export class Solver {
  readonly #parent: number[] = []
  readonly #sets: (Set<Token> | undefined)[] = []
  readonly #pending: (Token[] | undefined)[] = []
  readonly #edges: (Set<Cell> | undefined)[] = []
  readonly #listeners: (((token: Token) => void)[] | undefined)[] = []
  readonly #queue: Cell[] = []
  readonly #checked = new Set<number>()
  #steps = 0
  readonly #budget: number
  readonly #widenAt: number
  /** Called with each token of a set that is widened. */
  readonly onWiden: (token: Token) => void

  constructor({ budget, widenAt }: Limits, onWiden: (token: Token) => void) {
    this.#budget = budget
    this.#widenAt = widenAt
    this.onWiden = onWiden
  }

  get steps(): number {
    return this.#steps
  }

  cell(): Cell {
    const cell = this.#parent.length
    this.#parent.push(cell)
    this.#sets.push(undefined)
    this.#pending.push(undefined)
    this.#edges.push(undefined)
    this.#listeners.push(undefined)
    return cell
  }

  add(at: Cell, token: Token): void {
    const cell = this.#find(at)
    let set = this.#sets[cell]
    if (set === undefined) {
      set = new Set()
      this.#sets[cell] = set
    }
    if (set.has(token)) return
    if (set.size >= this.#widenAt && token !== anything) {
      this.onWiden(token)
      if (!set.has(anything)) {
        for (const held of set) this.onWiden(held)
        this.add(cell, anything)
      }
      return
    }
    set.add(token)
    const pending = this.#pending[cell]
    if (pending === undefined) {
      this.#pending[cell] = [token]
      this.#queue.push(cell)
    } else {
      if (pending.length === 0) this.#queue.push(cell)
      pending.push(token)
    }
  }

  edge(source: Cell, target: Cell): void {
    const from = this.#find(source)
    const to = this.#find(target)
    if (from === to) return
    let edges = this.#edges[from]
    if (edges === undefined) {
      edges = new Set()
      this.#edges[from] = edges
    }
    if (edges.has(to)) return
    edges.add(to)
    const set = this.#sets[from]
    if (set !== undefined) {
      // Tokens not yet propagated would arrive anyway; adding them twice is harmless.
      for (const token of Array.from(set)) this.add(to, token)
    }
  }

  listen(at: Cell, listener: (token: Token) => void): void {
    const cell = this.#find(at)
    const listeners = this.#listeners[cell]
    if (listeners === undefined) this.#listeners[cell] = [listener]
    else listeners.push(listener)
    const set = this.#sets[cell]
    if (set === undefined) return
    const pending = this.#pending[cell]
    for (const token of Array.from(set)) if (pending === undefined || !pending.includes(token)) listener(token)
  }

  tokens(cell: Cell): ReadonlySet<Token> {
    return this.#sets[this.#find(cell)] ?? none
  }

  has(cell: Cell, token: Token): boolean {
    return this.#sets[this.#find(cell)]?.has(token) === true
  }

  /** @throws OutOfBudget */
  solve(): void {
    for (;;) {
      const next = this.#queue.pop()
      if (next === undefined) return
      const cell = this.#find(next)
      const delta = this.#pending[cell]
      if (delta === undefined || delta.length === 0) continue
      this.#pending[cell] = []
      const listeners = this.#listeners[cell]
      if (listeners !== undefined) {
        const count = listeners.length
        for (let i = 0; i < count; i++) for (const token of delta) (listeners[i] as (token: Token) => void)(token)
        // A listener that was added while these ran has had the delta from `listen`, which no longer sees it pending.
      }
      const edges = this.#edges[cell]
      if (edges !== undefined) {
        for (const target of edges) {
          const to = this.#find(target)
          if (to === cell) continue
          this.#steps += delta.length
          let changed = false
          for (const token of delta) {
            if (!this.#sets[to]?.has(token)) {
              this.add(to, token)
              changed = true
            }
          }
          if (!changed) this.#mergeCycle(cell, to)
        }
      }
      this.#steps += 1 + delta.length * (listeners?.length ?? 0)
      if (this.#steps > this.#budget) throw new OutOfBudget('points-to analysis ran out of its budget')
    }
  }

  #find(cell: Cell): Cell {
    let root = cell
    while (this.#parent[root] !== root) root = this.#parent[root] as Cell
    while (this.#parent[cell] !== root) {
      const up = this.#parent[cell] as Cell
      this.#parent[cell] = root
      cell = up
    }
    return root
  }

  // Lazy cycle detection (Hardekopf and Lin, PLDI 2007): an edge that brings nothing new, between equal sets, may
  // close a cycle; look once per edge.
  #mergeCycle(from: Cell, to: Cell): void {
    const a = this.#sets[from]
    const b = this.#sets[to]
    if (a === undefined || b === undefined || a.size !== b.size || a.size < 4) return
    const key = from * 4194304 + to
    if (this.#checked.has(key)) return
    this.#checked.add(key)
    const path = this.#pathBack(to, from)
    if (path === undefined) return
    for (const cell of path) this.#merge(from, cell)
  }

  #pathBack(start: Cell, goal: Cell): Cell[] | undefined {
    const seen = new Set<Cell>([start])
    const stack: Cell[] = [start]
    const via = new Map<Cell, Cell>()
    while (stack.length > 0) {
      const cell = stack.pop() as Cell
      this.#steps++
      for (const target of this.#edges[cell] ?? none) {
        const to = this.#find(target)
        if (to === goal) {
          const path: Cell[] = []
          for (let at: Cell | undefined = cell; at !== undefined; at = via.get(at)) path.push(at)
          return path
        }
        if (seen.has(to) || seen.size > 2000) continue
        seen.add(to)
        via.set(to, cell)
        stack.push(to)
      }
    }
    return undefined
  }

  #merge(a: Cell, b: Cell): void {
    const keep = this.#find(a)
    const drop = this.#find(b)
    if (keep === drop) return
    const keepSet = this.#sets[keep]
    const dropSet = this.#sets[drop]
    const keepListeners = this.#listeners[keep]
    const dropListeners = this.#listeners[drop]
    // Each listener hears of what only the other side held so far, and of what is pending on its own side.
    const keepHeard = heard(keepSet, this.#pending[keep])
    const dropHeard = heard(dropSet, this.#pending[drop])
    this.#parent[drop] = keep
    const edges = this.#edges[keep] ?? new Set<Cell>()
    for (const target of this.#edges[drop] ?? none) edges.add(target)
    edges.delete(keep)
    edges.delete(drop)
    this.#edges[keep] = edges
    this.#edges[drop] = undefined
    const union = new Set(keepSet)
    for (const token of dropSet ?? none) union.add(token)
    this.#sets[keep] = union
    this.#sets[drop] = undefined
    this.#pending[drop] = undefined
    if (keepListeners !== undefined || dropListeners !== undefined) {
      this.#listeners[keep] = [...(keepListeners ?? []), ...(dropListeners ?? [])]
      this.#listeners[drop] = undefined
    }
    // Everything that at least one side has not told yet is pending again; listeners must bear hearing a token twice.
    const again: Token[] = []
    for (const token of union) if (!keepHeard.has(token) || !dropHeard.has(token)) again.push(token)
    this.#pending[keep] = again
    if (again.length > 0) this.#queue.push(keep)
  }
}

const none: ReadonlySet<never> = new Set<never>()

function heard(set: ReadonlySet<Token> | undefined, pending: readonly Token[] | undefined): Set<Token> {
  const result = new Set(set)
  for (const token of pending ?? []) result.delete(token)
  return result
}

/** The call tree of the page, decoded, with the few passes over it that its views need. */
import type { PageData } from '#profile/page/types.js'

export interface Tree {
  readonly parents: Int32Array
  readonly frames: Int32Array
  /** By value type. */
  readonly self: readonly Float64Array[]
}

export function decodeTree(data: PageData): Tree {
  return {
    parents: new Int32Array(bytes(data.parents)),
    frames: new Int32Array(bytes(data.nodeFrames)),
    self: data.self.map((text) => new Float64Array(bytes(text))),
  }
}

export function totalsOf(tree: Tree, self: Float64Array): Float64Array {
  const total = Float64Array.from(self)
  for (let node = total.length - 1; node > 0; node--) {
    const parent = tree.parents[node] as number
    total[parent] = (total[parent] as number) + (total[node] as number)
  }
  return total
}

/** A box of the flame graph: a node at a depth, from `x` for `width` of the whole's units. */
export interface Box {
  readonly node: number
  readonly depth: number
  readonly x: number
  readonly width: number
}

/** Lays the tree out, callers below their callees' sum, widest first; boxes narrower than `least` are left out. */
export function layout(tree: Tree, total: Float64Array, root: number, least: number): Box[] {
  const children = childrenOf(tree, total)
  const boxes: Box[] = [{ node: root, depth: 0, x: 0, width: total[root] as number }]
  for (let at = 0; at < boxes.length; at++) {
    const box = boxes[at] as Box
    let x = box.x
    for (const node of children.get(box.node) ?? []) {
      const width = total[node] as number
      if (width >= least && width > 0) boxes.push({ node, depth: box.depth + 1, x, width })
      x += width
    }
  }
  return boxes
}

export interface FunctionRow {
  readonly frame: number
  readonly self: number
  readonly total: number
}

/** Self and total by function (name and file); recursion counts once. */
export function byFunction(
  tree: Tree,
  keys: readonly number[],
  self: Float64Array,
  total: Float64Array,
): FunctionRow[] {
  const selfSum = new Map<number, number>()
  const totalSum = new Map<number, number>()
  const first = new Map<number, number>()
  for (let node = 1; node < self.length; node++) {
    const frame = tree.frames[node] as number
    const key = keys[frame] as number
    if (!first.has(key)) first.set(key, frame)
    selfSum.set(key, (selfSum.get(key) ?? 0) + (self[node] as number))
    if (!calledBy(tree, keys, node, key)) totalSum.set(key, (totalSum.get(key) ?? 0) + (total[node] as number))
  }
  return [...first]
    .map(([key, frame]) => ({ frame, self: selfSum.get(key) ?? 0, total: totalSum.get(key) ?? 0 }))
    .sort((a, b) => b.self - a.self || b.total - a.total)
}

/** One number for each function, so that its lines are one row. */
export function functionKeys(frames: PageData['frames']): number[] {
  const ids = new Map<string, number>()
  return frames.map(([name, file]) => {
    const key = `${name}\0${file}`
    let id = ids.get(key)
    if (id === undefined) ids.set(key, (id = ids.size))
    return id
  })
}

/** Both sides of the sandwich: every call of `key`, merged into a tree of its callers (inverted) and of its callees. */
export function sandwich(
  tree: Tree,
  keys: readonly number[],
  self: Float64Array,
  total: Float64Array,
  key: number,
): {
  readonly callers: Tree
  readonly callersTotal: Float64Array
  readonly callees: Tree
  readonly calleesTotal: Float64Array
} {
  const callers = new TreeBuilder()
  const callees = new TreeBuilder()
  const mapped = new Map<number, number>()
  for (let node = 1; node < total.length; node++) {
    const inside = mapped.get(tree.parents[node] as number)
    const isOne = keys[tree.frames[node] as number] === key
    if (inside !== undefined) mapped.set(node, callees.child(inside, tree.frames[node] as number, self[node] as number))
    else if (isOne) {
      mapped.set(node, callees.child(0, tree.frames[node] as number, self[node] as number))
      let at = 0
      for (let up: number = node; up > 0; up = tree.parents[up] as number)
        at = callers.child(at, tree.frames[up] as number, 0)
      callers.add(at, total[node] as number)
    }
  }
  const [above, below] = [callers.build(), callees.build()]
  return {
    callers: above,
    callersTotal: totalsOf(above, above.self[0] as Float64Array),
    callees: below,
    calleesTotal: totalsOf(below, below.self[0] as Float64Array),
  }
}

class TreeBuilder {
  readonly #parents: number[] = [-1]
  readonly #frames: number[] = [-1]
  readonly #self: number[] = [0]
  readonly #children = new Map<string, number>()

  child(parent: number, frame: number, self: number): number {
    const key = `${parent} ${frame}`
    let node = this.#children.get(key)
    if (node === undefined) {
      node = this.#parents.push(parent) - 1
      this.#frames.push(frame)
      this.#self.push(0)
      this.#children.set(key, node)
    }
    this.add(node, self)
    return node
  }

  add(node: number, self: number): void {
    this.#self[node] = (this.#self[node] as number) + self
  }

  build(): Tree {
    return {
      parents: Int32Array.from(this.#parents),
      frames: Int32Array.from(this.#frames),
      self: [Float64Array.from(this.#self)],
    }
  }
}

const childLists = new WeakMap<Float64Array, Map<number, number[]>>()

/** Children by node, widest first; kept while the totals live. */
function childrenOf(tree: Tree, total: Float64Array): Map<number, number[]> {
  let children = childLists.get(total)
  if (children !== undefined) return children
  children = new Map()
  for (let node = 1; node < total.length; node++) {
    const parent = tree.parents[node] as number
    const list = children.get(parent)
    if (list === undefined) children.set(parent, [node])
    else list.push(node)
  }
  for (const list of children.values()) list.sort((a, b) => (total[b] as number) - (total[a] as number))
  childLists.set(total, children)
  return children
}

function calledBy(tree: Tree, keys: readonly number[], node: number, key: number): boolean {
  for (let at = tree.parents[node] as number; at > 0; at = tree.parents[at] as number) {
    if (keys[tree.frames[at] as number] === key) return true
  }
  return false
}

function bytes(base64: string): ArrayBuffer {
  const text = atob(base64)
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i)
  return out.buffer
}

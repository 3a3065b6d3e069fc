import type { HeapSnapshot } from './parse.js'

/** What each node keeps alive. */
export interface Retention {
  /** Immediate dominator of each node; -1 for what no strong path reaches. */
  readonly dominator: Int32Array
  /** Bytes that would be freed with the node, itself included. */
  readonly retainedBytes: Float64Array
  /** On the shortest strong path from the root: the node before, and the edge from it. -1 for the root. */
  readonly before: Int32Array
  readonly edgeBefore: Int32Array
}

/**
 * Dominators by the iterative algorithm of Cooper, Harvey and Kennedy (2001) over reverse postorder; weak references keep
 * nothing alive.
 */
export function retention(snapshot: HeapSnapshot): Retention {
  const { count, firstEdge, edgeTo, edgeType, selfBytes } = snapshot
  const weak = snapshot.edgeTypes.indexOf('weak')
  const order = postorder(snapshot, weak)
  const number = new Int32Array(count).fill(-1)
  for (const [i, node] of order.entries()) number[node] = i
  const { start, from } = predecessors(snapshot, weak, number)
  const dominator = new Int32Array(count).fill(-1)
  dominator[0] = 0
  for (let changed = true; changed; ) {
    changed = false
    for (let i = order.length - 2; i >= 0; i--) {
      const node = order[i] as number
      let best = -1
      for (let p = start[node] as number; p < (start[node + 1] as number); p++) {
        let other = from[p] as number
        if (dominator[other] === -1) continue
        if (best === -1) {
          best = other
          continue
        }
        while (best !== other) {
          while ((number[best] as number) < (number[other] as number)) best = dominator[best] as number
          while ((number[other] as number) < (number[best] as number)) other = dominator[other] as number
        }
      }
      if (dominator[node] !== best) {
        dominator[node] = best
        changed = true
      }
    }
  }
  const retainedBytes = Float64Array.from(selfBytes)
  for (const node of order) {
    if (node === 0) continue
    const parent = dominator[node] as number
    retainedBytes[parent] = (retainedBytes[parent] as number) + (retainedBytes[node] as number)
  }
  dominator[0] = -1
  const before = new Int32Array(count).fill(-1)
  const edgeBefore = new Int32Array(count).fill(-1)
  const queue = new Int32Array(count)
  const seen = new Uint8Array(count)
  seen[0] = 1
  for (let head = 0, tail = 1; head < tail; head++) {
    const node = queue[head] as number
    for (let e = firstEdge[node] as number; e < (firstEdge[node + 1] as number); e++) {
      const to = edgeTo[e] as number
      if (edgeType[e] === weak || seen[to] === 1) continue
      seen[to] = 1
      before[to] = node
      edgeBefore[to] = e
      queue[tail++] = to
    }
  }
  return { dominator, retainedBytes, before, edgeBefore }
}

/** Nodes that are reachable, children before parents; without recursion: chains in heaps are long. */
function postorder({ count, firstEdge, edgeTo, edgeType }: HeapSnapshot, weak: number): Int32Array {
  const order = new Int32Array(count)
  const next = Uint32Array.from(firstEdge.subarray(0, count))
  const seen = new Uint8Array(count)
  const stack = new Int32Array(count)
  let depth = 1
  let done = 0
  seen[0] = 1
  while (depth > 0) {
    const node = stack[depth - 1] as number
    const e = next[node] as number
    if (e === (firstEdge[node + 1] as number)) {
      order[done++] = node
      depth--
      continue
    }
    next[node] = e + 1
    const to = edgeTo[e] as number
    if (edgeType[e] === weak || seen[to] === 1) continue
    seen[to] = 1
    stack[depth++] = to
  }
  return order.subarray(0, done)
}

function predecessors(
  { count, firstEdge, edgeTo, edgeType }: HeapSnapshot,
  weak: number,
  number: Int32Array,
): { readonly start: Uint32Array; readonly from: Uint32Array } {
  const start = new Uint32Array(count + 2)
  const each = (visit: (node: number, to: number) => void): void => {
    for (let node = 0; node < count; node++) {
      if (number[node] === -1) continue
      for (let e = firstEdge[node] as number; e < (firstEdge[node + 1] as number); e++)
        if (edgeType[e] !== weak) visit(node, edgeTo[e] as number)
    }
  }
  each((_, to) => (start[to + 2] = (start[to + 2] as number) + 1))
  for (let i = 2; i < start.length; i++) start[i] = (start[i] as number) + (start[i - 1] as number)
  const from = new Uint32Array(start[count + 1] as number)
  each((node, to) => {
    const at = start[to + 1] as number
    from[at] = node
    start[to + 1] = at + 1
  })
  return { start, from }
}

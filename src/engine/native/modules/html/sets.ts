/**
 * Lists of nodes and the steps between them with goquery's order and duplicates: results follow the order of the nodes
 * they were found from, and a node is taken once.
 */
import type { Matcher } from './css.js'
import { type HtmlNode, walk } from './nodes.js'

export type Nodes = readonly HtmlNode[]

/** For each node what `step` adds, without duplicates. */
export function collect(nodes: Nodes, step: (node: HtmlNode, add: (found: HtmlNode) => void) => void): HtmlNode[] {
  const found = new Set<HtmlNode>()
  for (const node of nodes) step(node, (n) => void found.add(n))
  return [...found]
}

export function descendants(nodes: Nodes, matches: Matcher): HtmlNode[] {
  return collect(nodes, (node, add) => {
    for (let child = node.first; child !== undefined; child = child.next) {
      if (child.kind === 'element') walk(child, (n) => matches(n) && add(n))
    }
  })
}

export function children(nodes: Nodes): HtmlNode[] {
  return collect(nodes, (node, add) => {
    for (let child = node.first; child !== undefined; child = child.next) if (child.kind === 'element') add(child)
  })
}

export function contents(nodes: Nodes): HtmlNode[] {
  return collect(nodes, (node, add) => {
    for (let child = node.first; child !== undefined; child = child.next) add(child)
  })
}

export type Direction = 'next' | 'previous'

/** The sibling elements in one direction, nearest first, up to the first that `until` matches. */
export function siblingsOn(
  nodes: Nodes,
  direction: Direction,
  until: Matcher,
  limit: number = Number.POSITIVE_INFINITY,
): HtmlNode[] {
  return collect(nodes, (node, add) => {
    let left = limit
    for (let sibling = node[direction]; sibling !== undefined && left > 0; sibling = sibling[direction]) {
      if (sibling.kind !== 'element') continue
      if (until(sibling)) return
      add(sibling)
      left--
    }
  })
}

export function siblings(nodes: Nodes): HtmlNode[] {
  return collect(nodes, (node, add) => {
    for (let other = node.parent?.first; other !== undefined; other = other.next) {
      if (other !== node && other.kind === 'element') add(other)
    }
  })
}

export function parents(nodes: Nodes, until: Matcher, limit: number = Number.POSITIVE_INFINITY): HtmlNode[] {
  return collect(nodes, (node, add) => {
    let left = limit
    for (let parent = node.parent; parent !== undefined && left > 0; parent = parent.parent) {
      if (until(parent)) return
      if (parent.kind === 'element') add(parent)
      left--
    }
  })
}

export function closest(nodes: Nodes, matches: Matcher): HtmlNode[] {
  return collect(nodes, (node, add) => {
    for (let current: HtmlNode | undefined = node; current !== undefined; current = current.parent) {
      if (matches(current)) return add(current)
    }
  })
}

/** True when `node` is somewhere under `container`. */
export function contains(container: HtmlNode, node: HtmlNode): boolean {
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) if (parent === container) return true
  return false
}

export function oneOf(nodes: Nodes): Matcher {
  const set = new Set(nodes)
  return (node) => set.has(node)
}

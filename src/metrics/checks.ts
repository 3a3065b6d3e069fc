import { createHash } from 'node:crypto'
import type { TagSet, WindowRow } from './types.js'

export interface CheckCount {
  readonly name: string
  passes: number
  fails: number
}

export interface GroupNode {
  readonly name: string
  /** '' for the root, '::outer::inner' below. */
  readonly path: string
  /** In the order in which they were first seen. */
  readonly groups: Map<string, GroupNode>
  readonly checks: Map<string, CheckCount>
}

/** Distinct checks and groups that are told apart; what a script names beyond that counts under one name. */
const MAX_NODES = 10_000
const OTHER = '(other)'

/**
 * Groups and checks of a run as a tree, built from the samples of `checks` and `group_duration` by their `group` and
 * `check` tags. k6 does the same: a group with neither a check nor an end is not in it, nor is a check whose system tag
 * was switched off.
 */
export class CheckTree {
  readonly root: GroupNode = newGroup('', '')
  readonly #byName = new Map<string, CheckCount>()
  #nodes = 0

  /** True when there is anything to show. */
  get isEmpty(): boolean {
    return this.#nodes === 0
  }

  /** Counts a row of `checks`, or notes the group of a row of `group_duration`. */
  mergeRow(metricName: string, tags: TagSet, row: Pick<WindowRow, 'count' | 'sum'>): void {
    if (metricName !== 'checks' && metricName !== 'group_duration') return
    const path = tags.get('group')
    if (path === undefined) return
    const group = this.group(path)
    const name = metricName === 'checks' ? tags.get('check') : undefined
    if (name !== undefined) this.#count(group.checks, name, row.sum, row.count - row.sum)
  }

  /** The node of this path, made when it is not there. */
  group(path: string): GroupNode {
    let node = this.root
    for (const name of path.split('::').slice(1)) {
      let child = node.groups.get(name)
      if (child === undefined) {
        const free = this.#nodes < MAX_NODES
        const shown = free ? name : OTHER
        child = node.groups.get(shown)
        if (child === undefined) {
          child = newGroup(shown, `${node.path}::${shown}`)
          node.groups.set(shown, child)
          this.#nodes++
        }
        if (!free) return child
      }
      node = child
    }
    return node
  }

  /** Checks by name over all groups, in the order in which they were first seen. */
  flat(): readonly CheckCount[] {
    return [...this.#byName.values()]
  }

  #count(checks: Map<string, CheckCount>, name: string, passes: number, fails: number): void {
    for (const counts of [checks, this.#byName]) {
      const shown = counts.has(name) || this.#nodes < MAX_NODES ? name : OTHER
      let count = counts.get(shown)
      if (count === undefined) {
        count = { name: shown, passes: 0, fails: 0 }
        counts.set(shown, count)
        if (counts === checks) this.#nodes++
      }
      count.passes += passes
      count.fails += fails
    }
  }
}

/** k6's id of a group or check: md5 of its path, `d41d8cd9...` for the root. */
export function pathId(path: string): string {
  return createHash('md5').update(path).digest('hex')
}

function newGroup(name: string, path: string): GroupNode {
  return { name, path, groups: new Map(), checks: new Map() }
}

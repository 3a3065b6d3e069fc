/** What a heap holds more of than before, and who holds it. */
import type { HeapSnapshot } from './parse.js'
import { type Retention, retention } from './retained.js'

export interface GrownClass {
  /** Constructor, or the kind of thing for what has none: `(string)`, `(closure)`. */
  readonly name: string
  /** V8's own bookkeeping rather than something of the program's. */
  readonly internal: boolean
  readonly before: number
  readonly after: number
  /** Growth of the objects themselves, bytes. */
  readonly selfBytes: number
  /** What the new ones keep alive; an object within another new one of its class counts once. */
  readonly retainedBytes: number
  /** The way from the root to the new one that keeps most alive, outermost first. */
  readonly path: readonly PathStep[]
}

export interface PathStep {
  /** How the one before refers to it: `.cartEvents`, `[12]`, `(context)`. */
  readonly by: string
  readonly name: string
}

export interface HeapGrowth {
  readonly beforeBytes: number
  readonly afterBytes: number
  /** By what their new ones retain, largest first; the program's own before V8's. */
  readonly classes: readonly GrownClass[]
}

/**
 * Both of the same process: what is new is told by V8's ids. An address that is used again keeps its id, so counts come
 * from the classes, and only the choice of whom to show from the ids.
 */
export function compareSnapshots(before: HeapSnapshot, after: HeapSnapshot): HeapGrowth {
  const old = new Set(before.id)
  const held = retention(after)
  const names = new ClassNames(after)
  const classes = new Map<string, Grown>()
  const entry = (name: string): Grown => {
    let known = classes.get(name)
    if (known === undefined) classes.set(name, (known = { before: 0, after: 0, self: 0, retained: 0, largest: -1 }))
    return known
  }
  const isNew = new Uint8Array(after.count)
  for (let node = 1; node < after.count; node++) if (!old.has(after.id[node] as number)) isNew[node] = 1
  for (let node = 1; node < after.count; node++) {
    const name = names.of(node)
    const grown = entry(name)
    grown.after++
    grown.self += after.selfBytes[node] as number
    if (isNew[node] === 0 || held.dominator[node] === -1 || within(after, held, names, isNew, node, name)) continue
    const retained = held.retainedBytes[node] as number
    grown.retained += retained
    if (grown.largest === -1 || retained > (held.retainedBytes[grown.largest] as number)) grown.largest = node
  }
  const oldNames = new ClassNames(before)
  for (let node = 1; node < before.count; node++) {
    const grown = entry(oldNames.of(node))
    grown.before++
    grown.self -= before.selfBytes[node] as number
  }
  return {
    beforeBytes: sum(before.selfBytes),
    afterBytes: sum(after.selfBytes),
    classes: [...classes]
      .filter(([, { before, after }]) => after > before)
      .map(([name, grown]) => ({
        name,
        internal: /^\((?!closure)|^system \//.test(name),
        before: grown.before,
        after: grown.after,
        selfBytes: grown.self,
        retainedBytes: grown.retained,
        path: pathTo(after, held, names, grown.largest),
      }))
      .sort((a, b) => Number(a.internal) - Number(b.internal) || b.retainedBytes - a.retainedBytes),
  }
}

interface Grown {
  before: number
  after: number
  self: number
  retained: number
  /** The new one that retains most. */
  largest: number
}

/** True when another new one of its class holds it: a long list would count each of its links with all after it. */
function within(
  after: HeapSnapshot,
  { dominator }: Retention,
  names: ClassNames,
  isNew: Uint8Array,
  node: number,
  name: string,
): boolean {
  let steps = 0
  for (let at = dominator[node] as number; at > 0 && steps < 200; at = dominator[at] as number, steps++) {
    if (isNew[at] === 1 && names.of(at) === name && after.type[at] === after.type[node]) return true
  }
  return false
}

function pathTo(snapshot: HeapSnapshot, held: Retention, names: ClassNames, node: number): PathStep[] {
  const steps: PathStep[] = []
  for (let at = node; at > 0; at = held.before[at] as number) {
    const edge = held.edgeBefore[at] as number
    if (edge === -1) break
    steps.push({ by: edgeText(snapshot, edge), name: names.of(at) })
  }
  return steps.reverse()
}

function edgeText(snapshot: HeapSnapshot, edge: number): string {
  const type = snapshot.edgeTypes[snapshot.edgeType[edge] as number]
  const name = snapshot.edgeName[edge] as number
  if (type === 'element' || type === 'hidden') return `[${name}]`
  const text = snapshot.strings[name] ?? ''
  return type === 'internal' ? `(${text})` : `.${text}`
}

/** Names of classes as Chrome's heap view has them. */
class ClassNames {
  readonly #snapshot: HeapSnapshot
  readonly #names = new Map<number, string>()

  constructor(snapshot: HeapSnapshot) {
    this.#snapshot = snapshot
  }

  of(node: number): string {
    const { type, name, types, strings } = this.#snapshot
    const kind = types[type[node] as number] ?? 'unknown'
    if (kind !== 'object' && kind !== 'native' && kind !== 'closure') return `(${kind})`
    const key = (name[node] as number) * 256 + (type[node] as number)
    let text = this.#names.get(key)
    if (text === undefined) {
      const own = strings[name[node] as number] ?? ''
      text = kind === 'closure' ? `(closure) ${own}` : own === '' ? `(${kind})` : own
      this.#names.set(key, text)
    }
    return text
  }
}

function sum(values: Float64Array): number {
  let all = 0
  for (const value of values) all += value
  return all
}

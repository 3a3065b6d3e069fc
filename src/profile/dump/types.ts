import type { Runtime } from '../take/process.js'

/** One place in a stack. */
export interface DumpFrame {
  readonly name: string
  readonly file: string
  readonly line: number
}

/** Threads or goroutines that stand at the same place. */
export interface StackGroup {
  readonly count: number
  /** `running`, `idle`, `sync.Mutex.Lock, 3 minutes`, ... */
  readonly state: string
  /** A few of their names. */
  readonly names: readonly string[]
  /** Innermost first. */
  readonly stack: readonly DumpFrame[]
  readonly holdsGil: boolean
}

/** Where a process is, now. */
export interface Dump {
  readonly runtime: Runtime
  readonly method: string
  /** Largest first. */
  readonly groups: readonly StackGroup[]
  /** What else there is to say: open handles, what was left out. */
  readonly notes: readonly string[]
}

/** One stack before those that are equal are counted together. */
export interface OneStack {
  readonly name: string
  readonly state: string
  readonly stack: readonly DumpFrame[]
  readonly count?: number
  readonly holdsGil?: boolean
}

const namesKept = 5

export function group(stacks: readonly OneStack[]): StackGroup[] {
  const groups = new Map<string, { count: number; names: string[]; one: OneStack; holdsGil: boolean }>()
  for (const one of stacks) {
    const key = JSON.stringify([one.state, one.stack])
    const known = groups.get(key)
    const count = one.count ?? 1
    if (known === undefined) {
      groups.set(key, { count, names: one.name === '' ? [] : [one.name], one, holdsGil: one.holdsGil ?? false })
      continue
    }
    known.count += count
    known.holdsGil ||= one.holdsGil ?? false
    if (one.name !== '' && known.names.length < namesKept) known.names.push(one.name)
  }
  return [...groups.values()]
    .map(({ count, names, one, holdsGil }) => ({ count, names, state: one.state, stack: one.stack, holdsGil }))
    .sort((a, b) => b.count - a.count)
}

/**
 * The one model of every profile, whatever tool took it: pprof's (github.com/google/pprof, proto/profile.proto), held as
 * a tree of calls, so that totals, flame graphs and differences are one pass over plain arrays.
 */

/** What a sample's numbers mean: `{ type: 'cpu', unit: 'nanoseconds' }`. Names and units are pprof's. */
export interface ValueType {
  readonly type: string
  readonly unit: string
}

/** A function at a line. '' and 0 = unknown. */
export interface Frame {
  /** As a person reads it, demangled. */
  readonly name: string
  readonly file: string
  /** The line that was running or calling, from 1. */
  readonly line: number
  /** Where the function begins: line from 1, column from 0 (0 where the format has none). */
  readonly startLine: number
  readonly column: number
  /** Binary or library that holds it. */
  readonly module: string
}

/** pprof's labels: thread, endpoint, state, ... */
export type Labels = Readonly<Record<string, string | number>>

export interface Profile {
  readonly valueTypes: readonly ValueType[]
  readonly frames: readonly Frame[]
  /** Call tree: node 0 is the root, without a frame; a node's parent comes before it. */
  readonly parents: Int32Array
  /** Index into `frames`; -1 for the root. */
  readonly nodeFrames: Int32Array
  /** One entry a sample: its leaf's node, and `valueTypes.length` numbers each in `values`. */
  readonly leaves: Int32Array
  readonly values: Float64Array
  /** Index into `labelSets` of each sample; 0 is the empty set. */
  readonly labels: Int32Array
  readonly labelSets: readonly Labels[]
  /** When each sample was taken, wall clock in milliseconds since 1970; undefined when the format has no times. */
  readonly times: Float64Array | undefined
  readonly startedUnixMs: number | undefined
  readonly durationNs: number | undefined
  /** One sample stands for so much of the period's type; undefined when the format does not say. */
  readonly period: { readonly type: ValueType; readonly every: number } | undefined
  /** Index into `valueTypes` of what a reader should look at first. */
  readonly mainValue: number
  /** What the reader could not take, in full sentences: never dropped in silence. */
  readonly notes: readonly string[]
}

export interface ProfileFacts {
  readonly startedUnixMs?: number | undefined
  readonly durationNs?: number | undefined
  readonly period?: Profile['period']
  readonly mainValue?: number
  readonly notes?: readonly string[]
}

const noLabels: Labels = {}

/** Collects samples into the tree; frames and label sets are interned. */
export class ProfileBuilder {
  readonly #valueTypes: readonly ValueType[]
  readonly #frames: Frame[] = []
  readonly #frameIds = new Map<string, number>()
  readonly #parents: number[] = [-1]
  readonly #nodeFrames: number[] = [-1]
  /** Children of a node by frame; made only when a node has any. */
  readonly #children: (Map<number, number> | undefined)[] = [undefined]
  readonly #leaves: number[] = []
  readonly #values: number[] = []
  readonly #labels: number[] = []
  readonly #labelSets: Labels[] = [noLabels]
  readonly #labelIds = new Map<string, number>([['{}', 0]])
  #times: number[] | undefined

  constructor(valueTypes: readonly ValueType[]) {
    if (valueTypes.length === 0) throw new RangeError('a profile has at least one type of value')
    this.#valueTypes = valueTypes
  }

  frame(given: Partial<Frame> & { readonly name: string }): number {
    const { name, file = '', line = 0, startLine = 0, column = 0, module = '' } = given
    const key = `${name}\0${file}\0${line}\0${startLine}\0${column}\0${module}`
    let id = this.#frameIds.get(key)
    if (id === undefined) {
      id = this.#frames.push({ name, file, line, startLine, column, module }) - 1
      this.#frameIds.set(key, id)
    }
    return id
  }

  /** The node of `frame` called from `parent` (0: the root). */
  child(parent: number, frame: number): number {
    const children = (this.#children[parent] ??= new Map())
    let node = children.get(frame)
    if (node === undefined) {
      node = this.#parents.push(parent) - 1
      this.#nodeFrames.push(frame)
      this.#children.push(undefined)
      children.set(frame, node)
    }
    return node
  }

  /** @param frames  outermost first */
  stack(frames: readonly number[]): number {
    let node = 0
    for (const frame of frames) node = this.child(node, frame)
    return node
  }

  labelSet(labels: Labels): number {
    const keys = Object.keys(labels)
    if (keys.length === 0) return 0
    const key = JSON.stringify(keys.sort().map((name) => [name, labels[name]]))
    let id = this.#labelIds.get(key)
    if (id === undefined) {
      id = this.#labelSets.push(labels) - 1
      this.#labelIds.set(key, id)
    }
    return id
  }

  /** @param values  one number for each of the value types */
  sample(node: number, values: readonly number[], labelSet = 0, unixMs?: number): void {
    if (values.length !== this.#valueTypes.length) {
      throw new RangeError(`a sample has ${values.length} values for ${this.#valueTypes.length} types`)
    }
    const index = this.#leaves.push(node) - 1
    for (const value of values) this.#values.push(value)
    this.#labels.push(labelSet)
    if (unixMs !== undefined) {
      this.#times ??= Array.from({ length: index }, () => Number.NaN)
      this.#times[index] = unixMs
    }
  }

  build(facts: ProfileFacts = {}): Profile {
    return {
      valueTypes: this.#valueTypes,
      frames: this.#frames,
      parents: Int32Array.from(this.#parents),
      nodeFrames: Int32Array.from(this.#nodeFrames),
      leaves: Int32Array.from(this.#leaves),
      values: Float64Array.from(this.#values),
      labels: Int32Array.from(this.#labels),
      labelSets: this.#labelSets,
      times: this.#times === undefined ? undefined : Float64Array.from(this.#times),
      startedUnixMs: facts.startedUnixMs,
      durationNs: facts.durationNs,
      period: facts.period,
      mainValue: facts.mainValue ?? this.#valueTypes.length - 1,
      notes: facts.notes ?? [],
    }
  }
}

/** Frames of a node, outermost first. */
export function stackOf(profile: Profile, node: number): Frame[] {
  const frames: Frame[] = []
  for (let at = node; at > 0; at = profile.parents[at] as number) {
    frames.push(profile.frames[profile.nodeFrames[at] as number] as Frame)
  }
  return frames.reverse()
}

/** Sum of one value over all samples. */
export function total(profile: Profile, value: number = profile.mainValue): number {
  let sum = 0
  for (let i = value; i < profile.values.length; i += profile.valueTypes.length) sum += profile.values[i] as number
  return sum
}

/** The same profile with other frames (source maps, demangling), and labels added to every sample. */
export function remap(profile: Profile, change: (frame: Frame) => Frame, labels: Labels = {}): Profile {
  const added = Object.keys(labels).length > 0
  return {
    ...profile,
    frames: profile.frames.map(change),
    labelSets: added ? profile.labelSets.map((set) => ({ ...set, ...labels })) : profile.labelSets,
  }
}

/** How many samples were taken: formats that add equal stacks up say it in a value of its own. */
export function sampleCount(profile: Profile): number {
  const counted = profile.valueTypes.findIndex(({ type, unit }) => type === 'samples' && unit === 'count')
  return counted < 0 ? profile.leaves.length : total(profile, counted)
}

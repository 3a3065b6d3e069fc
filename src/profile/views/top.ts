/** The table that every profiler begins with: functions by self time, and the few that hold most of it. */
import type { Frame, Profile } from '../model.js'
import { type TreeTotals, treeTotals } from './tree.js'

export interface TopRow {
  readonly name: string
  readonly file: string
  /** The function's line with most of its self time (of its total where it has none). */
  readonly line: number
  readonly module: string
  readonly self: number
  /** Recursion counts once, as in `go tool pprof`. */
  readonly total: number
  /** Shares of the whole profile, 0..1. */
  readonly selfRatio: number
  readonly totalRatio: number
  /** Of this row and those above it. */
  readonly cumulativeRatio: number
}

export interface Top {
  readonly rows: readonly TopRow[]
  readonly total: number
  /** So many first rows hold at least 80 % of the self time: the hot spots. */
  readonly hot: number
}

/** Self time that the hot spots hold together. */
const hotShare = 0.8

export function top(profile: Profile, value: number = profile.mainValue, keep?: (sample: number) => boolean): Top {
  const totals = treeTotals(profile, value, keep)
  const functions = byFunction(profile, totals)
  const all = totals.total[0] ?? 0
  const sorted = [...functions].sort((a, b) => b.self - a.self || b.total - a.total || compare(a.frame, b.frame))
  let sum = 0
  const rows = sorted.map(({ frame, line, self, total }): TopRow => {
    sum += self
    return {
      name: frame.name,
      file: frame.file,
      line,
      module: frame.module,
      self,
      total,
      selfRatio: share(self, all),
      totalRatio: share(total, all),
      cumulativeRatio: share(sum, all),
    }
  })
  const at = rows.findIndex((row) => row.cumulativeRatio >= hotShare)
  return { rows, total: all, hot: all === 0 ? 0 : at + 1 }
}

interface FunctionTotals {
  readonly frame: Frame
  line: number
  self: number
  total: number
}

/** A function is its name, file, first line and binary: its lines are added up. */
function byFunction(profile: Profile, { self, total }: TreeTotals): Iterable<FunctionTotals> {
  const functions: FunctionTotals[] = []
  const ids = new Map<string, number>()
  const functionOf = profile.frames.map((frame) => {
    const key = `${frame.name}\0${frame.file}\0${frame.startLine}\0${frame.column}\0${frame.module}`
    let id = ids.get(key)
    if (id === undefined) {
      id = functions.push({ frame, line: frame.line, self: 0, total: 0 }) - 1
      ids.set(key, id)
    }
    return id
  })
  const bestLine = new Map<number, number>()
  const lines = new Map<number, Map<number, number>>()
  for (let node = 1; node < self.length; node++) {
    const frameId = profile.nodeFrames[node] as number
    const id = functionOf[frameId] as number
    const entry = functions[id] as FunctionTotals
    entry.self += self[node] as number
    if (!hasAncestor(profile, functionOf, node, id)) entry.total += total[node] as number
    let weights = lines.get(id)
    if (weights === undefined) lines.set(id, (weights = new Map()))
    const line = (profile.frames[frameId] as Frame).line
    const weight = (weights.get(line) ?? 0) + (self[node] as number) + (total[node] as number) * 1e-9
    weights.set(line, weight)
    if (weight > (bestLine.get(id) ?? -1)) {
      bestLine.set(id, weight)
      entry.line = line
    }
  }
  return functions
}

function hasAncestor(profile: Profile, functionOf: readonly number[], node: number, id: number): boolean {
  for (let at = profile.parents[node] as number; at > 0; at = profile.parents[at] as number) {
    if (functionOf[profile.nodeFrames[at] as number] === id) return true
  }
  return false
}

function compare(a: Frame, b: Frame): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

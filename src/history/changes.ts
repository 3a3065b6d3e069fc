/**
 * Where the level of a value changed over many runs: E-divisive means (Matteson and James 2014) in windows that slide over
 * the history, as Apache Otava (Hunter) does it: in a long history a change that was taken back would be averaged away.
 */
import type { RunFacts } from '#gate/index.js'
import { changePoints } from '#stats/index.js'

export interface HistoryOptions {
  /** Runs a window holds. */
  readonly window: number
  /** Smallest change that is told, a share. */
  readonly margin: number
  readonly alpha: number
}

export const defaultHistory: HistoryOptions = { window: 30, margin: 0.05, alpha: 0.01 }

export interface LevelChange {
  readonly name: string
  /** The first run of the new level, and the last of the old one. */
  readonly run: RunFacts
  readonly before: RunFacts
  readonly index: number
  readonly from: number
  readonly to: number
  readonly change: number
  readonly verdict: 'worse' | 'better'
  readonly p: number
}

export interface ValueHistory {
  readonly name: string
  readonly unit: string
  readonly points: readonly { readonly run: RunFacts; readonly value: number }[]
  readonly changes: readonly LevelChange[]
}

/** Runs of one test on one machine; others would be changes of the question. */
export interface Lineage {
  readonly script: string
  readonly machineText: string
  readonly runs: readonly RunFacts[]
  readonly values: readonly ValueHistory[]
}

/** @param runs  oldest first */
export function lineagesOf(runs: readonly RunFacts[], options: HistoryOptions = defaultHistory): readonly Lineage[] {
  const groups = new Map<string, RunFacts[]>()
  for (const run of runs) {
    if (!run.finished || run.trust === 'not-trustworthy') continue
    const key = `${run.test} ${run.machine}`
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()].map((group) => ({
    script: group[0]!.script,
    machineText: group[0]!.machineText,
    runs: group,
    values: namesOf(group).map((name) => valueHistory(name, group, options)),
  }))
}

function namesOf(runs: readonly RunFacts[]): string[] {
  return [...new Set(runs.flatMap(({ values }) => values.map(({ name }) => name)))]
}

function valueHistory(name: string, runs: readonly RunFacts[], options: HistoryOptions): ValueHistory {
  const found = runs.flatMap((run) => {
    const one = run.values.find((value) => value.name === name)
    return one === undefined ? [] : [{ run, one }]
  })
  const { unit, better } = found[0]!.one
  const points = found.map(({ run, one }) => ({ run, value: one.value }))
  const changes = levelChanges(
    points.map(({ value }) => value),
    options,
  ).map(({ at, from, to, p }): LevelChange => {
    const change = from === 0 ? Number.POSITIVE_INFINITY : to / from - 1
    return {
      name,
      run: points[at]!.run,
      before: points[at - 1]!.run,
      index: at,
      from,
      to,
      change,
      verdict: to > from === (better === 'lower') ? 'worse' : 'better',
      p,
    }
  })
  return { name, unit, points, changes }
}

/** Windows overlap by half; what two of them find within a few runs of each other is one change. */
export function levelChanges(
  values: readonly number[],
  { window, margin, alpha }: HistoryOptions,
): readonly { readonly at: number; readonly from: number; readonly to: number; readonly p: number }[] {
  const isRatio = values.some((value) => value <= 0)
  const scaled = isRatio ? values : values.map(Math.log)
  const step = Math.max(1, Math.floor(window / 2))
  const found: { at: number; p: number }[] = []
  for (let from = 0; from === 0 || from + step < values.length; from += step) {
    for (const { at, p } of changePoints(scaled.slice(from, from + window), { alpha, leastLength: 3 }))
      found.push({ at: from + at, p })
  }
  found.sort((x, y) => x.p - y.p || x.at - y.at)
  const kept: { at: number; p: number }[] = []
  for (const one of found) if (kept.every(({ at }) => Math.abs(at - one.at) > 3)) kept.push(one)
  kept.sort((x, y) => x.at - y.at)
  return kept.flatMap(({ at, p }, i) => {
    const start = kept[i - 1]?.at ?? 0
    const end = kept[i + 1]?.at ?? values.length
    const [from, to] = [middle(values.slice(start, at)), middle(values.slice(at, end))]
    const far = isRatio ? Math.abs(to - from) >= 0.001 : Math.abs(to / from - 1) >= margin
    return far ? [{ at, from, to, p }] : []
  })
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  const at = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[at]! : (sorted[at - 1]! + sorted[at]!) / 2
}

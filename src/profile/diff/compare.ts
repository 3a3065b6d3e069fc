/**
 * Before and after, function by function, over several profiles an arm: what a difference of two flame graphs cannot say
 * is whether it is noise. Each profile counts as one observation (chunks of one process share its luck), the test assumes
 * no distribution, and the many functions are corrected for (Benjamini and Hochberg).
 */
import { benjaminiHochberg, permutationTest } from '#stats/permutation.js'
import type { Profile } from '../model.js'
import { top } from '../views/top.js'

/** One profile, and what its value is divided by. */
export interface Observation {
  readonly profile: Profile
  /** Requests, or seconds, during the profile: both arms the same. */
  readonly units: number
}

export type Verdict = 'regressed' | 'improved' | 'unchanged' | 'inconclusive'

export interface DiffRow {
  readonly name: string
  readonly file: string
  readonly line: number
  /** Self value a unit: mean of the arm's profiles. */
  readonly before: number
  readonly after: number
  /** after / before - 1; undefined for what is new. */
  readonly change: number | undefined
  /** Adjusted p-value. */
  readonly q: number
  readonly verdict: Verdict
  readonly kind: 'appeared' | 'vanished' | 'grown' | 'shrunk' | 'same'
}

export interface ProfileDiff {
  readonly rows: readonly DiffRow[]
  /** Of the whole profile a unit. */
  readonly before: number
  readonly after: number
  readonly p: number
  readonly verdict: Verdict
  /** Why nothing could be decided, and what would help; undefined otherwise. */
  readonly inconclusive: string | undefined
}

export interface DiffOptions {
  /** Index into the value types; the first profile's main one by default. */
  readonly value?: number
  /** Share of false findings that is accepted among the findings. */
  readonly falseDiscovery?: number
  /** Changes smaller than this share of the whole are of no interest. */
  readonly leastEffect?: number
}

/** With three an arm the smallest p-value there can be is 2 of 20. */
const fewestProfiles = 4

export function compareProfiles(
  before: readonly Observation[],
  after: readonly Observation[],
  options: DiffOptions = {},
): ProfileDiff {
  const value = options.value ?? before[0]?.profile.mainValue ?? 0
  const falseDiscovery = options.falseDiscovery ?? 0.05
  const leastEffect = options.leastEffect ?? 0.01
  const armA = before.map((one) => selfByFunction(one, value))
  const armB = after.map((one) => selfByFunction(one, value))
  const totals = (arm: Arm): number[] => arm.map(({ total }) => total)
  const [wholeA, wholeB] = [mean(totals(armA)), mean(totals(armB))]
  const least = leastEffect * Math.max(wholeA, wholeB)
  const enough = Math.min(before.length, after.length) >= fewestProfiles
  const names = new Map(
    [...armA, ...armB].flatMap(({ functions }) => [...functions].map(([key, row]) => [key, row] as const)),
  )
  const tested = [...names].map(([key, where]) => {
    const a = armA.map(({ functions }) => functions.get(key)?.self ?? 0)
    const b = armB.map(({ functions }) => functions.get(key)?.self ?? 0)
    return { where, before: mean(a), after: mean(b), p: enough ? permutationTest(a, b) : 1 }
  })
  // What is too small to matter is not tested: every test more costs power.
  const big = tested.filter((row) => Math.max(row.before, row.after) >= least)
  const q = benjaminiHochberg(big.map(({ p }) => p))
  const rows = big.map((row, i): DiffRow => {
    const adjusted = q[i] as number
    const delta = row.after - row.before
    const matters = Math.abs(delta) >= least
    return {
      ...row.where,
      before: row.before,
      after: row.after,
      change: row.before === 0 ? undefined : delta / row.before,
      q: adjusted,
      verdict: verdictOf(adjusted <= falseDiscovery, matters, delta, enough),
      kind:
        row.before === 0
          ? 'appeared'
          : row.after === 0
            ? 'vanished'
            : delta > 0
              ? 'grown'
              : delta < 0
                ? 'shrunk'
                : 'same',
    }
  })
  const p = enough ? permutationTest(totals(armA), totals(armB)) : 1
  return {
    rows: rows.sort((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before)),
    before: wholeA,
    after: wholeB,
    p,
    verdict: verdictOf(p <= 0.05, Math.abs(wholeB - wholeA) >= least, wholeB - wholeA, enough),
    inconclusive: enough ? undefined : needMore(before.length, after.length),
  }
}

interface Self {
  readonly total: number
  readonly functions: ReadonlyMap<
    string,
    { readonly name: string; readonly file: string; readonly line: number; readonly self: number }
  >
}
type Arm = readonly Self[]

/** Lines drift from version to version, so a function is its name and file. */
function selfByFunction({ profile, units }: Observation, value: number): Self {
  const { rows, total } = top(profile, value)
  const functions = new Map<
    string,
    { readonly name: string; readonly file: string; readonly line: number; readonly self: number }
  >()
  for (const { name, file, line, self } of rows) {
    const key = `${name}\0${file}`
    functions.set(key, { name, file, line, self: self / units + (functions.get(key)?.self ?? 0) })
  }
  return { total: total / units, functions }
}

/** Not significant and small is no proof of equality: that takes an interval inside the limit, so "unchanged" is modest. */
function verdictOf(significant: boolean, matters: boolean, delta: number, enough: boolean): Verdict {
  if (!enough) return 'inconclusive'
  if (significant && matters) return delta > 0 ? 'regressed' : 'improved'
  return matters ? 'inconclusive' : 'unchanged'
}

function needMore(before: number, after: number): string {
  return `${before} profiles before and ${after} after: it takes at least ${fewestProfiles} of each, better 5, each from a fresh start of the program, taken in turns. Two single profiles cannot be told from noise.`
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

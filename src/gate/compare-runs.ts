/**
 * Runs against runs. The run is the unit: one run of each side shows what differed and decides nothing, because the same
 * binary on both sides "differs" in 36 to 93 % of pairs by the usual tests on a shared machine (docs/compare.md).
 */
import { benjaminiHochberg, mean, studentCdf, studentQuantile, variance } from '#stats/index.js'
import type { RunFacts, RunValue } from './run-facts.js'

export interface CompareOptions {
  readonly margin: number
  readonly level: number
}

/** Runs of a side with which two sides of about equal size can be told apart. */
const enoughEach = 4
/** Runs of a baseline against which one single run can be judged: a prediction interval needs the spread. */
export const enoughBaseline = 8

export interface ValueComparison {
  readonly name: string
  readonly unit: RunValue['unit']
  readonly better: RunValue['better']
  /** Geometric mean over the runs of the side; of ratios the mean. */
  readonly a: number
  readonly b: number
  /** As a share of a; of ratios the difference. */
  readonly change: number
  /** 95 % interval of the change; null where there are too few runs for one. */
  readonly low: number | null
  readonly high: number | null
  readonly q: number | null
  readonly verdict: 'worse' | 'better' | 'same' | 'cannot tell'
}

export interface RunComparison {
  readonly verdict: 'regression' | 'better' | 'same' | 'inconclusive' | 'invalid'
  readonly why: string
  /** What it would take; empty when decided. */
  readonly takes: string
  readonly runs: { readonly a: number; readonly b: number }
  readonly margin: number
  readonly values: readonly ValueComparison[]
  /** Values that only one side has. */
  readonly onlyIn: { readonly a: readonly string[]; readonly b: readonly string[] }
}

/** @param a  before @param b  after; each at least one run */
export function compareRuns(a: readonly RunFacts[], b: readonly RunFacts[], options: CompareOptions): RunComparison {
  const names = { a: namesOf(a), b: namesOf(b) }
  const shared = [...names.a].filter((name) => names.b.has(name))
  const canDecide = (a.length >= enoughEach && b.length >= enoughEach) || (a.length >= enoughBaseline && b.length >= 1)
  const raw = shared.map((name) => compared(name, a, b, canDecide))
  const q = benjaminiHochberg(raw.map(({ p }) => p ?? 1))
  const values = raw.map((one, i) => judged(one, one.p === null ? null : q[i]!, options))
  const base = {
    runs: { a: a.length, b: b.length },
    margin: options.margin,
    values,
    onlyIn: {
      a: [...names.a].filter((name) => !names.b.has(name)),
      b: [...names.b].filter((name) => !names.a.has(name)),
    },
  }
  const invalid = whyNot(a, b)
  if (invalid !== undefined) return { ...base, verdict: 'invalid', why: invalid, takes: '' }
  if (!canDecide) {
    return {
      ...base,
      verdict: 'inconclusive',
      why: `${a.length} against ${b.length} ${b.length === 1 ? 'run' : 'runs'} shows what differed and decides nothing: on a shared machine the same program differs from itself so in 36 to 93 % of pairs`,
      takes: `${enoughEach} runs a side, or ${enoughBaseline} in the baseline; better a duet: perfwright duet --a CMD --b CMD`,
    }
  }
  const worse = values.filter(({ verdict }) => verdict === 'worse')
  const better = values.filter(({ verdict }) => verdict === 'better')
  const open = values.filter(({ verdict, name }) => verdict === 'cannot tell' && decides(name))
  const verdict =
    worse.length > 0 ? 'regression' : better.length > 0 ? 'better' : open.length > 0 ? 'inconclusive' : 'same'
  const shown = worse.length > 0 ? worse : better.length > 0 ? better : open
  const listed = shown.slice(0, 3).map(valueText).join('; ')
  return {
    ...base,
    verdict,
    why:
      verdict === 'same'
        ? 'no value changed by the margin'
        : `${verdict === 'inconclusive' ? 'cannot tell' : verdict}: ${listed}`,
    takes: verdict === 'inconclusive' ? 'more runs a side, or a duet: perfwright duet --a CMD --b CMD' : '',
  }
}

/** The whole verdict waits for the middle of all requests; tails and parts may stay undecided. */
function decides(name: string): boolean {
  return name === 'http_req_duration p50'
}

interface Raw extends Omit<ValueComparison, 'q' | 'verdict'> {
  readonly p: number | null
  readonly inner: readonly [number, number] | null
}

/** Student's t on logs with a common variance; one run against many so becomes a prediction interval. */
function compared(name: string, a: readonly RunFacts[], b: readonly RunFacts[], canDecide: boolean): Raw {
  const [left, right] = [valuesOf(name, a), valuesOf(name, b)]
  const { unit, better } = left[0]!
  const isRatio = unit === 'ratio' || [...left, ...right].some(({ value }) => value <= 0)
  const scaled = (side: readonly RunValue[]): number[] => side.map(({ value }) => (isRatio ? value : Math.log(value)))
  const back = (value: number): number => (isRatio ? value : Math.expm1(value))
  const [x, y] = [scaled(left), scaled(right)]
  const effect = mean(y) - mean(x)
  const shape = {
    name,
    unit,
    better,
    a: isRatio ? mean(x) : Math.exp(mean(x)),
    b: isRatio ? mean(y) : Math.exp(mean(y)),
    change: back(effect),
  }
  const degrees = x.length + y.length - 2
  if (!canDecide || degrees < 1) return { ...shape, low: null, high: null, p: null, inner: null }
  const pooled = (variance(x) * (x.length - 1) + variance(y) * (y.length - 1)) / degrees
  const error = Math.sqrt(pooled * (1 / x.length + 1 / y.length))
  const p = error === 0 ? (effect === 0 ? 1 : 0) : 2 * studentCdf(-Math.abs(effect) / error, degrees)
  const at = (confidence: number): [number, number] => {
    const reach = studentQuantile(0.5 + confidence / 2, degrees) * error
    return [back(effect - reach), back(effect + reach)]
  }
  const [low, high] = at(0.95)
  return { ...shape, low, high, p, inner: at(0.9) }
}

function judged(raw: Raw, q: number | null, { margin, level }: CompareOptions): ValueComparison {
  const { name, unit, better, a, b, change, low, high, inner } = raw
  const one = { name, unit, better, a, b, change, low, high }
  // A share of errors has no percentage of itself that would matter: a tenth of a point does.
  const far = one.unit === 'ratio' ? 0.001 : margin
  if (q === null || inner === null) return { ...one, q, verdict: 'cannot tell' }
  if (q <= level && Math.abs(one.change) >= far)
    return { ...one, q, verdict: one.change > 0 === (one.better === 'lower') ? 'worse' : 'better' }
  return { ...one, q, verdict: inner[0] > -far && inner[1] < far ? 'same' : 'cannot tell' }
}

function whyNot(a: readonly RunFacts[], b: readonly RunFacts[]): string | undefined {
  const all = [...a, ...b]
  const broken = all.find(({ finished }) => !finished)
  if (broken !== undefined) return `${broken.id} did not run to its end`
  const bad = all.find(({ trust }) => trust === 'not-trustworthy')
  if (bad !== undefined) return `${bad.id} is not trustworthy by its own verdict (perfwright report ${bad.id})`
  const first = all[0]!
  const other = all.find(({ machine }) => machine !== first.machine)
  if (other !== undefined)
    return `the runs are from different machines: ${first.machineText} against ${other.machineText}; compare by duet on one machine`
  const test = all.find((one) => one.test !== first.test)
  if (test !== undefined) return `${test.id} ran another script or another load than ${first.id}`
  return undefined
}

function namesOf(side: readonly RunFacts[]): Set<string> {
  const [first, ...rest] = side.map(({ values }) => new Set(values.map(({ name }) => name)))
  return new Set([...(first ?? [])].filter((name) => rest.every((names) => names.has(name))))
}

function valuesOf(name: string, side: readonly RunFacts[]): RunValue[] {
  return side.map(({ values }) => values.find((value) => value.name === name)!)
}

export function valueText({ name, unit, change, low, high }: ValueComparison): string {
  const shown = (value: number): string => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(unit === 'ratio' ? 2 : 1)}`
  const points = unit === 'ratio' ? 'points' : '%'
  return `${name} ${shown(change)} ${points}${low === null || high === null ? '' : ` [${shown(low)}, ${shown(high)}]`}`
}

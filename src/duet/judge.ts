/** From duets to a verdict: intervals, a correction over all that was compared, and what it would take where it cannot tell. */
import {
  benjaminiHochberg,
  mean,
  median,
  newcombe,
  normalQuantile,
  quantileOf,
  studentCdf,
  studentQuantile,
  variance,
} from '#stats/index.js'
import type { Comparison, DuetMeasure, DuetVerdict, SideMeasure } from './types.js'

export interface JudgeOptions {
  /** Smallest change that matters, a share: 0.05. */
  readonly margin: number
  /** Of the corrected two-sided p below which a change is believed: the false alarms that are put up with. */
  readonly level: number
}

export const defaultJudge: JudgeOptions = { margin: 0.05, level: 0.02 }

/** A quantile is judged only with so many values beyond it, on each side and in each duet. */
const valuesBeyond = 20
const endpointsJudged = 20
const leastDuets = 4
const power = 0.8

/** @param duets  an even number, half of them swapped */
export function judgeDuets(duets: readonly DuetMeasure[], options: JudgeOptions = defaultJudge): DuetVerdict {
  const { margin, level } = options
  const warnings = warningsOf(duets)
  const base = { margin, level, duets: duets.length, warnings }
  const invalid = whyInvalid(duets)
  const found = corrected(candidates(duets), duets, options)
  if (invalid !== undefined) return { ...base, verdict: 'invalid', why: invalid, takes: '', comparisons: found }
  const worse = found.filter(({ verdict }) => verdict === 'worse')
  const better = found.filter(({ verdict }) => verdict === 'better')
  const open = found.filter(({ verdict, decides }) => decides && verdict === 'inconclusive')
  const verdict =
    worse.length > 0 ? 'regression' : better.length > 0 ? 'better' : open.length > 0 ? 'inconclusive' : 'same'
  const shown = worse.length > 0 ? worse : better.length > 0 ? better : open.length > 0 ? open : found.filter(decides)
  return {
    ...base,
    verdict,
    why: sentence(verdict, shown, better, options),
    takes: verdict === 'inconclusive' ? whatItTakes(open, duets.length, options) : '',
    comparisons: found,
  }
}

/** A metric with its value per duet and side. */
interface Candidate {
  readonly metric: string
  readonly endpoint: string
  readonly unit: Comparison['unit']
  readonly decides: boolean
  readonly valueOf: (side: SideMeasure) => number | null
  /** Log ratio of b to a; that of the two values when left out. */
  readonly ratioOf?: (duet: DuetMeasure) => number | undefined
}

function candidates(duets: readonly DuetMeasure[]): Candidate[] {
  const list: Candidate[] = []
  if (duets.every(({ a, b }) => a.cpuUsPerRequest !== null && b.cpuUsPerRequest !== null))
    list.push({
      metric: 'cpu',
      endpoint: 'all',
      unit: 'us',
      decides: true,
      valueOf: ({ cpuUsPerRequest }) => cpuUsPerRequest,
    })
  const counts = new Map<string, number>()
  for (const { a } of duets)
    for (const [name, values] of a.latencyMs) counts.set(name, (counts.get(name) ?? 0) + values.length)
  const names = [...counts].sort((x, y) => y[1] - x[1]).map(([name]) => name)
  // With one endpoint, all of it is that endpoint.
  const parts = names.length > 1 ? ['all', ...names.slice(0, endpointsJudged)] : ['all']
  for (const endpoint of parts) {
    for (const [metric, q] of [
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const) {
      const enough = (side: SideMeasure): boolean => latenciesOf(side, endpoint).length * (1 - q) >= valuesBeyond
      if (!duets.every(({ a, b }) => enough(a) && enough(b))) continue
      const label = endpoint === 'all' && names.length === 1 ? (names[0] as string) : endpoint
      list.push({
        metric,
        endpoint: label,
        unit: 'ms',
        decides: metric === 'p50' && endpoint === 'all',
        valueOf: (side) => quantileOf(latenciesOf(side, endpoint), q) ?? null,
        // Two requests in the same moment share its mood: the median of their ratios was two to three times as quiet on
        // a busy machine as the ratio of the medians (docs/duet.md).
        ...(metric === 'p50'
          ? { ratioOf: (duet: DuetMeasure) => (duet.apart ? undefined : median(pairRatios(duet, endpoint))) }
          : {}),
      })
    }
  }
  return list
}

function latenciesOf({ latencyMs }: SideMeasure, endpoint: string): readonly number[] {
  // In the order of names: the sides pair up whichever endpoint came first.
  return endpoint === 'all'
    ? [...latencyMs.keys()].sort().flatMap((name) => latencyMs.get(name)!)
    : (latencyMs.get(endpoint) ?? [])
}

function pairRatios({ a, b }: DuetMeasure, endpoint: string): number[] {
  const other = latenciesOf(b, endpoint)
  return latenciesOf(a, endpoint).flatMap((ms, i) => (ms > 0 && (other[i] ?? 0) > 0 ? [Math.log(other[i]! / ms)] : []))
}

function corrected(list: readonly Candidate[], duets: readonly DuetMeasure[], options: JudgeOptions): Comparison[] {
  const raw = list.map((one) => compared(one, duets, options))
  const errors = errorComparison(duets)
  const all = errors === undefined ? raw : [...raw, errors]
  const q = benjaminiHochberg(all.map(({ p }) => p ?? 1))
  return all.map((one, i) => judged({ ...one, q: one.p === null ? null : q[i]! }, options))
}

type Unjudged = Omit<Comparison, 'verdict'> & { readonly inside: boolean }

/**
 * Log ratios of the duets, with what belongs to the place (started first, first of each pair) taken out: the effect is
 * the mean of the two means, its error from the spread within each half, n - 2 degrees of freedom.
 */
function compared(one: Candidate, duets: readonly DuetMeasure[], { margin, level }: JudgeOptions): Unjudged {
  const { metric, endpoint, unit, decides } = one
  const pairs = duets
    .map((duet) => ({ swapped: duet.swapped, a: one.valueOf(duet.a) ?? 0, b: one.valueOf(duet.b) ?? 0, duet }))
    .filter(({ a, b }) => a > 0 && b > 0)
    .map(({ duet, ...pair }) => ({ ...pair, ratio: one.ratioOf?.(duet) ?? Math.log(pair.b / pair.a) }))
  const halves = [true, false].map((side) => pairs.filter(({ swapped }) => swapped === side).map(({ ratio }) => ratio))
  const n = pairs.length
  const none = { change: null, low: null, high: null, p: null, q: null, sd: null, detectable: null }
  const shape = { metric, endpoint, unit, decides, duetsForMargin: null, inside: false }
  const geometric = (side: 'a' | 'b'): number | null =>
    n === 0 ? null : Math.exp(mean(pairs.map((pair) => Math.log(pair[side]))))
  const values = { a: geometric('a'), b: geometric('b') }
  if (n < leastDuets || halves.some((half) => half.length < 2)) return { ...shape, ...values, ...none }
  const effect = mean(halves.map(mean))
  const degrees = n - 2
  const sd = Math.sqrt(halves.reduce((sum, half) => sum + variance(half) * (half.length - 1), 0) / degrees)
  const error = sd * Math.sqrt(halves.reduce((sum, half) => sum + 1 / half.length, 0)) * 0.5
  const p = error === 0 ? (effect === 0 ? 1 : 0) : 2 * studentCdf(-Math.abs(effect) / error, degrees)
  const reach = studentQuantile(0.975, degrees) * error
  const inner = studentQuantile(0.95, degrees) * error
  return {
    ...shape,
    ...values,
    change: Math.expm1(effect),
    low: Math.expm1(effect - reach),
    high: Math.expm1(effect + reach),
    p,
    q: null,
    sd,
    detectable: detectableChange(sd, n, { margin, level }),
    duetsForMargin: duetsFor(sd, Math.log1p(margin)),
    inside: effect - inner > Math.log1p(-margin) && effect + inner < Math.log1p(margin),
  }
}

/**
 * The smallest change that n duets find in 4 of 5 cases: beyond chance by the t test, and beyond the margin by its estimate.
 * @param sd  of the log ratios between duets
 */
export function detectableChange(sd: number, n: number, { margin, level }: JudgeOptions): number {
  const degrees = Math.max(1, n - 2)
  const error = sd / Math.sqrt(n)
  const byTest = (studentQuantile(1 - level / 2, degrees) + studentQuantile(power, degrees)) * error
  return Math.expm1(Math.max(byTest, Math.log1p(margin) + normalQuantile(power) * error))
}

/** Duets, an even number, with which an effect of this size stands out of 0 in 4 of 5 cases: (2.8 sd / effect)^2. */
export function duetsFor(sd: number, effect: number): number {
  return Math.max(leastDuets, 2 * Math.ceil(((2.8 * sd) / effect) ** 2 / 2))
}

/** Failed answers of all duets together: they are counts, not noise of a clock. */
function errorComparison(duets: readonly DuetMeasure[]): Unjudged | undefined {
  const sum = (of: (duet: DuetMeasure) => number): number => duets.reduce((all, duet) => all + of(duet), 0)
  const a = { hits: sum((duet) => duet.a.errors), trials: sum((duet) => duet.a.requests) }
  const b = { hits: sum((duet) => duet.b.errors), trials: sum((duet) => duet.b.requests) }
  if (a.hits + b.hits === 0 || a.trials === 0 || b.trials === 0) return undefined
  const { value, low, high } = newcombe(a, b)
  const isApart = low > 0 || high < 0
  return {
    metric: 'errors',
    endpoint: 'all',
    unit: 'ratio',
    decides: true,
    a: a.hits / a.trials,
    b: b.hits / b.trials,
    change: value,
    low,
    high,
    // By its interval alone: one error in a thousand matters as little as chance lets it.
    p: isApart && Math.abs(value) > 0.001 ? 0 : 1,
    q: null,
    sd: null,
    detectable: null,
    duetsForMargin: null,
    inside: !isApart || Math.abs(value) <= 0.001,
  }
}

function judged({ inside, ...one }: Unjudged, { margin, level }: JudgeOptions): Comparison {
  const { metric, change, q } = one
  if (change === null) return { ...one, verdict: 'inconclusive' }
  const isFar = metric === 'errors' || Math.abs(change) >= margin
  if (q !== null && q <= level && isFar) return { ...one, verdict: change > 0 ? 'worse' : 'better' }
  return { ...one, verdict: inside ? 'same' : 'inconclusive' }
}

function whyInvalid(duets: readonly DuetMeasure[]): string | undefined {
  if (duets.length < leastDuets)
    return `${duets.length} duets were made, ${leastDuets} are the least that can be judged`
  const few = duets.find(({ a, b }) => Math.min(a.requests, b.requests) < valuesBeyond)
  if (few !== undefined)
    return `duet ${few.index + 1} made only ${Math.min(few.a.requests, few.b.requests)} requests a side: make it longer (--each)`
  const of = duets.reduce((sum, duet) => sum + duet.differing.of, 0)
  const status = duets.reduce((sum, duet) => sum + duet.differing.status, 0)
  if (of > 0 && status / of > 0.01)
    return `the two sides answered ${status} of ${of} compared requests with different status codes: they did not do the same work`
  for (const side of ['a', 'b'] as const) {
    const requests = duets.reduce((sum, duet) => sum + duet[side].requests, 0)
    const errors = duets.reduce((sum, duet) => sum + duet[side].errors, 0)
    if (errors / requests > 0.5) return `side ${side} failed ${errors} of ${requests} requests`
  }
  return undefined
}

function warningsOf(duets: readonly DuetMeasure[]): string[] {
  const out: string[] = []
  const sum = (of: (duet: DuetMeasure) => number): number => duets.reduce((all, duet) => all + of(duet), 0)
  const { body, of } = { body: sum((duet) => duet.differing.body), of: sum((duet) => duet.differing.of) }
  if (body > 0)
    out.push(`the bodies of ${body} of ${of} compared answers differ: are both sides meant to answer alike?`)
  const others = duets.map(({ othersCpu }) => othersCpu ?? 0)
  if (duets.length > 0 && mean(others) > 0.25)
    out.push(
      `other processes used ${Math.round(100 * mean(others))} % of this machine's CPU: intervals are wider for it`,
    )
  if (duets.some(({ a, b }) => a.cpuUsPerRequest === null || b.cpuUsPerRequest === null))
    out.push('CPU per request is not available: the process is not on this machine, or its command was not given')
  return out
}

function decides(one: Comparison): boolean {
  return one.decides
}

function sentence(
  verdict: DuetVerdict['verdict'],
  shown: readonly Comparison[],
  better: readonly Comparison[],
  { margin }: JudgeOptions,
): string {
  const named = shown.slice(0, 3).map(changeText).join('; ')
  const more = shown.length > 3 ? `; and ${shown.length - 3} more` : ''
  if (verdict === 'regression') {
    const also = better.length === 0 ? '' : `. Better: ${better.slice(0, 2).map(changeText).join('; ')}`
    return `b is worse: ${named}${more}${also}`
  }
  if (verdict === 'better') return `b is better: ${named}${more}`
  if (verdict === 'same') return `b is the same within ${percent(margin)}: ${named}`
  return `cannot tell: ${named}${more}`
}

function whatItTakes(open: readonly Comparison[], made: number, { margin }: JudgeOptions): string {
  const needed = Math.max(...open.map(({ duetsForMargin }) => duetsForMargin ?? leastDuets))
  const more = needed <= made ? made * 2 : needed
  return `about ${more} duets (-n ${more}) to tell a change of ${percent(margin)}, or a larger margin`
}

/** `CPU per request +19.8 % [18.1, 21.4]` */
export function changeText({ metric, endpoint, change, low, high }: Comparison): string {
  const name = metric === 'cpu' ? 'CPU per request' : metric
  const where = endpoint === 'all' ? '' : ` of ${endpoint}`
  if (change === null || low === null || high === null) return `${name}${where} has no value`
  return `${name}${where} ${signed(change)} % [${signed(low)}, ${signed(high)}]`
}

function signed(share: number): string {
  const value = 100 * share
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)
  return value >= 0 ? `+${text}` : text
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}

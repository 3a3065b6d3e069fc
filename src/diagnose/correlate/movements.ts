/** What moved when the service was worse: every observed series against the symptom, lagged, corrected for their number. */
import { seededRandom } from '#base/random.js'
import type { BadWindow, Movement } from '#record/analysis.js'
import { studentCdf } from '#stats/distributions.js'
import { benjaminiHochberg } from '#stats/permutation.js'
import type { Evidence } from '../evidence.js'
import type { Column } from '../grid.js'
import { quantileOf } from '../measure.js'
import { readBins, zeroWhereRead } from '../statements.js'
import {
  autocorrelations,
  blockPermutation,
  correlationAt,
  effectiveSize,
  pValue,
  ranksOf,
} from './rank-correlation.js'

/** Share of false ones among all movements that are told. */
const falseShare = 0.05
const mostLagS = 5
const rounds = 199
const agreement = 0.02
/** How far it must have moved, in units of its own spread outside of the window. */
const leastSpreads = 2
const mostTold = 10
const mostConfirmed = 40
/** What says nothing when it moves. */
const constants = new Set([
  'cores',
  'fd_limit',
  'gomaxprocs',
  'connections_limit',
  'clients_limit',
  'accept_queue_limit',
  'heap_limit_bytes',
  'memory_limit_bytes',
  'cpu_limit_cores',
  'ports_left',
])

export interface Candidate {
  readonly source: string
  readonly values: Column
}

export function movementsOf(
  evidence: Evidence,
  symptom: Column,
  window: Omit<BadWindow, 'moved'>,
): readonly Movement[] {
  return movements(candidatesOf(evidence), symptom, window, evidence.binS)
}

/** The pure part. */
export function movements(
  candidates: readonly Candidate[],
  symptom: Column,
  window: { readonly fromS: number; readonly toS: number; readonly symptom: BadWindow['symptom'] },
  binS: number,
): readonly Movement[] {
  const target = ranksOf(symptom)
  if (target === undefined) return []
  const targetAuto = autocorrelations(target)
  const most = Math.floor(mostLagS / binS)
  const lags = Array.from({ length: 2 * most + 1 }, (_, i) => i - most)
  const ranked = candidates.flatMap(({ source, values }) => {
    const ranks = ranksOf(values)
    return ranks === undefined ? [] : [{ source, values, ranks, auto: autocorrelations(ranks) }]
  })
  const tests = ranked.flatMap((one) =>
    lags.map((lag) => {
      const { r, n } = correlationAt(one.ranks, target, lag)
      const byRank = n < 8 ? 1 : pValue(r, effectiveSize(n, one.auto, targetAuto))
      // One stretch out of a long run hardly shows in a correlation over all of it, however far something moved then.
      const step = stepIn(one.values, window, binS, lag)
      return { one, lag, r, step, isStep: step.p < byRank, p: Math.min(1, 2 * Math.min(byRank, step.p)) }
    }),
  )
  const q = benjaminiHochberg(tests.map(({ p }) => p))
  const best = new Map<string, { test: (typeof tests)[number]; q: number }>()
  for (const [i, test] of tests.entries()) {
    const known = best.get(test.one.source)
    if (known === undefined || test.p < known.test.p) best.set(test.one.source, { test, q: q[i] as number })
  }
  const random = seededRandom(1)
  const told: Movement[] = []
  const promising = [...best.values()].filter((one) => one.q <= falseShare).sort((a, b) => a.test.p - b.test.p)
  for (const { test, q } of promising.slice(0, mostConfirmed)) {
    const moved = movedBy(test.one.values, window, binS, test.lag)
    if (moved === undefined || Math.sign(moved.during - moved.before) !== direction(test, window.symptom)) continue
    const length = blockLength(test.one.auto, targetAuto, symptom.length)
    const p = test.isStep
      ? test.step.elsewhere
      : blockPermutation(test.one.ranks, target, lags, Math.abs(test.r), length, rounds, random)
    if (p > agreement) continue
    told.push({ source: test.one.source, ...moved, correlation: test.r, lagS: test.lag * binS, q })
    if (told.length >= mostTold) break
  }
  return told
}

/** Where it has to go: with the symptom as the correlation says; a step may go either way. */
function direction(
  test: { readonly r: number; readonly isStep: boolean; readonly step: Step },
  symptom: BadWindow['symptom'],
): number {
  if (test.isStep) return test.step.direction
  return Math.sign(test.r) * (symptom === 'throughput' ? -1 : 1)
}

interface Step {
  readonly p: number
  readonly direction: number
  /** Share of the other stretches of this length in which it was as far from its usual. */
  readonly elsewhere: number
}

/**
 * Mean within the window against the rest, with the variance of a mean of that many values that hang together as the rest
 * does (AR(1)); and the same asked of every other place in the run, which supposes no distribution.
 */
function stepIn(
  values: Column,
  window: { readonly fromS: number; readonly toS: number },
  binS: number,
  lag: number,
): Step {
  const none = { p: 1, direction: 0, elsewhere: 1 }
  const [from, to] = [Math.floor(window.fromS / binS) + lag, Math.ceil(window.toS / binS) + lag]
  const length = to - from
  if (from < 0 || to > values.length || length < 2) return none
  let [n, sum, squares, products, pairs] = [0, 0, 0, 0, 0]
  const isOutside = (i: number): boolean => (i < from || i >= to) && !Number.isNaN(values[i])
  for (let i = 0; i < values.length; i++) {
    if (!isOutside(i)) continue
    n++
    sum += values[i] as number
  }
  if (n < 3 * length || n < 20) return none
  const usual = sum / n
  for (let i = 0; i < values.length; i++) {
    if (!isOutside(i)) continue
    const residual = (values[i] as number) - usual
    squares += residual * residual
    if (i === 0 || !isOutside(i - 1)) continue
    products += residual * ((values[i - 1] as number) - usual)
    pairs++
  }
  const variance = squares / n
  if (variance <= 1e-12 * usual * usual) return none
  const rho = Math.min(0.97, Math.max(0, products / Math.max(1, pairs) / variance))
  let inflation = length
  for (let k = 1; k < length; k++) inflation += 2 * (length - k) * rho ** k
  const inside = meanOf(values, from, to)
  if (Number.isNaN(inside)) return none
  const spread = Math.sqrt((variance * inflation) / (length * length) + (variance * (1 + rho)) / (1 - rho) / n)
  const z = (inside - usual) / spread
  let [places, asFar] = [0, 0]
  for (let start = 0; start + length <= values.length; start++) {
    if (start < to && start + length > from) continue
    const mean = meanOf(values, start, start + length)
    if (Number.isNaN(mean)) continue
    places++
    if (Math.abs(mean - usual) >= Math.abs(inside - usual)) asFar++
  }
  // Fewer degrees of freedom than values: a Student distribution's tail instead of the normal one's.
  const size = Math.max(4, (n * (1 - rho)) / (1 + rho))
  return {
    p: 2 * (1 - studentCdf(Math.abs(z), size - 1)),
    direction: Math.sign(z),
    elsewhere: places === 0 ? 1 : asFar / places,
  }
}

function meanOf(values: Column, from: number, to: number): number {
  let [sum, n] = [0, 0]
  for (let i = from; i < to; i++) {
    const value = values[i] as number
    if (value !== value) continue
    sum += value
    n++
  }
  return n === 0 ? Number.NaN : sum / n
}

/** Everything observed, and what the load itself did. */
function candidatesOf(evidence: Evidence): Candidate[] {
  const observed = evidence.observed.all
    .filter(({ metric }) => !constants.has(metric))
    .map((series) => ({
      source: series.source,
      // A tag that is left out was not there in that second: nothing ran, nothing waited.
      values:
        Object.keys(series.tags).length === 0
          ? series.values
          : zeroWhereRead(series, readBins(evidence, series.part, series.metric)),
    }))
  return [
    ...observed,
    { source: 'series vus', values: evidence.load.vus },
    { source: 'series http_reqs', values: evidence.load.requestsPerS },
  ]
}

/** Undefined when it hardly moved: a correlation over the whole run does not make it a matter of this window. */
function movedBy(
  values: Column,
  window: { readonly fromS: number; readonly toS: number },
  binS: number,
  lag: number,
): { before: number; during: number } | undefined {
  const [from, to] = [Math.floor(window.fromS / binS) + lag, Math.ceil(window.toS / binS) + lag]
  const inside: number[] = []
  const outside: number[] = []
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== value) continue
    if (i >= from && i < to) inside.push(value)
    else outside.push(value)
  }
  const [during, before] = [quantileOf(inside, 0.5), quantileOf(outside, 0.5)]
  if (during === undefined || before === undefined) return undefined
  const spread =
    1.4826 *
    (quantileOf(
      outside.map((value) => Math.abs(value - before)),
      0.5,
    ) ?? 0)
  const moved = Math.abs(during - before)
  return moved > leastSpreads * spread && moved > 0.05 * Math.abs(before) ? { before, during } : undefined
}

/** Twice as long as the slower of both remembers, so that blocks are nearly independent, and at least a few remain. */
function blockLength(a: readonly number[], b: readonly number[], n: number): number {
  const memory = (auto: readonly number[]): number => {
    const until = auto.findIndex((value) => value < 0.2)
    return until < 0 ? auto.length : until + 1
  }
  return Math.max(2, Math.min(2 * Math.max(memory(a), memory(b)), Math.floor(n / 6)))
}

/**
 * Stretches in which the service was worse than in the rest of the run. Noise of seconds is neither normal nor independent,
 * so a stretch is judged against the run's own robust spread (median, MAD of logarithms) with the variance of a mean that
 * an autocorrelated series has. Measured false alarms: docs/diagnose.md, bad-windows.test.ts.
 */
import type { BadWindow, Stage } from '#record/analysis.js'
import type { Evidence, RequestColumns } from '../evidence.js'
import type { Column } from '../grid.js'
import { quantileOf } from '../measure.js'
import { movementsOf } from './movements.js'

/** Seconds that a stretch must last, and how far it must stand out. */
const shortestS = 2
const leastRatio = 1.5
const leastMs = 5
const leastSigmas = 5
/** Share of failed requests, and of the throughput that is lost. */
const leastFailed = 0.02
const leastLost = 0.3
const fewestFailures = 5
const fewestBins = 12
const mostWindows = 12
/** Endpoints that are looked at by themselves. */
const mostEndpoints = 10
/** Requests that a bin must have for its p95 to mean something. */
const fewestRequests = 5

export function badWindows(evidence: Evidence, stages: readonly Stage[]): readonly BadWindow[] {
  const windows: Omit<BadWindow, 'moved'>[] = []
  const symptoms: { readonly window: Omit<BadWindow, 'moved'>; readonly symptom: Column }[] = []
  const add = (found: readonly Omit<BadWindow, 'moved'>[], symptom: Column): void => {
    for (const window of found) {
      // What is true of everything need not be told of each endpoint.
      const isTold = windows.some((other) => other.symptom === window.symptom && overlap(other, window) > 0.5)
      if (isTold || windows.length >= mostWindows) continue
      windows.push(window)
      symptoms.push({ window, symptom })
    }
  }
  const parts: { endpoint: string | null; columns: RequestColumns }[] = [
    { endpoint: null, columns: evidence.load },
    ...evidence.endpoints.slice(0, mostEndpoints).map(({ name, columns }) => ({ endpoint: name, columns })),
  ]
  for (const { endpoint, columns } of parts) {
    const latency = enough(columns.p95Ms, columns.requestsPerS, evidence.binS)
    add(latencyWindows(latency, evidence.binS, endpoint), latency)
    const failed = columns.failedPerS.map((value, i) => ratio(value, columns.requestsPerS[i] as number))
    add(errorWindows(columns, evidence.binS, endpoint), failed)
    if (endpoint === null) {
      const throughput = throughputOf(evidence, stages)
      add(throughputWindows(throughput, evidence.binS), throughput)
    }
  }
  return symptoms
    .map(({ window, symptom }) => ({ ...window, moved: movementsOf(evidence, symptom, window) }))
    .toSorted((a, b) => a.fromS - b.fromS)
}

/** @param column  milliseconds by bin */
export function latencyWindows(column: Column, binS: number, endpoint: string | null): Omit<BadWindow, 'moved'>[] {
  const logs = column.map((value) => (value > 0 ? Math.log(value) : Number.NaN))
  return standingOut(logs, binS).flatMap(({ from, to, level, usual }) => {
    const [value, before] = [Math.exp(level), Math.exp(usual)]
    if (value < leastRatio * before || value - before < leastMs) return []
    return [{ symptom: 'latency', endpoint, fromS: from * binS, toS: to * binS, value, usual: before, unit: 'ms' }]
  })
}

function throughputWindows(column: Column, binS: number): Omit<BadWindow, 'moved'>[] {
  const logs = column.map((value) => (value > 0 ? -Math.log(value) : Number.NaN))
  return standingOut(logs, binS).flatMap(({ from, to, level, usual }) => {
    const [value, before] = [Math.exp(-level), Math.exp(-usual)]
    if (value > (1 - leastLost) * before) return []
    return [
      {
        symptom: 'throughput',
        endpoint: null,
        fromS: from * binS,
        toS: to * binS,
        value,
        usual: before,
        unit: 'requests/s',
      },
    ]
  })
}

/** Failures come in whole numbers: a stretch of bins with some, set against the share in the rest of the run. */
function errorWindows(columns: RequestColumns, binS: number, endpoint: string | null): Omit<BadWindow, 'moved'>[] {
  const { failedPerS, requestsPerS } = columns
  const total = (from: number, to: number): { failed: number; asked: number } => {
    let [failed, asked] = [0, 0]
    for (let i = from; i < to; i++) {
      failed += (failedPerS[i] || 0) * binS
      asked += (requestsPerS[i] || 0) * binS
    }
    return { failed, asked }
  }
  const all = total(0, failedPerS.length)
  const windows: Omit<BadWindow, 'moved'>[] = []
  for (let i = 0; i < failedPerS.length; i++) {
    if (!((failedPerS[i] as number) > 0)) continue
    let last = i
    for (let j = i; j < failedPerS.length && j - last <= 2; j++) if ((failedPerS[j] as number) > 0) last = j
    const inside = total(i, last + 1)
    const share = ratio(inside.failed, inside.asked)
    const outside = ratio(all.failed - inside.failed, all.asked - inside.asked)
    // Three times the standard deviation of the count that the rest of the run leads one to expect.
    const expected = (Number.isNaN(outside) ? 0 : outside) * inside.asked
    const isMore = inside.failed >= fewestFailures && inside.failed > expected + 3 * Math.sqrt(expected + 1)
    if (isMore && share >= leastFailed && inside.asked < 0.8 * all.asked) {
      windows.push({
        symptom: 'errors',
        endpoint,
        fromS: i * binS,
        toS: (last + 1) * binS,
        value: share,
        usual: Number.isNaN(outside) ? 0 : outside,
        unit: 'share of requests',
      })
    }
    i = last
  }
  return windows
}

/** Requests a second where the load asked for the same all the time: ramps would look like losses. */
function throughputOf(evidence: Evidence, stages: readonly Stage[]): Column {
  const { requestsPerS } = evidence.load
  const level = stages
    .filter(({ kind }) => kind === 'steady')
    .toSorted((a, b) => b.toS - b.fromS - (a.toS - a.fromS))[0]
  if (level === undefined) return requestsPerS.map(() => Number.NaN)
  const { binS } = evidence
  return requestsPerS.map((value, i) =>
    i * binS >= level.fromS && (i + 1) * binS <= level.toS ? Math.max(value, 0.01) : Number.NaN,
  )
}

/** Runs of bins above the run's own level by more than its noise can do. */
function standingOut(
  values: Column,
  binS: number,
): { readonly from: number; readonly to: number; readonly level: number; readonly usual: number }[] {
  const known = values.filter((value) => !Number.isNaN(value))
  if (known.length < fewestBins) return []
  const usual = quantileOf([...known], 0.5) ?? 0
  const spread =
    1.4826 *
    (quantileOf(
      [...known].map((value) => Math.abs(value - usual)),
      0.5,
    ) ?? 0)
  const scale = Math.max(spread, 0.05)
  const residuals = values.map((value) => (value - usual) / scale)
  const rho = lagOne(residuals)
  const found: { from: number; to: number; level: number; usual: number }[] = []
  for (let i = 0; i < residuals.length; i++) {
    if (!((residuals[i] as number) > 2)) continue
    let last = i
    for (let j = i; j < residuals.length && j - last <= 1; j++) if ((residuals[j] as number) > 2) last = j
    const inside = [...residuals.subarray(i, last + 1)].filter((value) => !Number.isNaN(value))
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length
    const sigmas = mean / Math.sqrt(varianceOfMean(inside.length, rho))
    if (inside.length * binS >= shortestS && sigmas >= leastSigmas) {
      found.push({ from: i, to: last + 1, level: usual + mean * scale, usual })
    }
    i = last
  }
  return found
}

/** Of `n` values with unit variance and autocorrelation `rho ** k`. */
function varianceOfMean(n: number, rho: number): number {
  let sum = n
  for (let k = 1; k < n; k++) sum += 2 * (n - k) * rho ** k
  return sum / (n * n)
}

/** Autocorrelation at lag 1 of the values cut at two sigmas, so that the bad stretch itself does not make it. */
function lagOne(residuals: Column): number {
  let [products, squares] = [0, 0]
  for (let i = 1; i < residuals.length; i++) {
    const [a, b] = [cut(residuals[i - 1] as number), cut(residuals[i] as number)]
    if (Number.isNaN(a) || Number.isNaN(b)) continue
    products += a * b
    squares += (a * a + b * b) / 2
  }
  return squares === 0 ? 0 : Math.min(0.95, Math.max(0, products / squares))
}

function cut(value: number): number {
  return Math.min(2, Math.max(-2, value))
}

function enough(values: Column, requestsPerS: Column, binS: number): Column {
  return values.map((value, i) => ((requestsPerS[i] as number) * binS >= fewestRequests ? value : Number.NaN))
}

function overlap(a: { fromS: number; toS: number }, b: { fromS: number; toS: number }): number {
  return Math.max(0, Math.min(a.toS, b.toS) - Math.max(a.fromS, b.fromS)) / (b.toS - b.fromS)
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : Number.NaN
}

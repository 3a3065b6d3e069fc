/**
 * The Universal Scalability Law (Gunther 1993): X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), with sigma the
 * share of the work that is done one after another (contention) and kappa what each pair costs to agree (coherency).
 */
import { minimize } from './nelder-mead.js'

/** Throughput per second at a load. */
export interface LoadPoint {
  readonly load: number
  readonly throughput: number
  /** Standard error of the throughput as a share of it, where it is known. */
  readonly relativeError?: number
}

export interface UslFit {
  readonly lambda: number
  readonly sigma: number
  readonly kappa: number
  /** Load of the highest throughput, sqrt((1 - sigma) / kappa); undefined where coherency costs nothing. */
  readonly peakLoad: number | undefined
  /** Sum of squared relative residuals. */
  readonly loss: number
  /** Share of the variance of throughput that it explains; below 0 when worse than the mean. */
  readonly r2: number
}

export function uslAt({ lambda, sigma, kappa }: Pick<UslFit, 'lambda' | 'sigma' | 'kappa'>, load: number): number {
  return (lambda * load) / (1 + sigma * (load - 1) + kappa * load * (load - 1))
}

/**
 * By relative least squares, so that the small loads, where lambda is seen, weigh as much as the large.
 * @param near  a fit of nearly the same points, from which the search begins
 * @returns  undefined with fewer than 4 loads above 0 with throughput: three parameters need more than three points
 */
export function fitUsl(points: readonly LoadPoint[], near?: UslFit): UslFit | undefined {
  const usable = points.filter(({ load, throughput }) => load > 0 && throughput > 0)
  if (new Set(usable.map(({ load }) => load)).size < 4) return undefined
  const loss = (x: readonly number[]): number => relativeLoss(usable, (load) => uslAt(decode(x), load))
  const most = Math.max(...usable.map(({ load }) => load))
  const lambda = Math.max(...usable.map(({ load, throughput }) => throughput / load))
  // Contention and coherency differ by orders of magnitude from system to system: several beginnings, the best end.
  const small = 1e-3
  const starts =
    near !== undefined
      ? [[Math.log(near.lambda), Math.max(small, Math.sqrt(near.sigma)), Math.max(small, Math.sqrt(near.kappa))]]
      : [
          [Math.log(lambda), 0.1, 0.3 / most],
          [Math.log(lambda), 0.4, 0.03 / most],
          [Math.log(lambda), 0.02, 1 / most],
        ]
  const best = starts
    .map((start) => minimize(loss, start, [0.1, 0.1, 0.3 / most]))
    .reduce((least, end) => (end.value < least.value ? end : least))
  const found = decode(best.x)
  const peak = Math.sqrt((1 - found.sigma) / found.kappa)
  return {
    ...found,
    peakLoad: Number.isFinite(peak) ? peak : undefined,
    loss: best.value,
    r2: explained(usable, (load) => uslAt(found, load)),
  }
}

export function relativeLoss(points: readonly LoadPoint[], model: (load: number) => number): number {
  let sum = 0
  for (const { load, throughput } of points) sum += ((model(load) - throughput) / throughput) ** 2
  return sum
}

export function explained(points: readonly LoadPoint[], model: (load: number) => number): number {
  const middle = points.reduce((sum, { throughput }) => sum + throughput, 0) / points.length
  let [left, all] = [0, 0]
  for (const { load, throughput } of points) {
    left += (throughput - model(load)) ** 2
    all += (throughput - middle) ** 2
  }
  return all === 0 ? 0 : 1 - left / all
}

/** Squares keep contention and coherency from going below 0; contention stays below 1. */
function decode([logLambda = 0, rootSigma = 0, rootKappa = 0]: readonly number[]): {
  lambda: number
  sigma: number
  kappa: number
} {
  return { lambda: Math.exp(logLambda), sigma: Math.min(1, rootSigma ** 2), kappa: rootKappa ** 2 }
}

/** Every formula against scipy, statsmodels and pymannkendall (test/fixtures/statistics/make.py wrote their answers). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  binomialCdf,
  logGamma,
  normalQuantile,
  normalUpper,
  regularizedBeta,
  studentCdf,
  studentQuantile,
} from './distributions.js'
import {
  equivalence,
  fitUsl,
  hodgesLehmann,
  mad,
  mannKendall,
  mannWhitney,
  newcombe,
  quantileOf,
  quantileRanks,
  signedRank,
  spearman,
  theilSen,
  wilson,
} from './index.js'

const reference = JSON.parse(
  readFileSync(new URL('../../test/fixtures/statistics/statistics.json', import.meta.url), 'utf8'),
)

/** Relative, and absolute near 0. */
function near(actual: number | undefined, wanted: number, tolerance = 1e-9): void {
  expect(actual).toBeDefined()
  expect(Math.abs(actual! - wanted)).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(wanted), 1e-290))
}

describe('distributions', () => {
  const functions: Record<string, (...of: number[]) => number> = {
    normalUpper: (z) => normalUpper(z!),
    normalQuantile: (p) => normalQuantile(p!),
    studentCdf: (t, n) => studentCdf(t!, n!),
    studentQuantile: (p, n) => studentQuantile(p!, n!),
    binomialCdf: (k, n, p) => binomialCdf(k!, n!, p!),
    regularizedBeta: (x, a, b) => regularizedBeta(x!, a!, b!),
    logGamma: (x) => logGamma(x!),
  }
  it.each(Object.keys(reference.distributions))('%s is that of scipy to ten digits, tails too', (name) => {
    for (const row of reference.distributions[name] as number[][]) {
      const wanted = row.at(-1)!
      const actual = functions[name]!(...row.slice(0, -1))
      expect(Math.abs(actual - wanted), `${name}(${row.slice(0, -1)}) = ${actual}, not ${wanted}`).toBeLessThanOrEqual(
        1e-10 * Math.max(Math.abs(wanted), name === 'logGamma' ? 1 : 1e-290),
      )
    }
  })
})

describe('order statistics', () => {
  it('ranks that hold a quantile are those of the binomial, or wider by one', () => {
    for (const { n, q, low, high } of reference.quantiles as {
      n: number
      q: number
      low: number | null
      high: number | null
    }[]) {
      const ranks = quantileRanks(n, q)
      // The definition itself: P(low side wrong) <= 2.5 %, and one rank further in it would be more.
      if (ranks.low === undefined) expect(low).toBeNull()
      else {
        expect(binomialCdf(ranks.low, n, q)).toBeLessThanOrEqual(0.025)
        expect(binomialCdf(ranks.low + 1, n, q)).toBeGreaterThan(0.025)
        expect(Math.abs(ranks.low - low!)).toBeLessThanOrEqual(1)
      }
      if (ranks.high === undefined) expect(high).toBeNull()
      else {
        expect(1 - binomialCdf(ranks.high, n, q)).toBeLessThanOrEqual(0.025 + 1e-12)
        expect(1 - binomialCdf(ranks.high - 1, n, q)).toBeGreaterThan(0.025)
        expect(Math.abs(ranks.high - high!)).toBeLessThanOrEqual(1)
      }
    }
  })

  it('quantiles and MAD', () => {
    for (const { x, mad: wanted, q } of reference.mad) {
      near(mad(x), wanted)
      for (const [at, value] of q) near(quantileOf(x, at), value)
    }
  })
})

describe('tests by rank', () => {
  it('Mann-Whitney and Hodges-Lehmann, exact, tied and asymptotic', () => {
    for (const { a, b, u, p, hodgesLehmann: shift } of reference.samples) {
      const got = mannWhitney(a, b)
      near(got.u, u)
      near(got.p, p)
      near(hodgesLehmann(a, b), shift)
    }
  })

  it('Wilcoxon signed-rank, and TOST', () => {
    for (const { d, w, p, margin, tost, low90, high90 } of reference.differences) {
      const got = signedRank(d)
      near(got.w, w)
      near(got.p, p)
      const same = equivalence(d, margin)
      near(same?.p, tost, 1e-8)
      near(same?.low, low90)
      near(same?.high, high90)
    }
  })

  it('Spearman', () => {
    for (const { x, y, rho, p } of reference.pairs) {
      near(spearman(x, y)?.rho, rho)
      near(spearman(x, y)?.p, p, 1e-8)
    }
  })
})

describe('trends', () => {
  it('Mann-Kendall, exact, tied and asymptotic', () => {
    for (const { y, s, p } of reference.trends) {
      const got = mannKendall(y)
      expect(got.s).toBe(s)
      near(got.p, p)
    }
  })

  it('Theil-Sen with its interval', () => {
    for (const { y, slope, intercept, low, high } of reference.trends) {
      const got = theilSen(
        y.map((_: number, i: number) => i),
        y,
      )
      near(got?.slope, slope)
      near(got?.intercept, intercept)
      near(got?.low, low)
      near(got?.high, high)
    }
  })
})

describe('proportions', () => {
  it('Wilson and Newcombe', () => {
    for (const { hits, trials, low, high } of reference.proportions.one) {
      const got = wilson(hits, trials)
      expect(got.low).toBeCloseTo(low, 10)
      expect(got.high).toBeCloseTo(high, 10)
    }
    for (const { a, b, low, high } of reference.proportions.two) {
      const got = newcombe({ hits: a[0], trials: a[1] }, { hits: b[0], trials: b[1] })
      expect(got.low).toBeCloseTo(low, 10)
      expect(got.high).toBeCloseTo(high, 10)
    }
  })
})

describe('Universal Scalability Law', () => {
  it('finds the least squares that scipy finds', () => {
    for (const { n, x, lambda, sigma, kappa, loss } of reference.usl) {
      const fit = fitUsl(n.map((load: number, i: number) => ({ load, throughput: x[i] })))!
      expect(fit.loss).toBeLessThanOrEqual(loss * 1.000001 + 1e-9)
      near(fit.lambda, lambda, 1e-3)
      expect(fit.sigma).toBeCloseTo(sigma, 3)
      near(fit.kappa, kappa, 5e-3)
    }
  })
})

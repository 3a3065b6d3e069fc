/**
 * At which nanosecond each iteration of an arrival-rate executor is due, in closed form: nothing is accumulated, so a
 * run of any length does not drift. Everything is exact integer arithmetic; an instant that is not a whole nanosecond is
 * rounded down.
 */
import type { Stage } from '#config/types.js'

/** Arrival `i` (from 0) of `rate` per `unitNs` is due at i * unit / rate. Monotone, O(1). */
export function constantArrivals(rate: number, unitNs: number): (i: number) => number {
  const wholeNs = Math.floor(unitNs / rate)
  const restNs = unitNs - wholeNs * rate
  return (i) => {
    const units = Math.floor(i / rate)
    const within = i - units * rate
    return units * unitNs + within * wholeNs + mulDivFloor(within, restNs, rate)
  }
}

/**
 * Arrival `n` (from 1) is due when the area under the rate line reaches n. In a stage from rate F to T over D, with
 * S = 2 * unit * area of the stages before, that is the root x of
 *   (T - F) x^2 + 2 F D x - D (2 unit n - S) = 0,
 * all of whose coefficients are whole numbers. The root is estimated in floating point and settled exactly.
 * @returns a function of n, to be called with rising n only; `undefined` when the stages end before.
 */
export function rampingArrivals(
  startRate: number,
  unitNs: number,
  stages: readonly Stage[],
): (n: number) => number | undefined {
  const twoUnits = 2n * BigInt(unitNs)
  let stage = 0
  let from = BigInt(startRate)
  let stageStartNs = 0
  let before = 0n
  return (n) => {
    for (; ; stage++) {
      const current = stages[stage]
      if (current === undefined) return undefined
      const duration = BigInt(current.durationNs)
      const to = BigInt(current.target)
      const wanted = twoUnits * BigInt(n) - before
      const area = duration * (from + to)
      if (wanted <= area) return stageStartNs + root(from, to, duration, wanted)
      before += area
      from = to
      stageStartNs += current.durationNs
    }
  }
}

/** floor(a * b / c) for whole numbers, exact also where the product is beyond 2^53. */
export function mulDivFloor(a: number, b: number, c: number): number {
  const product = a * b
  return product <= Number.MAX_SAFE_INTEGER ? Math.floor(product / c) : Number((BigInt(a) * BigInt(b)) / BigInt(c))
}

/** The largest whole x in 0..D with (T - F) x^2 + 2 F D x <= D * wanted; the left side rises over that range. */
function root(from: bigint, to: bigint, duration: bigint, wanted: bigint): number {
  const d = Number(duration)
  const f = Number(from)
  const w = Number(wanted)
  const slope = to - from
  const twoFd = 2n * from * duration
  const limit = duration * wanted
  const fits = (x: number): boolean => {
    const big = BigInt(x)
    return (slope * big + twoFd) * big <= limit
  }
  // This form of the quadratic formula subtracts nothing of like size, so the estimate is good to a few nanoseconds
  // except where the rate itself comes near to zero.
  const estimate = w / (f + Math.sqrt(Math.max(0, f * f + (Number(slope) * w) / d)))
  let low = Math.min(d, Math.max(0, Math.floor(estimate)))
  let high: number
  let step = 1
  if (fits(low)) {
    high = low + 1
    while (high <= d && fits(high)) {
      low = high
      high += step
      step *= 2
    }
    if (high > d) {
      if (fits(d)) return d
      high = d
    }
  } else {
    high = low
    low -= step
    while (!fits(Math.max(0, low))) {
      high = low
      step *= 2
      low -= step
    }
    low = Math.max(0, low)
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle
  }
  return low
}

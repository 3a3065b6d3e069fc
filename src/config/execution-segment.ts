/**
 * Execution segments: one test shared by several instances, each of which works out its own part from the segment
 * alone, so that the parts add up to the whole exactly. Rational arithmetic throughout, for thirds must stay thirds.
 *
 * Striping (source: k6's documentation of `executionSegment`, and what its instances are seen to do): let L be the
 * common denominator of all segments' lengths, so a segment of length w/L owns w of every L consecutive items. Items go
 * one by one to the largest segment (the first of equals) that has not run ahead of its share: having c items already,
 * it may take item i as soon as i >= c * L / w.
 */
import { PerfwrightError } from '#base/errors.js'

/** A fraction in lowest terms; `den` > 0. */
export interface Fraction {
  readonly num: bigint
  readonly den: bigint
}

/** The part `(from, to]` of a test. */
export interface ExecutionSegment {
  readonly from: Fraction
  readonly to: Fraction
}

/** What one instance owns of any countable thing (VUs, iterations, arrivals). Items are counted from 0. */
export interface Share {
  /** How many of the first `total` items are this instance's. */
  scale(total: number): number
  /** Global number of this instance's `n`-th item. */
  globalIndex(n: number): number
  /** Length of the segment as `num / den`, for rates. */
  readonly length: { readonly num: number; readonly den: number }
  /**
   * The share within only as many equal parts as the instances got of `value` items (iterations are spread over the
   * VUs that each instance really has). `undefined` when this instance got none.
   */
  resegment(value: number): Share | undefined
}

/** The whole test on one instance. */
export const WHOLE: Share = {
  scale: (total) => total,
  globalIndex: (n) => n,
  length: { num: 1, den: 1 },
  resegment: (value) => (value < 1 ? undefined : WHOLE),
}

/**
 * One of `count` equal stripes of a share, for a worker thread: item n of stripe i is item n * count + i of the share.
 * The stripes of a share hold each of its items exactly once.
 * @param index  from 0
 */
export function stripeOf(share: Share, index: number, count: number): Share {
  if (count === 1) return share
  return {
    scale: (total) => Math.max(0, Math.ceil((share.scale(total) - index) / count)),
    globalIndex: (n) => share.globalIndex(n * count + index),
    length: { num: share.length.num, den: share.length.den * count },
    resegment(value) {
      const part = share.resegment(value)
      return part === undefined ? undefined : stripeOf(part, index, count)
    },
  }
}

/** @throws PW_CONFIG_SEGMENT in k6's words. `1/3`, `33%`, `0.2:2/3`, `` (the whole). */
export function parseSegment(text: string): ExecutionSegment {
  const value = text === '' ? '1' : text
  const colon = value.indexOf(':')
  const from = colon < 0 ? ZERO : parseFraction(value.slice(0, colon))
  return segment(from, parseFraction(value.slice(colon + 1)))
}

/** `0,1/4,1/2,1` as the segments between those points. @throws PW_CONFIG_SEGMENT */
export function parseSegmentSequence(text: string): readonly ExecutionSegment[] {
  if (text === '') return []
  const points = text.split(',').map(parseFraction)
  if (points.length < 2) {
    throw bad(`at least 2 points are needed for an execution segment sequence, ${points.length} given`)
  }
  return points.slice(1).map((to, i) => segment(points[i] ?? ZERO, to))
}

/** `from:to` in lowest terms, as k6 prints it. */
export function formatSegment(s: ExecutionSegment): string {
  return `${formatFraction(s.from)}:${formatFraction(s.to)}`
}

export function formatSegmentSequence(sequence: readonly ExecutionSegment[]): string {
  const first = sequence[0]
  return first === undefined ? '' : [first.from, ...sequence.map((s) => s.to)].map(formatFraction).join(',')
}

/** True when `wanted` (the whole when undefined) is one of `sequence`. */
export function sequenceContains(sequence: readonly ExecutionSegment[], wanted: ExecutionSegment | undefined): boolean {
  const w = wanted ?? { from: ZERO, to: ONE }
  return sequence.some((s) => compare(s.from, w.from) === 0 && compare(s.to, w.to) === 0)
}

/**
 * The share of one segment within a sequence; gaps at both ends of the sequence are filled by other instances. Without
 * a sequence, the rest of the test belongs to at most two others.
 */
export function createShare(own: string | undefined, sequence: string | undefined): Share {
  const mine = parseSegment(own ?? '')
  const given = parseSegmentSequence(sequence ?? '')
  const all = given.length > 0 ? [...given] : [mine]
  const first = all[0] ?? mine
  const last = all[all.length - 1] ?? mine
  if (compare(first.from, ZERO) > 0) all.unshift({ from: ZERO, to: first.from })
  if (compare(last.to, ONE) < 0) all.push({ from: last.to, to: ONE })
  const index = all.findIndex((s) => compare(s.from, mine.from) === 0 && compare(s.to, mine.to) === 0)
  if (index < 0) throw bad(`couldn't find segment ${formatSegment(mine)} in sequence ${formatSegmentSequence(all)}`)
  if (all.length === 1) return WHOLE
  const lengths = all.map((s) => subtract(s.to, s.from))
  const den = lengths.reduce((acc, l) => (acc / gcd(acc, l.den)) * l.den, 1n)
  if (den > MAX_STRIPE) throw bad(`the segments have no common denominator below ${MAX_STRIPE}`)
  return striped(
    lengths.map((l) => Number((l.num * den) / l.den)),
    index,
  )
}

/** Bounds the table that striping needs, which has one entry per item of a period. */
const MAX_STRIPE = 10_000_000n
const ZERO: Fraction = { num: 0n, den: 1n }
const ONE: Fraction = { num: 1n, den: 1n }

/** `weights` in sequence order; their sum is the period of the stripe. */
function striped(weights: readonly number[], index: number): Share {
  const period = weights.reduce((a, b) => a + b, 0)
  const owned = stripe(weights, period)
  const mine = owned[index] ?? []
  const shareOf = (items: readonly number[], total: number): number => {
    const whole = Math.floor(total / period) * items.length
    const rest = total % period
    let below = 0
    while (below < items.length && (items[below] ?? 0) < rest) below++
    return whole + below
  }
  return {
    scale: (total) => shareOf(mine, total),
    globalIndex: (n) => Math.floor(n / mine.length) * period + (mine[n % mine.length] ?? 0),
    length: { num: mine.length, den: period },
    resegment(value) {
      if (value < 1) return undefined
      if (value % period === 0) return this
      const parts = owned.map((items) => shareOf(items, value))
      if ((parts[index] ?? 0) === 0) return undefined
      const before = parts.slice(0, index).filter((p) => p > 0).length
      const present = parts.filter((p) => p > 0)
      const common = present.reduce((acc, p) => Number(gcd(BigInt(acc), BigInt(p))), present[0] ?? 1)
      // Lengths are p / value; in lowest terms their common denominator divides out what all parts share.
      return present.length === 1
        ? WHOLE
        : striped(
            present.map((p) => p / common),
            before,
          )
    },
  }
}

/** Items 0..period-1 of every segment, by the rule at the head of this file. */
function stripe(weights: readonly number[], period: number): number[][] {
  const order = weights.map((_, i) => i).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
  const owned: number[][] = weights.map(() => [])
  for (let item = 0; item < period; item++) {
    for (const i of order) {
      const items = owned[i] ?? []
      const weight = weights[i] ?? 0
      if (weight > 0 && item * weight >= items.length * period) {
        items.push(item)
        break
      }
    }
  }
  return owned
}

function segment(from: Fraction, to: Fraction): ExecutionSegment {
  if (from.num < 0n) throw bad(`segment start value must be at least 0 but was ${twoDigits(from)}`)
  if (compare(from, to) >= 0) {
    throw bad(`segment start(${twoDigits(from)}) must be less than its end(${twoDigits(to)})`)
  }
  if (compare(to, ONE) > 0) throw bad(`segment end value can't be more than 1 but was ${twoDigits(to)}`)
  return { from, to }
}

function parseFraction(text: string): Fraction {
  if (text.length > 40)
    throw bad(`'${text.slice(0, 40)}' is not a valid percentage, decimal, fraction or interval value`)
  if (text.endsWith('%')) {
    if (!/^[+-]?\d+%$/.test(text)) throw bad(`'${text}' is not a valid percentage`)
    return reduce(BigInt(text.slice(0, -1)), 100n)
  }
  const fraction = /^([+-]?\d+)\/(\d+)$/.exec(text)
  if (fraction && BigInt(fraction[2] ?? 0) !== 0n) return reduce(BigInt(fraction[1] ?? 0), BigInt(fraction[2] ?? 1))
  const decimal = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text)
  const digits = `${decimal?.[2] ?? ''}${decimal?.[3] ?? ''}`
  if (!decimal || digits === '') throw bad(`'${text}' is not a valid percentage, decimal, fraction or interval value`)
  const num = BigInt(digits)
  return reduce(decimal[1] === '-' ? -num : num, 10n ** BigInt(decimal[3]?.length ?? 0))
}

function reduce(num: bigint, den: bigint): Fraction {
  const g = gcd(num < 0n ? -num : num, den)
  return g === 0n ? ZERO : { num: num / g, den: den / g }
}

function subtract(a: Fraction, b: Fraction): Fraction {
  return reduce(a.num * b.den - b.num * a.den, a.den * b.den)
}

function compare(a: Fraction, b: Fraction): number {
  const d = a.num * b.den - b.num * a.den
  return d < 0n ? -1 : d > 0n ? 1 : 0
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

function formatFraction(f: Fraction): string {
  return f.den === 1n ? String(f.num) : `${f.num}/${f.den}`
}

function twoDigits(f: Fraction): string {
  return (Number(f.num) / Number(f.den)).toFixed(2)
}

function bad(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONFIG_SEGMENT',
    message,
    fix: 'Give a part of the whole: 1/3, 25%, 0.2:2/3.',
    exitCode: 104,
  })
}

/**
 * k6's `Math.random` after `randomSeed`: Go's math/rand source, an additive lagged Fibonacci generator, drawn as Float64.
 * Source of the algorithm: go.dev/src/math/rand/rng.go (BSD); values verified on k6 1.8 and 2.2.
 */
import type { Random } from '#base/random.js'
import { cookedState } from './cooked.js'

/** @param seed  any number; as in k6 it becomes a 64-bit integer first, and what is not finite becomes 0 */
export function goRandom(seed: number): Random {
  const low = new Uint32Array(length)
  const high = new Uint32Array(length)
  fill(low, high, seedState(seed))
  let tap = 0
  let feed = length - lag
  return () => {
    for (;;) {
      tap = tap === 0 ? length - 1 : tap - 1
      feed = feed === 0 ? length - 1 : feed - 1
      const sum = (low[feed] as number) + (low[tap] as number)
      const carry = sum > 0xffffffff ? 1 : 0
      low[feed] = sum
      const top = ((high[feed] as number) + (high[tap] as number) + carry) | 0
      high[feed] = top
      // 63 random bits over 2^63; the sum is rounded once, as Go's conversion to float64 is. Rounded up to 1, draw again.
      const value = ((top & 0x7fffffff) * 4294967296 + (low[feed] as number)) / 9223372036854775808
      if (value < 1) return value
    }
  }
}

const length = 607
const lag = 273
const modulus = 2147483647
let cooked: Uint32Array | undefined

function seedState(seed: number): number {
  const whole = Number.isFinite(seed) ? BigInt.asIntN(64, BigInt(Math.trunc(seed))) : 0n
  const state = Number(whole % BigInt(modulus))
  if (state === 0) return 89482311
  return state < 0 ? state + modulus : state
}

function fill(low: Uint32Array, high: Uint32Array, start: number): void {
  cooked ??= cookedState()
  let x = start
  for (let i = 0; i < 20; i++) x = next(x)
  for (let i = 0; i < length; i++) {
    const a = next(x)
    const b = next(a)
    const c = next(b)
    x = c
    // a << 40 ^ b << 20 ^ c, as two halves of 32 bits.
    low[i] = (b << 20) ^ c ^ (cooked[2 * i] as number)
    high[i] = (a << 8) ^ (b >>> 12) ^ (cooked[2 * i + 1] as number)
  }
}

/** 48271 * x mod (2^31 - 1); the product stays below 2^53. */
function next(x: number): number {
  return (48271 * x) % modulus
}

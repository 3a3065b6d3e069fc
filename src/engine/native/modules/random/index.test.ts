import { describe, expect, it } from 'vitest'
import { cookedState } from './cooked.js'
import { goRandom } from './index.js'

const first = (seed: number, count: number): number[] => {
  const random = goRandom(seed)
  return Array.from({ length: count }, random)
}

describe('goRandom', () => {
  // Printed by k6 2.2: randomSeed(seed), then Math.random() three times.
  it.each([
    [0, [0.9451961492941164, 0.24496508529377975, 0.6559562651954052]],
    [1, [0.6046602879796196, 0.9405090880450124, 0.6645600532184904]],
    [-1, [0.3951876009960174, 0.05964969860952545, 0.33545830491955936]],
    [42, [0.3730283610466326, 0.06600049679351791, 0.604093851558642]],
    [123, [0.5813171323049762, 0.026224297271376255, 0.2499694950699479]],
    [89482311, [0.9451961492941164, 0.24496508529377975, 0.6559562651954052]],
    [2147483647, [0.9451961492941164, 0.24496508529377975, 0.6559562651954052]],
    [2147483648, [0.6046602879796196, 0.9405090880450124, 0.6645600532184904]],
    [-5, [0.1964231528691937, 0.48006842453323395, 0.020401048456542642]],
    [1.9, [0.6046602879796196, 0.9405090880450124, 0.6645600532184904]],
    [1e15, [0.40127284439965577, 0.4864306570139235, 0.2585408718259699]],
    [Number.NaN, [0.9451961492941164, 0.24496508529377975, 0.6559562651954052]],
    [Number.POSITIVE_INFINITY, [0.9451961492941164, 0.24496508529377975, 0.6559562651954052]],
  ])('draws what k6 draws after randomSeed(%d)', (seed, expected) => {
    expect(first(seed, 3)).toEqual(expected)
  })

  it('still agrees with k6 after ten thousand draws', () => {
    expect(first(7, 10_000).at(-1)).toBe(0.7890091893556487)
  })

  it('keeps two generators apart', () => {
    const a = goRandom(1)
    const b = goRandom(1)
    a()
    expect(b()).toBe(0.6046602879796196)
  })
})

describe('cookedState', () => {
  it('is the generator after 7.8e12 steps from seed 1', () => {
    expect(Array.from(new BigUint64Array(cookedState().buffer as ArrayBuffer))).toEqual(stateAfter(7_800_000_000_000n))
  })
})

/** The state after `steps`, by raising x to that power modulo x^607 - x^334 - 1 over the integers mod 2^64. */
function stateAfter(steps: bigint): bigint[] {
  const length = 607
  const lag = 273
  const mask = (1n << 64n) - 1n
  let x = 1
  const initial: bigint[] = []
  const next = (): bigint => {
    x = (48271 * x) % 2147483647
    return BigInt(x)
  }
  for (let i = 0; i < 20; i++) next()
  for (let i = 0; i < length; i++) initial.push((next() << 20n) ^ (next() << 10n) ^ next())
  const at = (values: readonly bigint[], i: number): bigint => values[i] as bigint
  const wrap = (i: number): number => ((i % length) + length) % length
  const sequence = Array.from({ length }, (_, k) => at(initial, wrap(333 - k)))
  for (let k = length; k < 2 * length; k++) sequence.push((at(sequence, k - length) + at(sequence, k - lag)) & mask)
  const square = (a: readonly bigint[]): bigint[] => {
    const product = Array.from({ length: 2 * length - 1 }, () => 0n)
    for (let i = 0; i < length; i++) {
      if (a[i] === 0n) continue
      for (let j = 0; j < length; j++) product[i + j] = at(product, i + j) + at(a, i) * at(a, j)
    }
    for (let i = 2 * length - 2; i >= length; i--) {
      product[i - length] = at(product, i - length) + at(product, i)
      product[i - lag] = at(product, i - lag) + at(product, i)
    }
    return product.slice(0, length).map((value) => value & mask)
  }
  let power = Array.from({ length }, () => 0n)
  power[0] = 1n
  for (const bit of steps.toString(2)) {
    power = square(power)
    if (bit === '0') continue
    const top = power.pop() as bigint
    power.unshift(top)
    power[length - lag] = (at(power, length - lag) + top) & mask
  }
  const state = Array.from({ length }, () => 0n)
  for (let j = 0; j < length; j++) {
    let sum = 0n
    for (let i = 0; i < length; i++) sum += at(power, i) * at(sequence, i + j)
    state[wrap(Number((333n - steps - BigInt(j)) % BigInt(length)))] = sum & mask
  }
  return state
}

import { describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { latencyWindows } from './bad-windows.js'
import { type Candidate, movements } from './movements.js'

/** AR(1) with unit variance. */
function walk(n: number, rho: number, seed: number): Float64Array {
  const random = seededRandom(seed * 7919 + 13)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const out = new Float64Array(n)
  for (let i = 0; i < n; i++)
    out[i] = i === 0 ? normal() : rho * (out[i - 1] as number) + Math.sqrt(1 - rho * rho) * normal()
  return out
}

const n = 120
const latency = (seed: number, rho: number, spread: number): Float64Array =>
  walk(n, rho, seed).map((value) => 40 * Math.exp(spread * value))

describe('bad windows', () => {
  it('are hardly ever seen in healthy runs, however much neighbouring seconds hang together', () => {
    for (const rho of [0, 0.5, 0.8]) {
      let alarms = 0
      for (let seed = 0; seed < 300; seed++)
        alarms += Math.min(1, latencyWindows(latency(seed, rho, 0.25), 1, null).length)
      process.stdout.write(`bad windows, false alarms at autocorrelation ${rho}: ${alarms} of 300 runs\n`)
      expect(alarms).toBeLessThanOrEqual(6)
    }
  })

  it('are found where latency doubles for five seconds, with their place', () => {
    let found = 0
    for (let seed = 0; seed < 50; seed++) {
      const column = latency(seed, 0.5, 0.15).map((value, i) => (i >= 60 && i < 65 ? value * 2.2 : value))
      const [window] = latencyWindows(column, 1, null)
      if (window !== undefined && Math.abs(window.fromS - 60) <= 1 && Math.abs(window.toS - 65) <= 1) found++
    }
    expect(found).toBeGreaterThanOrEqual(45)
  })
})

describe('what moved with a bad window', () => {
  const window = { fromS: 60, toS: 70, symptom: 'latency' as const }
  const symptomOf = (seed: number): Float64Array =>
    latency(seed, 0.5, 0.2).map((value, i) => (i >= 60 && i < 70 ? value * 4 : value))
  const bystanders = (seed: number): Candidate[] =>
    Array.from({ length: 40 }, (_, k) => ({
      source: `m${k}`,
      values: walk(n, [0, 0.5, 0.8, 0.95][k % 4] as number, seed * 100 + k),
    }))

  it('is nothing in nearly all runs in which nothing had to do with it', () => {
    let runs = 0
    for (let seed = 0; seed < 60; seed++) if (movements(bystanders(seed), symptomOf(seed), window, 1).length > 0) runs++
    process.stdout.write(`movements, runs with a false one: ${runs} of 60\n`)
    expect(runs).toBeLessThanOrEqual(4)
  })

  it('is what took a step at that moment, unlike anywhere else in the run', () => {
    let found = 0
    for (let seed = 0; seed < 20; seed++) {
      const step = walk(n, 0.5, seed + 999).map((value, i) => value + (i >= 60 && i < 70 ? 5 : 0))
      const told = movements([...bystanders(seed), { source: 'step', values: step }], symptomOf(seed), window, 1)
      if (told.some(({ source }) => source === 'step')) found++
    }
    process.stdout.write(`movements, a step of five standard deviations found in ${found} of 20 runs\n`)
    expect(found).toBeGreaterThanOrEqual(16)
  })

  it('is what moved, and how many seconds before', () => {
    let found = 0
    for (let seed = 0; seed < 20; seed++) {
      const symptom = symptomOf(seed)
      const cause = walk(n, 0.5, seed + 5000).map(
        (value, i) => 0.5 * value + 1.2 * Math.log((symptom[i + 2] ?? 40) / 40) + 10,
      )
      const told = movements([...bystanders(seed), { source: 'cause', values: cause }], symptom, window, 1)
      const cause2 = told.find(({ source }) => source === 'cause')
      if (cause2 !== undefined && cause2.lagS === -2 && cause2.during > cause2.before) found++
    }
    process.stdout.write(`movements, a cause two seconds before found in ${found} of 20 runs\n`)
    expect(found).toBeGreaterThanOrEqual(16)
  })
})

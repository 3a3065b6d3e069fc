import { describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { normalQuantile } from '#stats/index.js'
import { detectableChange, duetsFor, judgeDuets } from './judge.js'
import type { DuetMeasure, SideMeasure } from './types.js'

describe('verdicts of duets', () => {
  it('same code on both sides is hardly ever called different, in 200 simulated gates', () => {
    let alarms = 0
    for (let seed = 1; seed <= 200; seed++)
      if (['regression', 'better'].includes(judgeDuets(simulated({ seed })).verdict)) alarms++
    expect(alarms).toBeLessThanOrEqual(6)
  })

  it('finds 20 % of CPU always and 10 % nearly always at 2 % noise, as a regression', () => {
    const found = (change: number): number =>
      Array.from({ length: 100 }, (_, seed) => judgeDuets(simulated({ seed: seed + 1, change }))).filter(
        ({ verdict }) => verdict === 'regression',
      ).length
    expect(found(0.2)).toBe(100)
    expect(found(0.1)).toBeGreaterThanOrEqual(95)
  })

  it('an interval covers the true change in about 95 of 100', () => {
    let covered = 0
    for (let seed = 1; seed <= 400; seed++) {
      const cpu = judgeDuets(simulated({ seed, change: 0.1 })).comparisons.find(({ metric }) => metric === 'cpu')!
      if (cpu.low! <= 0.1 && cpu.high! >= 0.1) covered++
    }
    expect(covered / 400).toBeGreaterThan(0.92)
    expect(covered / 400).toBeLessThan(0.98)
  })

  it('what belongs to the place and not to the version is taken out by the swap', () => {
    const verdict = judgeDuets(simulated({ seed: 5, place: 0.3, noise: 0.005 }))
    const cpu = verdict.comparisons.find(({ metric }) => metric === 'cpu')!
    expect(cpu.verdict).toBe('same')
    expect(Math.abs(cpu.change!)).toBeLessThan(0.02)
  })

  it('an improvement is better, and the sentence has its interval', () => {
    const verdict = judgeDuets(simulated({ seed: 2, change: -0.5 }))
    expect(verdict.verdict).toBe('better')
    expect(verdict.why).toMatch(/^b is better: CPU per request -\d+\.\d % \[-\d+\.\d, -\d+\.\d\]/)
  })

  it('says how many duets it would take when noise hides the margin', () => {
    const verdict = judgeDuets(simulated({ seed: 3, noise: 0.2 }))
    expect(verdict.verdict).toBe('inconclusive')
    expect(verdict.takes).toMatch(/^about \d+ duets/)
    expect(duetsFor(0.2, Math.log(1.05))).toBe(132)
  })

  it('one endpoint that got slower is found among many', () => {
    const verdict = judgeDuets(simulated({ seed: 4, endpoints: 10, slowEndpoint: 0.4 }))
    expect(verdict.verdict).toBe('regression')
    const worse = verdict.comparisons.filter((one) => one.verdict === 'worse').map(({ endpoint }) => endpoint)
    expect(worse).toContain('GET /e0')
    expect(worse.every((name) => name === 'GET /e0' || name === 'all')).toBe(true)
  })

  it('sides that answer differently, or fail, are no comparison', () => {
    const duets = simulated({ seed: 1 })
    const apart = duets.map((duet) => ({ ...duet, differing: { status: 5, body: 0, of: 50 } }))
    expect(judgeDuets(apart).verdict).toBe('invalid')
    const failing = duets.map((duet) => ({ ...duet, b: { ...duet.b, errors: duet.b.requests } }))
    expect(judgeDuets(failing)).toMatchObject({ verdict: 'invalid', why: expect.stringContaining('side b failed') })
    expect(judgeDuets(duets.slice(0, 2)).verdict).toBe('invalid')
  })

  it('some more errors are a regression by themselves', () => {
    const duets = simulated({ seed: 1 }).map((duet) => ({ ...duet, b: { ...duet.b, errors: 10 } }))
    expect(judgeDuets(duets)).toMatchObject({ verdict: 'regression', why: expect.stringContaining('errors') })
  })

  it('the smallest detectable change falls with the duets and never below the margin', () => {
    const judge = { margin: 0.05, level: 0.02 }
    expect(detectableChange(0.1, 4, judge)).toBeGreaterThan(detectableChange(0.1, 12, judge))
    expect(detectableChange(0.0001, 8, judge)).toBeGreaterThanOrEqual(0.05)
  })
})

/** Latencies of a duet in no order that matters. */
const shape = Array.from({ length: 60 }, (_, i) => Math.exp(0.1 * normalQuantile((i + 0.5) / 60)))

interface Simulation {
  readonly seed: number
  readonly change?: number
  /** Standard deviation of the log ratio of CPU between duets. */
  readonly noise?: number
  /** What the first place costs, a share. */
  readonly place?: number
  readonly endpoints?: number
  readonly slowEndpoint?: number
}

function simulated({
  seed,
  change = 0,
  noise = 0.02,
  place = 0,
  endpoints = 1,
  slowEndpoint = 0,
}: Simulation): DuetMeasure[] {
  const random = seededRandom(seed)
  const normal = (): number => normalQuantile(Math.min(1 - 1e-9, Math.max(1e-9, random())))
  return Array.from({ length: 8 }, (_, index) => {
    const swapped = index % 2 === 1
    const mood = Math.exp(0.3 * normal())
    const side = (isB: boolean): SideMeasure => {
      const isFirst = isB === swapped
      const factor = mood * (isB ? 1 + change : 1) * (isFirst ? 1 + place : 1)
      const jitter = Math.exp((noise / Math.SQRT2) * normal())
      const latencyMs = new Map(
        Array.from({ length: endpoints }, (_, e): [string, number[]] => {
          const own = Math.exp(2 * (noise / Math.SQRT2) * normal()) * factor * (isB && e === 0 ? 1 + slowEndpoint : 1)
          return [`GET /e${e}`, shape.map((factor) => own * factor)]
        }),
      )
      return { requests: 60 * endpoints, errors: 0, cpuUsPerRequest: 600 * factor * jitter, rssBytes: null, latencyMs }
    }
    return {
      index,
      swapped,
      apart: false,
      a: side(false),
      b: side(true),
      differing: { status: 0, body: 0, of: 50 },
      othersCpu: 0.1,
    }
  })
}

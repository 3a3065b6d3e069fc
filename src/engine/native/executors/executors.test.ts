/**
 * Every executor on a simulated clock, on one worker and on several, against an oracle written from the definition that
 * knows nothing of workers; equality, no tolerance.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShare, type Share, WHOLE } from '#config/execution-segment.js'
import type { Scenario, Stage } from '#config/types.js'
import { soloCrew } from './crew.js'
import { type ControlledExecutor, createExecutor, iterationNumbers } from './index.js'
import { runScripted, runScriptedCrew, type ScriptedRun } from './testing/scripted-host.js'

const S = 1_000_000_000
const COMMON = { name: 'a', startTimeNs: 0, exec: 'default', env: {}, tags: {}, options: {} }
const lengths = fc.array(fc.integer({ min: 50_000_000, max: 4 * S }), { minLength: 1, maxLength: 6 })
const grace = fc.constantFrom(0, 1, S, 3 * S + 7)
const startAt = fc.constantFrom(0, 1, 5 * S + 3)

/** One iteration as text, so that sets compare. */
const line = (start: number, end: number, interrupted: boolean): string =>
  `${start} ${end}${interrupted ? ' interrupted' : ''}`
const seen = (run: ScriptedRun): string[] => run.iterations.map((i) => line(i.startNs, i.endNs, i.interrupted)).sort()
const droppedOf = (run: ScriptedRun): number => run.drops.reduce((n, d) => n + d.count, 0)
const cut = (start: number, lasts: number, hardEnd: number): string =>
  start + lasts >= hardEnd ? line(start, hardEnd, true) : line(start, start + lasts, false)

describe.each([1, 2, 3, 7])('over %i workers', (workers) => {
  describe('constant-vus', () => {
    it('starts iteration k of a VU at k times its length, until the duration is over', async () => {
      await fc.assert(
        fc.asyncProperty(
          lengths,
          fc.integer({ min: S, max: 12 * S }),
          grace,
          startAt,
          async (each, durationNs, gs, t0) => {
            const scenario: Scenario = {
              ...COMMON,
              executor: 'constant-vus',
              vus: each.length,
              durationNs,
              gracefulStopNs: gs,
            }
            const run = await runScriptedCrew(scenario, workers, {
              durationNs: (vu) => each[vu - 1] ?? 1,
              startNs: t0,
              untilNs: t0 + 60 * S,
            })
            const want = each.flatMap((d) =>
              range(Math.ceil(durationNs / d)).map((k) => cut(t0 + k * d, d, t0 + durationNs + gs)),
            )
            expect(seen(run)).toEqual(want.sort())
            expect(run.leaked).toBe(0)
            expect(droppedOf(run)).toBe(0)
          },
        ),
      )
    })
  })

  describe('per-vu-iterations', () => {
    it('runs its count on every VU, and drops what the maximal duration leaves', async () => {
      await fc.assert(
        fc.asyncProperty(
          lengths,
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: S, max: 9 * S }),
          grace,
          async (each, count, max, gs) => {
            const scenario: Scenario = {
              ...COMMON,
              executor: 'per-vu-iterations',
              vus: each.length,
              iterations: count,
              maxDurationNs: max,
              gracefulStopNs: gs,
            }
            const run = await runScriptedCrew(scenario, workers, {
              durationNs: (vu) => each[vu - 1] ?? 1,
              untilNs: 60 * S,
            })
            const counts = each.map((d) => Math.min(count, Math.ceil(max / d)))
            const want = each.flatMap((d, v) => range(counts[v] ?? 0).map((k) => cut(k * d, d, max + gs)))
            expect(seen(run)).toEqual(want.sort())
            expect(droppedOf(run)).toBe(counts.reduce((left, c) => left + count - c, 0))
            expect(run.leaked).toBe(0)
          },
        ),
      )
    })
  })

  describe('shared-iterations', () => {
    it('gives the next iteration to the VU that is free first', async () => {
      await fc.assert(
        fc.asyncProperty(
          lengths,
          fc.integer({ min: 0, max: 30 }),
          fc.integer({ min: S, max: 9 * S }),
          async (each, more, max) => {
            const iterations = each.length + more
            const scenario: Scenario = {
              ...COMMON,
              executor: 'shared-iterations',
              vus: each.length,
              iterations,
              maxDurationNs: max,
              gracefulStopNs: 30 * S,
            }
            const run = await runScriptedCrew(scenario, workers, {
              durationNs: (vu) => each[vu - 1] ?? 1,
              untilNs: 60 * S,
            })
            // VU v is free at every multiple of its length: the first `iterations` such instants are the starts.
            const instants = each.flatMap((d) => range(Math.ceil(max / d)).map((k) => k * d)).sort((a, b) => a - b)
            expect(run.iterations.map((i) => i.startNs)).toEqual(instants.slice(0, iterations))
            expect(droppedOf(run)).toBe(iterations - run.iterations.length)
            expect(run.leaked).toBe(0)
          },
        ),
      )
    })

    it('drops nothing when the whole run is stopped, and interrupts at once', async () => {
      const scenario: Scenario = {
        ...COMMON,
        executor: 'shared-iterations',
        vus: 2,
        iterations: 9,
        maxDurationNs: 60 * S,
        gracefulStopNs: 30 * S,
      }
      const run = await runScriptedCrew(scenario, workers, {
        durationNs: () => 2 * S,
        untilNs: 9 * S,
        stopNs: 3 * S,
      })
      expect(seen(run)).toEqual(
        [line(0, 2 * S, false), line(0, 2 * S, false), line(2 * S, 3 * S, true), line(2 * S, 3 * S, true)].sort(),
      )
      expect([run.endedNs, droppedOf(run), run.leaked]).toEqual([3 * S, 0, 0])
    })
  })

  describe('ramping-vus', () => {
    const stages = fc.array(
      fc.record({
        durationNs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8 * S })),
        target: fc.integer({ min: 0, max: 7 }),
      }),
      { minLength: 1, maxLength: 6 },
    )

    it('starts and stops VU n in its slot, lets it finish for gracefulRampDown, and goes on when it is wanted again', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 7 }),
          stages,
          fc.integer({ min: 100_000_000, max: 6 * S }),
          fc.constantFrom(0, S, 3 * S + 1, 30 * S),
          fc.constantFrom(0, 2 * S + 1, 30 * S),
          async (startVUs, list, lasts, gracefulRampDownNs, gracefulStopNs) => {
            const most = Math.max(startVUs, ...list.map((s) => s.target))
            fc.pre(most > 0)
            const scenario: Scenario = {
              ...COMMON,
              executor: 'ramping-vus',
              startVUs,
              stages: list,
              gracefulRampDownNs,
              gracefulStopNs,
            }
            const run = await runScriptedCrew(scenario, workers, {
              durationNs: () => lasts,
              untilNs: 200 * S,
            })
            const want = range(most).flatMap((n) =>
              slotOracle(n + 1, startVUs, list, lasts, gracefulRampDownNs, gracefulStopNs),
            )
            expect(seen(run)).toEqual(want.sort())
            expect([run.leaked, droppedOf(run)]).toEqual([0, 0])
          },
        ),
        { numRuns: 200 },
      )
    })

    it('puts the slots of a plain ramp where k6 puts them', async () => {
      const scenario: Scenario = {
        ...COMMON,
        executor: 'ramping-vus',
        startVUs: 0,
        stages: [
          { durationNs: 10 * S, target: 3 },
          { durationNs: 9 * S, target: 0 },
        ],
        gracefulRampDownNs: 0,
        gracefulStopNs: 0,
      }
      const run = await runScriptedCrew(scenario, workers, { durationNs: () => 100 * S, untilNs: 30 * S })
      expect(run.iterations.map((i) => [i.startNs, i.endNs])).toEqual([
        [3_333_333_334, 19 * S],
        [6_666_666_667, 16 * S],
        [10 * S, 13 * S],
      ])
    })
  })

  describe('constant-arrival-rate', () => {
    it('starts arrival i at i * unit / rate, the one at the very end included, or drops it when no VU is free', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 40 }),
          fc.constantFrom(S, 7 * S, 333_000_007),
          fc.integer({ min: S, max: 5 * S }),
          fc.integer({ min: 1, max: 6 }),
          fc.integer({ min: 1, max: 2 * S }),
          async (rate, timeUnitNs, durationNs, vus, lasts) => {
            const scenario: Scenario = {
              ...COMMON,
              executor: 'constant-arrival-rate',
              rate,
              timeUnitNs,
              durationNs,
              preAllocatedVUs: vus,
              maxVUs: vus,
              gracefulStopNs: 30 * S,
            }
            const run = await runScriptedCrew(scenario, workers, { durationNs: () => lasts, untilNs: 60 * S })
            const due = range(Number((BigInt(durationNs) * BigInt(rate)) / BigInt(timeUnitNs)) + 2)
              .map((i) => Number((BigInt(i) * BigInt(timeUnitNs)) / BigInt(rate)))
              .filter((t) => t <= durationNs)
            expectServed(run, due, vus, lasts)
          },
        ),
      )
    })

    it('grows one VU at a time while arrivals are dropped, up to maxVUs, and then warns once', async () => {
      const scenario: Scenario = {
        ...COMMON,
        executor: 'constant-arrival-rate',
        rate: 10,
        timeUnitNs: S,
        durationNs: 2 * S,
        preAllocatedVUs: 1,
        maxVUs: 3,
        gracefulStopNs: 0,
      }
      const run = await runScriptedCrew(scenario, workers, {
        durationNs: () => 60 * S,
        untilNs: 5 * S,
        growNs: 250_000_000,
      })
      // Dropped at 0.1, which starts the growing; there at 0.35, so 0.4 runs; dropped at 0.5, there at 0.75, 0.8 runs.
      expect(run.iterations.map((i) => i.startNs / S)).toEqual([0, 0.4, 0.8])
      expect(run.grown).toEqual([0.35 * S, 0.75 * S])
      // 0, 0.1, ... 1.9 are 20 arrivals; the one at 2.0 is not started, for without gracefulStop nothing may run then.
      expect(droppedOf(run)).toBe(17)
      expect(run.warnings).toEqual(['Insufficient VUs, reached 3 active VUs and cannot initialize more'])
      expect([run.endedNs, run.leaked]).toEqual([2 * S, 0])
      expect(run.iterations.every((i) => i.interrupted && i.endNs === 2 * S)).toBe(true)
    })

    it('keeps the intended start when the clock is late', async () => {
      const scenario: Scenario = {
        ...COMMON,
        executor: 'constant-arrival-rate',
        rate: 10,
        timeUnitNs: S,
        durationNs: S,
        preAllocatedVUs: 20,
        maxVUs: 20,
        gracefulStopNs: S,
      }
      // The run is begun half a second after its start: what was due by then starts at once.
      const run = await runScriptedCrew(scenario, workers, {
        durationNs: () => 1,
        startNs: -0.5 * S,
        untilNs: 5 * S,
      })
      // Which of several late ones goes first is up to the workers.
      run.iterations.sort((a, b) => a.intendedNs - b.intendedNs)
      expect(run.iterations.map((i) => i.intendedNs)).toEqual(range(11).map((i) => (i - 5) * (S / 10)))
      expect(run.iterations.map((i) => i.startNs)).toEqual(
        [0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5].map((t) => t * S),
      )
    })
  })

  describe('ramping-arrival-rate', () => {
    it('starts arrival n where the area under the rate line reaches n', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 9 }),
          fc.array(
            fc.record({
              durationNs: fc.integer({ min: 0, max: 4_000 }).map((ms) => ms * 1_000_000),
              target: fc.integer({ min: 0, max: 9 }),
            }),
            { minLength: 1, maxLength: 4 },
          ),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 2 * S }),
          async (startRate, stages, vus, lasts) => {
            const scenario: Scenario = {
              ...COMMON,
              executor: 'ramping-arrival-rate',
              startRate,
              timeUnitNs: S,
              stages,
              preAllocatedVUs: vus,
              maxVUs: vus,
              gracefulStopNs: 30 * S,
            }
            const run = await runScriptedCrew(scenario, workers, { durationNs: () => lasts, untilNs: 60 * S })
            expectServed(run, bisectedArrivals(startRate, stages), vus, lasts)
          },
        ),
      )
    })
  })
})

describe('externally-controlled', () => {
  it('follows the number of VUs that it is told, and ends with the duration', async () => {
    const scenario: Scenario = {
      ...COMMON,
      executor: 'externally-controlled',
      vus: 1,
      maxVUs: 3,
      durationNs: 10 * S,
      gracefulStopNs: 0,
    }
    const executor = createExecutor(scenario) as ControlledExecutor
    const run = await runScripted(executor, {
      vus: 3,
      durationNs: () => 3 * S,
      untilNs: 20 * S,
      at: [
        [1 * S, () => executor.setVus(3, 3)],
        [5 * S, () => executor.setPaused(true)],
        [8 * S, () => executor.setPaused(false)],
        [10 * S, () => executor.setVus(1, 3)],
      ],
    })
    // As k6 1.8 does: a pause lets iterations finish and is no part of the duration; VUs taken away are interrupted.
    expect(run.iterations.map((i) => [i.startNs / S, i.endNs / S])).toEqual([
      [0, 3],
      [1, 4],
      [1, 4],
      [3, 6],
      [4, 7],
      [4, 7],
      [8, 11],
      [8, 10],
      [8, 10],
      [11, 13],
    ])
    expect([run.endedNs, run.leaked]).toEqual([13 * S, 0])
  })

  it('runs until it is stopped when its duration is 0', async () => {
    const scenario: Scenario = {
      ...COMMON,
      executor: 'externally-controlled',
      vus: 1,
      maxVUs: 1,
      durationNs: 0,
      gracefulStopNs: 0,
    }
    const run = await runScripted(createExecutor(scenario), {
      vus: 1,
      durationNs: () => S,
      untilNs: 99 * S,
      stopNs: 50.5 * S,
    })
    expect([run.iterations.length, run.endedNs]).toEqual([51, 50.5 * S])
  })
})

describe('segments', () => {
  const scenarios: readonly Scenario[] = [
    {
      ...COMMON,
      executor: 'ramping-vus',
      startVUs: 2,
      stages: [
        { durationNs: 7 * S, target: 11 },
        { durationNs: 5 * S, target: 1 },
      ],
      gracefulRampDownNs: 30 * S,
      gracefulStopNs: 30 * S,
    },
    {
      ...COMMON,
      executor: 'constant-arrival-rate',
      rate: 7,
      timeUnitNs: S,
      durationNs: 5 * S,
      preAllocatedVUs: 30,
      maxVUs: 30,
      gracefulStopNs: S,
    },
    {
      ...COMMON,
      executor: 'ramping-arrival-rate',
      startRate: 1,
      timeUnitNs: S,
      stages: [{ durationNs: 6 * S, target: 9 }],
      preAllocatedVUs: 30,
      maxVUs: 30,
      gracefulStopNs: S,
    },
    { ...COMMON, executor: 'shared-iterations', vus: 12, iterations: 53, maxDurationNs: 60 * S, gracefulStopNs: 0 },
    { ...COMMON, executor: 'per-vu-iterations', vus: 11, iterations: 3, maxDurationNs: 60 * S, gracefulStopNs: 0 },
  ]
  const sequence = '0,1/2,3/4,1'
  const parts = ['0:1/2', '1/2:3/4', '3/4:1']

  it.each(scenarios.flatMap((s) => [1, 3].map((workers) => [s.executor, workers, s] as const)))(
    'of %s on %i workers each add up to the whole test',
    async (_name, workers, scenario) => {
      const startsOf = async (share: Share, crew: number): Promise<number[]> => {
        const run = await runScriptedCrew(scenario, crew, { durationNs: () => 1000 * S, untilNs: 90 * S }, share)
        expect(run.leaked).toBe(0)
        return run.iterations.map((i) => i.startNs)
      }
      const whole = await startsOf(WHOLE, 1)
      const split = (await Promise.all(parts.map((p) => startsOf(createShare(p, sequence), workers)))).flat()
      expect(split.sort((a, b) => a - b)).toEqual(whole.sort((a, b) => a - b))
    },
  )

  it('number the iterations of a test without gap or repetition', () => {
    const scenario = scenarios[3]
    if (scenario === undefined) throw new Error('no shared-iterations scenario')
    const numbers = parts.flatMap((part) => {
      const share = createShare(part, sequence)
      const own = iterationNumbers(scenario, soloCrew(share))
      const count = share.resegment(12)?.scale(53) ?? 0
      return range(count).map(() => own.inTest(own.next()))
    })
    expect(numbers.sort((a, b) => a - b)).toEqual(range(53))
  })
})

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

/** Arrivals in order; each takes a VU that is free by then, else it is dropped. */
function expectServed(run: ScriptedRun, due: readonly number[], vus: number, lasts: number): void {
  const freeAt = range(vus).map(() => 0)
  const served: number[] = []
  const dropped: number[] = []
  for (const t of due) {
    const free = freeAt.findIndex((f) => f <= t)
    if (free < 0) dropped.push(t)
    else {
      freeAt[free] = t + lasts
      served.push(t)
    }
  }
  expect(run.iterations.map((i) => i.startNs)).toEqual(served)
  expect(run.iterations.map((i) => i.intendedNs)).toEqual(served)
  expect(run.drops.map((d) => d.atNs)).toEqual(dropped)
  expect(run.warnings.length).toBe(dropped.length > 0 ? 1 : 0)
  expect(run.leaked).toBe(0)
}

/** Instants at which the integral of the rate (per second) reaches 1, 2, ...: by bisection over exact trapezia. */
function bisectedArrivals(startRate: number, stages: readonly Stage[]): number[] {
  // Twice the area in rate * ns, times the stage's duration, stays whole within a stage.
  const out: number[] = []
  let before = 0n
  let from = BigInt(startRate)
  let t0 = 0
  let n = 1n
  for (const { durationNs, target } of stages) {
    const d = BigInt(durationNs)
    const to = BigInt(target)
    const doubled = (x: bigint): bigint => x * (2n * from * d + (to - from) * x)
    const reached = (x: bigint): boolean => before * d + doubled(x) <= 2n * n * BigInt(S) * d
    const total = before + d * (from + to)
    while (total >= 2n * n * BigInt(S)) {
      let low = 0n
      let high = d + 1n
      while (high - low > 1n) {
        const mid = (low + high) / 2n
        if (mid <= d && reached(mid)) low = mid
        else high = mid
      }
      out.push(t0 + Number(low))
      n++
    }
    before += d * (from + to)
    from = to
    t0 += durationNs
  }
  return out
}

/** What slot n (from 1) of ramping-vus does, from the definition. */
function slotOracle(
  n: number,
  startVUs: number,
  stages: readonly Stage[],
  lasts: number,
  grd: number,
  gs: number,
): string[] {
  const sumNs = stages.reduce((total, s) => total + s.durationNs, 0)
  // Instants at which slot n becomes wanted (true) or not, in order.
  const flips: [number, boolean][] = [[0, startVUs >= n]]
  let a = startVUs
  let end = 0
  for (const { durationNs, target: b } of stages) {
    end += durationNs
    const quotient = (steps: number): number => Number((BigInt(durationNs) * BigInt(steps)) / BigInt(Math.abs(b - a)))
    if (a < n && b >= n) flips.push([durationNs === 0 ? end : end - quotient(b - n), true])
    if (a >= n && b < n) flips.push([durationNs === 0 ? end : end - quotient(n - 1 - b), false])
    a = b
  }
  // Flips at one instant: only the last one counts.
  const merged = flips
    .filter(([t], i) => flips[i + 1]?.[0] !== t)
    .filter(([, on], i, l) => (i === 0 ? on : l[i - 1]?.[1] !== on))
  const spans: { on: number; off: number; ramped: boolean }[] = []
  for (const [t, on] of merged) {
    if (on) spans.push({ on: t, off: sumNs, ramped: false })
    else {
      const last = spans[spans.length - 1]
      if (last !== undefined) spans[spans.length - 1] = { ...last, off: t, ramped: true }
    }
  }
  const out: string[] = []
  let freeAt = 0
  for (const [i, span] of spans.entries()) {
    const again = spans[i + 1]
    const soon = again !== undefined && again.on <= span.off + grd
    const hard = soon ? sumNs + gs : Math.min(span.ramped ? span.off + grd : sumNs + gs, sumNs + gs)
    for (let t = Math.max(span.on, freeAt); t < span.off; t = freeAt) {
      const hardHere = soon ? hardOfChain(spans, i, grd, sumNs + gs) : hard
      out.push(cut(t, lasts, hardHere))
      freeAt = Math.min(t + lasts, hardHere)
    }
  }
  return out
}

/** The interruption that an iteration meets which runs on over several spans. */
function hardOfChain(
  spans: readonly { on: number; off: number; ramped: boolean }[],
  i: number,
  grd: number,
  end: number,
): number {
  const span = spans[i]
  const again = spans[i + 1]
  if (span === undefined) return end
  if (again !== undefined && again.on <= span.off + grd) return hardOfChain(spans, i + 1, grd, end)
  return Math.min(span.ramped ? span.off + grd : end, end)
}

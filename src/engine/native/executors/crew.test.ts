import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShare, stripeOf, WHOLE } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { Board, InstanceTotals, joinCrew, newBoardMemory, SharedCounter } from './crew.js'
import { iterationNumbers, planCrew, planVus, vuIdsOf } from './index.js'
import { runScriptedCrew } from './testing/scripted-host.js'

const S = 1_000_000_000
const COMMON = { startTimeNs: 0, gracefulStopNs: 0, exec: 'default', env: {}, tags: {}, options: {} }
const vus = (name: string, count: number, startTimeNs = 0): Scenario => ({
  ...COMMON,
  name,
  startTimeNs,
  executor: 'constant-vus',
  vus: count,
  durationNs: 10 * S,
})
const byName = (...list: Scenario[]): Record<string, Scenario> => Object.fromEntries(list.map((s) => [s.name, s]))

describe('stripes of a share', () => {
  it('hold each item of it once, also within a segment', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(['', ''], ['1/3:2/3', '0,1/3,2/3,1'], ['0:2/5', '0,2/5,1']),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 500 }),
        ([own, sequence], workers, total) => {
          const share = createShare(own, sequence)
          const items = Array.from({ length: workers }, (_, i) => stripeOf(share, i, workers)).flatMap((stripe) =>
            Array.from({ length: stripe.scale(total) }, (_x, n) => stripe.globalIndex(n)),
          )
          const whole = Array.from({ length: share.scale(total) }, (_, n) => share.globalIndex(n))
          expect(items.sort((a, b) => a - b)).toEqual(whole)
        },
      ),
    )
  })
})

describe('the plan of a crew', () => {
  it('numbers VUs from 1 without gap or repetition', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 9 }), (planned) => {
        const ids = planned.flatMap((_, w) => vuIdsOf(planned, w)).sort((a, b) => a - b)
        expect(ids).toEqual(ids.map((_, i) => i + 1))
        expect(ids).toHaveLength(planned.reduce((sum, n) => sum + n, 0))
      }),
    )
  })

  it('makes as many VUs as one worker would, where scenarios follow one another or run side by side', () => {
    const after = byName(vus('a', 7), vus('b', 7, 20 * S), vus('c', 1, 40 * S))
    const beside = byName(vus('a', 5), vus('b', 3), vus('c', 1), vus('d', 1))
    for (const scenarios of [after, beside]) {
      const { plannedVus } = planCrew(scenarios, WHOLE, 3)
      expect(plannedVus.reduce((sum, n) => sum + n, 0)).toBe(planVus(scenarios).plannedVus)
    }
    expect(planCrew(beside, WHOLE, 3).plannedVus.toSorted()).toEqual([3, 3, 4])
  })

  it('gives single VUs of many scenarios to different workers', () => {
    const { offsets, plannedVus } = planCrew(byName(...'abcdef'.split('').map((name) => vus(name, 1))), WHOLE, 3)
    expect(plannedVus).toEqual([2, 2, 2])
    expect(new Set(Object.values(offsets)).size).toBe(3)
  })
})

describe('numbers that workers share', () => {
  it('go on beyond 32 bits', () => {
    const cells = new Int32Array(1)
    const counter = new SharedCounter(cells, 0)
    for (const step of [2 ** 31 - 2, 2 ** 31 + 7, 2 ** 32 - 3]) {
      const before = counter.taken
      Atomics.add(cells, 0, step | 0)
      expect(counter.next()).toBe(before + step)
    }
    expect(counter.taken).toBe(2 ** 33 + 5)
  })

  it('are one sequence over all workers', () => {
    const memory = newBoardMemory(3, 2)
    const scenario: Scenario = {
      ...vus('a', 1),
      executor: 'shared-iterations',
      iterations: 9,
      maxDurationNs: S,
    } as never
    const crews = [0, 1, 2].map((w) => iterationNumbers(scenario, joinCrew(new Board(memory, 1, w), w, WHOLE)))
    const numbers = [0, 2, 1, 1, 0, 2, 2].map((w) => crews[w]?.next())
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('add up', () => {
    const memory = newBoardMemory(3, 1)
    const totals = [0, 1, 2].map((w) => new InstanceTotals(memory, w))
    for (const [w, total] of totals.entries()) total.vusActive.add(10 ** w)
    totals[1]?.vusActive.add(-3)
    expect(totals.map((total) => [total.vusActive.total, total.vusActive.own])).toEqual([
      [108, 1],
      [108, 7],
      [108, 100],
    ])
    expect(totals[0]?.vusInitialized.total).toBe(0)
  })

  it('let an idle VU be claimed once', () => {
    const memory = newBoardMemory(2, 1)
    const [one, other] = [new Board(memory, 0, 0), new Board(memory, 0, 1)]
    other.addIdle(1)
    expect([one.claimIdle(0), one.claimIdle(1), other.claimIdle(1)]).toEqual([false, true, false])
  })
})

describe('arrivals', () => {
  it('are handed over to a worker that has an idle VU, so that none is dropped while any VU is idle', async () => {
    // VUs of the first worker are stuck from the first iteration on; those of the second serve all that comes.
    const scenario: Scenario = {
      ...COMMON,
      name: 'a',
      executor: 'constant-arrival-rate',
      rate: 100,
      timeUnitNs: S,
      durationNs: 2 * S,
      preAllocatedVUs: 4,
      maxVUs: 4,
    }
    const run = await runScriptedCrew(scenario, 2, {
      durationNs: (vu) => (vu % 2 === 1 ? 60 * S : S / 200),
      untilNs: 5 * S,
    })
    expect(run.drops).toEqual([])
    expect(run.iterations.map((i) => i.startNs)).toEqual(Array.from({ length: 200 }, (_, i) => (i * S) / 100))
    expect(new Set(run.iterations.map(({ vu }) => vu % 2))).toEqual(new Set([0, 1]))
    expect(run.leaked).toBe(0)
  })
})

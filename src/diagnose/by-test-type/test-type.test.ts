import { describe, expect, it } from 'vitest'
import { makeEvidence } from './testing/options-only.js'
import { loadShapes, totalShape } from './load-shape.js'
import { spikeOf, stagesOf, testTypeOf } from './test-type.js'

const typeOf = (scenarios: Record<string, unknown>, durationS = 1e6): ReturnType<typeof testTypeOf> =>
  testTypeOf(null, totalShape(loadShapes(makeEvidence(scenarios, durationS))))

const ramp = (...stages: [string, number][]): Record<string, unknown> => ({
  executor: 'ramping-vus',
  startVUs: 0,
  stages: stages.map(([duration, target]) => ({ duration, target })),
})

describe('the type of a test, told from its load', () => {
  it.each([
    ['smoke', { executor: 'constant-vus', vus: 2, duration: '30s' }],
    ['smoke', { executor: 'shared-iterations', vus: 1, iterations: 5, maxDuration: '10s' }],
    ['load', { executor: 'constant-vus', vus: 50, duration: '5m' }],
    ['load', { executor: 'constant-arrival-rate', rate: 300, duration: '2m', preAllocatedVUs: 50 }],
    ['load', ramp(['2m', 100], ['5m', 100], ['1m', 0])],
    ['soak', ramp(['5m', 100], ['8h', 100], ['5m', 0])],
    ['soak', { executor: 'constant-arrival-rate', rate: 20, duration: '40m', preAllocatedVUs: 50 }],
    ['spike', ramp(['2m', 2000], ['1m', 0])],
    ['spike', ramp(['10s', 100], ['1m', 100], ['10s', 1400], ['1m', 1400], ['10s', 100], ['3m', 100], ['10s', 0])],
    ['stress', ramp(['2m', 100], ['5m', 100], ['2m', 200], ['5m', 200], ['2m', 300], ['5m', 300], ['10m', 0])],
    ['stress', ramp(['0s', 1], ['10s', 1], ['0s', 2], ['10s', 2], ['0s', 4], ['10s', 4])],
    ['breakpoint', ramp(['2h', 20000])],
    [
      'breakpoint',
      {
        executor: 'ramping-arrival-rate',
        startRate: 10,
        preAllocatedVUs: 10,
        stages: [{ duration: '10m', target: 1000 }],
      },
    ],
  ])('%s: %j', (type, scenario) => {
    expect(typeOf({ s: scenario })).toBe(type)
  })

  it('what the plan says goes before the shape, and an unknown word does not', () => {
    const total = totalShape(loadShapes(makeEvidence({ s: ramp(['2h', 20]) }, 7200)))
    expect(testTypeOf('soak', total)).toBe('soak')
    expect(testTypeOf('chaos', total)).toBe('breakpoint')
  })

  it('adds scenarios that run side by side and one after the other', () => {
    const warm = { executor: 'constant-vus', vus: 10, duration: '1m' }
    const scenarios = {
      a: warm,
      b: { ...warm, startTime: '1m', vus: 20 },
      c: { ...warm, startTime: '2m', vus: 40 },
      d: { ...warm, startTime: '2m', vus: 5 },
    }
    const total = totalShape(loadShapes(makeEvidence(scenarios, 180)))!
    expect(total.segments).toEqual([
      { fromS: 0, toS: 60, from: 10, to: 10 },
      { fromS: 60, toS: 120, from: 20, to: 20 },
      { fromS: 120, toS: 180, from: 45, to: 45 },
    ])
    expect(typeOf(scenarios, 180)).toBe('stress')
  })
})

describe('stages', () => {
  it('of a spike: the holds around it, the rise, the spike and the fall', () => {
    const shapes = loadShapes(
      makeEvidence({ s: ramp(['10s', 100], ['1m', 100], ['10s', 1400], ['1m', 1400], ['10s', 100], ['3m', 100]) }, 400),
    )
    expect(stagesOf(shapes).map(({ kind, fromS, toS, target }) => [kind, fromS, toS, target])).toEqual([
      ['ramp-up', 0, 10, 100],
      ['steady', 10, 70, 100],
      ['ramp-up', 70, 80, 1400],
      ['spike', 80, 140, 1400],
      ['ramp-down', 140, 150, 100],
      ['steady', 150, 330, 100],
    ])
    // From where the load is above half of its highest on the way up to where it is below it on the way down.
    const spike = spikeOf(shapes[0]!.segments)!
    expect(spike.fromS).toBeCloseTo(70 + (10 * 600) / 1300, 6)
    expect(spike.toS).toBeCloseTo(140 + (10 * 700) / 1300, 6)
  })

  it('end where the run ended', () => {
    const shapes = loadShapes(makeEvidence({ s: ramp(['10s', 100], ['60s', 100]) }, 40))
    expect(stagesOf(shapes).map(({ kind, toS }) => [kind, toS])).toEqual([
      ['ramp-up', 10],
      ['steady', 40],
    ])
  })

  it('of VUs set by hand are what was measured', () => {
    const scenario = { executor: 'externally-controlled', vus: 1, maxVUs: 100, duration: '30s' }
    const vus = [5, 5, 5, 5, 5, 5, 7, 20, 20, 20, 20, 20]
    const [shape] = loadShapes(makeEvidence({ s: scenario }, 12, vus))
    expect(shape).toEqual({
      scenario: 's',
      unit: 'VUs',
      planned: false,
      segments: [
        { fromS: 0, toS: 6, from: 5, to: 5 },
        { fromS: 7, toS: 12, from: 20, to: 20 },
      ],
    })
  })

  it('a record without scenarios, or with ones that no version writes, has none', () => {
    expect(loadShapes(makeEvidence({}, 10))).toEqual([])
    expect(loadShapes(makeEvidence({ s: { executor: 'from-the-future' } }, 10))).toEqual([])
  })
})

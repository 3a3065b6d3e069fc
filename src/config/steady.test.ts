import { describe, expect, it } from 'vitest'
import { consolidateOptions } from './index.js'
import { steadyStretches } from './steady.js'

const second = 1e9

function stretches(options: Record<string, unknown>): [number, number][] {
  const { options: known } = consolidateOptions({ script: options, hasExport: () => true })
  return steadyStretches(known.scenarios).map(({ fromNs, toNs }) => [fromNs / second, toNs / second])
}

describe('the steady stretches of a plan', () => {
  it('are those between ramps', () => {
    const stages = [
      { duration: '10s', target: 20 },
      { duration: '30s', target: 20 },
      { duration: '5s', target: 40 },
      { duration: '20s', target: 40 },
      { duration: '10s', target: 0 },
    ]
    expect(stretches({ stages })).toEqual([
      [10, 40],
      [45, 65],
    ])
  })

  it('end where another scenario begins or ramps', () => {
    const scenarios = {
      a: { executor: 'constant-vus', vus: 2, duration: '60s' },
      b: {
        executor: 'ramping-arrival-rate',
        startTime: '20s',
        preAllocatedVUs: 5,
        stages: [
          { duration: '10s', target: 50 },
          { duration: '10s', target: 50 },
        ],
      },
    }
    expect(stretches({ scenarios })).toEqual([
      [0, 20],
      [30, 40],
      [40, 60],
    ])
  })

  it('are none where the load only rises, and none at zero', () => {
    expect(
      stretches({
        stages: [
          { duration: '10s', target: 20 },
          { duration: '10s', target: 0 },
          { duration: '5s', target: 0 },
        ],
      }),
    ).toEqual([])
  })
})

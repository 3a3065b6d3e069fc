import { describe, expect, it } from 'vitest'
import { consolidateOptions, createShare } from '#config/index.js'
import { executionRequirements, planVus } from './index.js'

const scenariosOf = (script: unknown): Parameters<typeof planVus>[0] =>
  consolidateOptions({ script, hasExport: () => true }).options.scenarios

const ramp = {
  executor: 'ramping-vus',
  startVUs: 4,
  stages: [
    { duration: '3s', target: 6 },
    { duration: '10s', target: 1 },
    { duration: '5s', target: 5 },
    { duration: '0s', target: 1 },
    { duration: '5s', target: 4 },
    { duration: '5s', target: 0 },
  ],
  gracefulRampDown: '7s',
  gracefulStop: '4s',
}
const loop = { executor: 'constant-vus', duration: '10s', vus: 3 }
const each = { executor: 'per-vu-iterations', vus: 5, maxDuration: '20s' }

describe('executionRequirements', () => {
  // Right side: `k6 inspect --execution-requirements`, v2.2.
  it.each([
    [{}, '10m30s', 1],
    [{ scenarios: { loop } }, '40s', 3],
    [{ scenarios: { loop, each: { ...each, startTime: '40s' } } }, '1m30s', 5],
    [{ scenarios: { loop, each: { ...each, startTime: '39s', gracefulStop: '0s' } } }, '59s', 8],
    [
      { scenarios: { ramp, z: { executor: 'shared-iterations', vus: 4, iterations: 10, startTime: '20s' } } },
      '10m50s',
      8,
    ],
    [
      {
        scenarios: {
          r: {
            executor: 'ramping-vus',
            startVUs: 0,
            stages: [
              { duration: '10s', target: 10 },
              { duration: '10s', target: 0 },
              { duration: '20s', target: 0 },
            ],
            gracefulRampDown: '0s',
          },
        },
      },
      '20s',
      10,
    ],
    [
      {
        scenarios: {
          r: {
            executor: 'ramping-vus',
            startVUs: 0,
            stages: [
              { duration: '10s', target: 10 },
              { duration: '10s', target: 5 },
            ],
            gracefulRampDown: '3s',
          },
          c: {
            executor: 'constant-arrival-rate',
            rate: 10,
            duration: '5s',
            preAllocatedVUs: 5,
            maxVUs: 13,
            startTime: '21s',
          },
        },
      },
      '56s',
      19,
    ],
  ])('of %j', (script, totalDuration, maxVUs) => {
    expect(executionRequirements(scenariosOf(script))).toEqual({ totalDuration, maxVUs })
  })

  it('of one segment are those of its share', () => {
    const script = {
      scenarios: {
        a: {
          executor: 'ramping-vus',
          stages: [
            { duration: '10s', target: 10 },
            { duration: '5s', target: 0 },
          ],
        },
        b: { executor: 'constant-arrival-rate', rate: 10, duration: '5s', preAllocatedVUs: 5, maxVUs: 13 },
      },
    }
    const share = createShare('1/4:1/2', '0,1/4,1/2,1')
    expect(executionRequirements(scenariosOf(script), share)).toEqual({ totalDuration: '43.5s', maxVUs: 5 })
  })
})

describe('planVus', () => {
  it('keeps planned and unplanned VUs apart, over time', () => {
    const plan = planVus(
      scenariosOf({
        scenarios: {
          a: { executor: 'constant-arrival-rate', rate: 1, duration: '5s', preAllocatedVUs: 2, maxVUs: 9 },
          loop,
        },
      }),
    )
    expect(plan).toEqual({
      plannedVus: 5,
      maxVus: 12,
      totalDurationNs: 40e9,
      steps: [
        { atNs: 0, planned: 2, unplanned: 7 },
        { atNs: 0, planned: 5, unplanned: 7 },
        { atNs: 35e9, planned: 3, unplanned: 0 },
        { atNs: 40e9, planned: 0, unplanned: 0 },
      ],
    })
  })
})

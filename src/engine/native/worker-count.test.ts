import { describe, expect, it } from 'vitest'
import type { Scenario } from '#config/types.js'
import { chooseWorkers, namesThisMachine } from './worker-count.js'

const arrivals = (rate: number): Record<string, Scenario> => ({
  a: { executor: 'constant-arrival-rate', name: 'a', rate, timeUnitNs: 1e9 } as Scenario,
})
const away = { asked: undefined, scenarios: {}, part: 1, texts: ['https://shop.example'] }

describe('the number of workers', () => {
  it('is one for a small run, and grows by the VUs up to the cores', () => {
    expect([1, 10, 49, 50, 100, 10_000].map((maxVus) => chooseWorkers({ ...away, maxVus }, 8))).toEqual([
      1, 1, 1, 2, 4, 8,
    ])
  })

  it('grows by the rate that is asked, of this instance', () => {
    const choice = { ...away, maxVus: 20, scenarios: arrivals(5000) }
    expect(chooseWorkers(choice, 8)).toBe(5)
    expect(chooseWorkers({ ...choice, part: 0.5 }, 8)).toBe(2)
    expect(chooseWorkers({ ...choice, maxVus: 3 }, 8)).toBe(3)
  })

  it('leaves a core to a target on this machine', () => {
    const here = { ...away, maxVus: 1000, texts: ['x', 'http://localhost:8080/a'] }
    expect([1, 2, 4].map((cores) => chooseWorkers(here, cores))).toEqual([1, 1, 3])
    expect([1, 2, 4].map((cores) => chooseWorkers({ ...here, texts: [] }, cores))).toEqual([1, 2, 4])
  })

  it('is what was asked, with a VU for each', () => {
    expect(chooseWorkers({ ...away, asked: 7, maxVus: 10 }, 2)).toBe(7)
    expect(chooseWorkers({ ...away, asked: 7, maxVus: 3 }, 2)).toBe(3)
    expect(chooseWorkers({ ...away, asked: 7, maxVus: 0 }, 2)).toBe(1)
  })
})

describe('a target on this machine', () => {
  it.each([
    ['http.get("http://127.0.0.1:3000/x")', true],
    ["const host = 'localhost'", true],
    ['https://user:pw@localhost/', true],
    ['ws://[::1]:80/', true],
    ['127.0.0.1:3000', true],
    ['http://127.0.0.1.example.com/', false],
    ['http://notlocalhost/', false],
    ['isLocalhost(x)', false],
    ['https://10.200.30.40/', false],
  ])('%s: %s', (text, expected) => {
    expect(namesThisMachine([text])).toBe(expected)
  })
})

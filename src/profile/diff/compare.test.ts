import { describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { ProfileBuilder } from '../model.js'
import { compareProfiles, type Observation } from './compare.js'

/** A profile of 1,000 requests: nanoseconds a request by function, with 4 % of luck for each process. */
function observe(costs: Readonly<Record<string, number>>, random: () => number): Observation {
  const builder = new ProfileBuilder([{ type: 'cpu', unit: 'nanoseconds' }])
  const luck = 1 + 0.04 * (random() - 0.5)
  for (const [name, ns] of Object.entries(costs)) {
    const own = 1 + 0.04 * (random() - 0.5)
    builder.sample(builder.stack([builder.frame({ name, file: 'app.ts', line: 3 })]), [ns * 1000 * luck * own])
  }
  return { profile: builder.build(), units: 1000 }
}

const arm = (costs: Readonly<Record<string, number>>, seed: number, size = 5): Observation[] => {
  const random = seededRandom(seed)
  return Array.from({ length: size }, () => observe(costs, random))
}
const base = { renderReport: 119_000, parse: 40_000, query: 60_000, log: 2_000 }

describe('compareProfiles', () => {
  it('finds the one function that became 18 % slower, and nothing else', () => {
    const diff = compareProfiles(arm(base, 1), arm({ ...base, renderReport: 141_000 }, 2))
    expect(diff.rows.filter(({ verdict }) => verdict === 'regressed').map(({ name }) => name)).toEqual(['renderReport'])
    expect(diff.rows[0]).toMatchObject({ name: 'renderReport', kind: 'grown' })
    expect(diff.rows[0]?.change).toBeCloseTo(0.18, 1)
    expect(diff.verdict).toBe('regressed')
  })

  it('sees an improvement, what vanished and what appeared', () => {
    const diff = compareProfiles(
      arm(base, 3),
      arm({ renderReport: 119_000, parseFast: 10_000, query: 60_000, log: 2_000 }, 4),
    )
    const byName = new Map(diff.rows.map((row) => [row.name, row]))
    expect(byName.get('parse')).toMatchObject({ kind: 'vanished', verdict: 'improved' })
    expect(byName.get('parseFast')).toMatchObject({ kind: 'appeared', verdict: 'regressed', change: undefined })
    expect(diff.verdict).toBe('improved')
  })

  it('cries wolf in at most 5 % of 200 A/A pairs', () => {
    let alarms = 0
    for (let i = 0; i < 200; i++) {
      const diff = compareProfiles(arm(base, 1000 + 2 * i), arm(base, 1001 + 2 * i))
      if (diff.rows.some(({ verdict }) => verdict === 'regressed' || verdict === 'improved')) alarms++
    }
    expect(alarms).toBeLessThanOrEqual(10)
  })

  it('says that two single profiles prove nothing, and what would', () => {
    const diff = compareProfiles(arm(base, 5, 1), arm({ ...base, parse: 400_000 }, 6, 1))
    expect(diff.verdict).toBe('inconclusive')
    expect(diff.rows.every(({ verdict }) => verdict === 'inconclusive')).toBe(true)
    expect(diff.inconclusive).toContain('at least 4')
  })
})

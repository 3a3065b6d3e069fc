import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { nodeDisk } from '#record/index.js'
import { normalQuantile } from '#stats/index.js'
import { baselineNames, readBaseline, writeBaseline } from './baseline.js'
import { compareRuns } from './compare-runs.js'
import { comparisonMarkdown, comparisonText } from './compare-text.js'
import type { RunFacts } from './run-facts.js'

const options = { margin: 0.05, level: 0.02 }

describe('runs against runs', () => {
  it('one pair decides nothing, whatever it shows', () => {
    const found = compareRuns([run(1, 100)], [run(2, 300)], options)
    expect(found.verdict).toBe('inconclusive')
    expect(found.takes).toContain('duet')
    expect(found.values[0]).toMatchObject({ verdict: 'cannot tell', low: null })
    expect(found.values[0]!.change).toBeCloseTo(2)
  })

  it('eight runs judge a ninth: a far one is a regression, one of their kind is not', () => {
    const baseline = runs(8, 100, 0.03, 1)
    expect(compareRuns(baseline, [run(50, 150)], options)).toMatchObject({
      verdict: 'regression',
      why: expect.stringMatching(/p50 \+\d+\.\d % \[/),
    })
    expect(compareRuns(baseline, [run(50, 60)], options).verdict).toBe('better')
    expect(compareRuns(baseline, [run(50, 101)], options).verdict).not.toBe('regression')
  })

  it('cries wolf in at most 3 of 100 comparisons of eight like runs with one', () => {
    let alarms = 0
    for (let seed = 1; seed <= 300; seed++) {
      const [last, ...rest] = runs(9, 100, 0.1, seed)
      if (['regression', 'better'].includes(compareRuns(rest, [last!], options).verdict)) alarms++
    }
    expect(alarms).toBeLessThanOrEqual(9)
  })

  it('higher throughput is better, more errors are worse', () => {
    const side = (rate: number, errors: number): RunFacts[] =>
      runs(4, 100, 0.01, 3).map((one, i) => ({
        ...one,
        values: [
          { name: 'http_reqs rate', unit: '1/s', better: 'higher', value: rate * (1 + i / 1000), count: 1000 },
          { name: 'http_req_failed', unit: 'ratio', better: 'lower', value: errors + i / 10_000, count: 1000 },
        ],
      }))
    const found = compareRuns(side(100, 0), side(200, 0.2), options)
    expect(found.values.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['http_reqs rate', 'better'],
      ['http_req_failed', 'worse'],
    ])
  })

  it('other machines, other tests and runs that cannot be trusted are no comparison', () => {
    const before = runs(8, 100, 0.03, 1)
    for (const odd of [
      { machine: 'other' },
      { test: 'other' },
      { trust: 'not-trustworthy' as const },
      { finished: false },
    ])
      expect(compareRuns(before, [{ ...run(50, 100), ...odd }], options).verdict).toBe('invalid')
  })

  it('names from a target reach neither terminal nor page as they are', () => {
    const evil = { ...run(1, 100), values: [{ ...run(1, 100).values[0]!, name: '\u001b[31m<b>|x' }] }
    const found = compareRuns([evil], [evil], options)
    expect(comparisonText(found)).not.toContain('\u001b')
    expect(comparisonMarkdown(found)).toContain('\\<b\\>\\|x')
  })
})

describe('baselines', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pw-baseline-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  it('are kept by name, and a damaged one is named', async () => {
    const baseline = { formatVersion: 1 as const, name: 'main', setUnixMs: 1, runs: runs(2, 100, 0.1, 1) }
    await writeBaseline(nodeDisk, dir, baseline)
    expect(await readBaseline(nodeDisk, dir, 'main')).toEqual(baseline)
    expect(await baselineNames(nodeDisk, dir)).toEqual(['main'])
    await expect(readBaseline(nodeDisk, dir, 'nope')).rejects.toMatchObject({
      code: 'PW_BASELINE_MISSING',
      message: expect.stringContaining('main'),
    })
    await expect(readBaseline(nodeDisk, dir, '../main')).rejects.toMatchObject({ code: 'PW_BASELINE_MISSING' })
    writeFileSync(join(dir, 'main.json'), '{"formatVersion":1}')
    await expect(readBaseline(nodeDisk, dir, 'main')).rejects.toMatchObject({ code: 'PW_BASELINE_INVALID' })
  })
})

function run(at: number, p50: number): RunFacts {
  return {
    id: `run-${at}`,
    name: 'load',
    startedUnixMs: at * 86_400_000,
    commit: at.toString(16).padStart(40, '0'),
    machine: 'm',
    machineText: 'injector: 2 cores',
    script: 'load.js',
    test: 't',
    trust: 'trustworthy',
    finished: true,
    values: [{ name: 'http_req_duration p50', unit: 'ms', better: 'lower', value: p50, count: 1000 }],
  }
}

function runs(count: number, p50: number, noise: number, seed: number): RunFacts[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, i) =>
    run(i + 1, p50 * Math.exp(noise * normalQuantile(Math.min(0.999, Math.max(0.001, random()))))),
  )
}

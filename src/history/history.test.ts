import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import type { RunFacts } from '#gate/index.js'
import { nodeDisk } from '#record/index.js'
import { normalQuantile } from '#stats/index.js'
import { defaultHistory, levelChanges, lineagesOf } from './changes.js'
import { addToHistory, readHistory } from './store.js'
import { historyPage, historyText } from './text.js'

describe('change points of a history', () => {
  it('finds a step of 15 % at 4 % noise where it is, and names the commits', () => {
    const [lineage] = lineagesOf(series(60, (i) => (i < 37 ? 100 : 115), 0.04, 1))
    const [change, ...more] = lineage!.values[0]!.changes
    expect(more).toEqual([])
    expect(Math.abs(change!.index - 37)).toBeLessThanOrEqual(1)
    expect(change!.verdict).toBe('worse')
    expect(historyText([lineage!], 0)).toMatch(/worse +http_req_duration p50: .* between commits 0+\w* and 0+\w*/)
  })

  it('finds a dip that was taken back in a long history', () => {
    const found = levelChanges(
      series(200, (i) => (i >= 90 && i < 110 ? 80 : 100), 0.03, 2).map(({ values }) => values[0]!.value),
      defaultHistory,
    )
    expect(found.map(({ at }) => at).map((at) => Math.round(at / 10) * 10)).toEqual([90, 110])
  })

  it('keeps still on a level history in at least 95 of 100', () => {
    let alarms = 0
    for (let seed = 1; seed <= 60; seed++)
      if (lineagesOf(series(30, () => 100, 0.04, seed))[0]!.values[0]!.changes.length > 0) alarms++
    expect(alarms).toBeLessThanOrEqual(3)
  })

  it('runs of another machine or test are a history of their own', () => {
    const runs = series(12, () => 100, 0.01, 1).map((run, i) => (i % 2 === 0 ? run : { ...run, machine: 'other' }))
    expect(lineagesOf(runs).map((lineage) => lineage.runs.length)).toEqual([6, 6])
  })

  it('the page holds every name escaped and nothing from outside', () => {
    const runs = series(8, () => 100, 0.01, 1).map((run) => ({ ...run, script: '<script>alert(1)</script>' }))
    const page = historyPage(lineagesOf(runs))
    expect(page).not.toContain('<script>')
    expect(page).not.toMatch(/https?:\/\//)
    expect(page.match(/<circle/g)).toHaveLength(8)
  })
})

describe('the store of a history', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pw-history-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  it('appends, takes the last of two, and passes over a torn line', async () => {
    const path = join(dir, 'history.ndjson')
    const [one, two] = series(2, () => 100, 0.01, 1)
    await addToHistory(nodeDisk, path, [two!])
    appendFileSync(path, '{"id":"torn')
    await addToHistory(nodeDisk, path, [one!, { ...two!, commit: null }])
    const { runs, damaged } = await readHistory(nodeDisk, path)
    expect(runs.map(({ id, commit }) => [id, commit])).toEqual([
      ['run-0', one!.commit],
      ['run-1', null],
    ])
    expect(damaged).toBe(1)
    expect(await readHistory(nodeDisk, join(dir, 'none'))).toEqual({ runs: [], damaged: 0 })
  })
})

function series(count: number, level: (i: number) => number, noise: number, seed: number): RunFacts[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, i) => ({
    id: `run-${i}`,
    name: 'load',
    startedUnixMs: i * 86_400_000,
    commit: i.toString(16).padStart(40, '0'),
    machine: 'm',
    machineText: '2 cores',
    script: 'load.js',
    test: 't',
    trust: 'trustworthy' as const,
    finished: true,
    values: [
      {
        name: 'http_req_duration p50',
        unit: 'ms' as const,
        better: 'lower' as const,
        value: level(i) * Math.exp(noise * normalQuantile(Math.min(0.999, Math.max(0.001, random())))),
        count: 1000,
      },
    ],
  }))
}

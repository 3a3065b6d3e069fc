import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { readRecord } from '#record/index.js'
import { writeSample } from '#record/testing/sample-run.js'
import { readEvidence } from './read-evidence.js'

const places: string[] = []
afterEach(async () => {
  for (const place of places.splice(0)) await rm(place, { recursive: true, force: true })
})

async function place(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pw-evidence-'))
  places.push(dir)
  return dir
}

describe('readEvidence', () => {
  it('has a column of each thing, one bin a second', async () => {
    const { writer } = await writeSample(await place(), { seconds: 5, perSecond: 20 })
    const evidence = await readEvidence(await readRecord(writer.dir))
    expect(evidence).toMatchObject({ binS: 1, binCount: 5, durationS: 5 })
    expect([...evidence.load.requestsPerS]).toEqual([20, 20, 20, 20, 20])
    expect([...evidence.load.failedPerS]).toEqual([1, 1, 1, 1, 1])
    expect(evidence.endpoints.map(({ name, total }) => [name, total.requests, total.failed])).toEqual([
      ['GET /', 75, 5],
      ['GET /cart', 25, 0],
    ])
    expect(evidence.load.p50Ms[0]).toBeCloseTo(19.5)
    // 20 requests of 19.5 ms on average in a second.
    expect(evidence.load.inFlight[0]).toBeCloseTo(0.39)
    expect([...evidence.load.vus]).toEqual([2, 2, 2, 2, 2])
    expect(evidence.failures).toMatchObject([{ endpoint: 'GET /', status: '503', count: 5 }])
    expect([...(evidence.observed.one('injector', 'cpu_ratio')?.values ?? [])]).toEqual([0.25, 0.25, 0.25, 0.25, 0.25])
    expect(evidence.observed.one('injector', 'loop_lag_ms')).toBeUndefined()
  })

  it('tells where an event was on the clock of the load', async () => {
    const { writer } = await writeSample(await place(), { seconds: 3 })
    const evidence = await readEvidence(await readRecord(writer.dir))
    // The sample's clock stands still at its origin, which is where its load began.
    expect(evidence.events.map(({ type, atS }) => [type, atS])).toContainEqual(['annotation', 0])
  })

  it('has no data where nothing was measured, and keeps to the bound for a run of six hours', async () => {
    const { writer } = await writeSample(await place(), { seconds: 4 })
    const path = join(writer.dir, 'run.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"durationNs": 4000000000', '"durationNs": 21600000000000'))
    const evidence = await readEvidence(await readRecord(writer.dir))
    expect(evidence).toMatchObject({ binS: 16, binCount: (6 * 3600) / 16 })
    expect(evidence.load.requestsPerS[0]).toBe(20)
    expect(evidence.load.requestsPerS[1]).toBeNaN()
  })
})

/** One record of every format version that was ever written. All must open for ever; never change the files of one. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { SimClock } from '#base/clock.js'
import { FORMAT_VERSION, readRecord } from '#record/index.js'
import { migrate } from '#record/versions.js'
import { buildReport } from '#report/report-model.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const exhibits = readdirSync(here, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

describe('the museum', () => {
  it('has a record of every version', () => {
    for (let version = 1; version <= FORMAT_VERSION; version++) expect(exhibits).toContain(`v${version}`)
  })

  it.each(exhibits)('opens %s whole and reads the same numbers from it', async (name) => {
    const record = await readRecord(join(here, name), { clock: new SimClock(1_800_000_000_000) })
    expect(record.missing).toEqual([])
    expect(record.state).toBe('finished')
    const report = await buildReport(record)
    expect(report.verdict).toEqual({
      passed: false,
      exitCode: 99,
      reason: "thresholds on metrics 'http_req_failed' have been crossed",
    })
    expect(report.durationS).toBe(3)
    expect(
      report.endpoints.map(({ key, count, failedRatio, serviceTimeMs }) => [
        key,
        count,
        failedRatio,
        serviceTimeMs?.p95,
      ]),
    ).toEqual([
      ['GET /', 45, 3 / 45, 66.6],
      ['GET /cart', 15, 0, 63.199999999999996],
    ])
    expect(report.checks.checks).toEqual([{ name: 'status is 200', passes: 57, fails: 3 }])
    expect(await record.quantile('http_req_response_time', 0.5, { fromNs: 1e9, toNs: 2e9 })).toEqual({
      value: 44.5,
      relativeError: 0,
      count: 20,
    })
    expect(report.events.map(({ type }) => type)).toEqual(['phase', 'annotation', 'annotation', 'annotation'])
  })
})

describe('migration', () => {
  it('goes through every version in turn, and refuses what it has no step for', () => {
    const steps = {
      1: (run: Readonly<Record<string, unknown>>) => ({ ...run, two: true }),
      2: (run: Readonly<Record<string, unknown>>) => ({ ...run, three: run['two'] }),
    }
    expect(migrate({ formatVersion: 1 }, steps, 3)).toEqual({ formatVersion: 3, two: true, three: true })
    expect(migrate({ formatVersion: 2 }, steps, 3)).toEqual({ formatVersion: 3, three: undefined })
    expect(migrate({ formatVersion: 1 }, {}, 2)).toBeUndefined()
    for (const formatVersion of [0, 1.5, '1', undefined, 9])
      expect(migrate({ formatVersion }, steps, 3)).toBeUndefined()
  })
})

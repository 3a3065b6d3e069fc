import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { Sketch } from '#stats/index.js'
import { downloadCsv } from './downloads.js'
import { LiveModel } from './live-model.js'
import { simulatedRun } from './testing/simulated-run.js'

function run(seconds: number, options: Parameters<typeof simulatedRun>[0]): LiveModel {
  const model = new LiveModel()
  for (const { batch, time } of simulatedRun(options)) {
    model.window(batch, time)
    if (time.toNs >= seconds * 1e9) return model
  }
  return model
}

describe('the model of a live run', () => {
  it('counts what the windows hold: requests, failures by endpoint and kind, checks', () => {
    const model = run(100, { endpoints: 10, activeEach: 10 })
    expect(model.totals).toMatchObject({ requests: 1000, iterations: 200, vus: 50, vusMax: 60 })
    const { names, rows } = model.endpoints.whole()
    expect(names).toHaveLength(10)
    expect(rows.map(([, count]) => count)).toEqual(Array.from({ length: 10 }, () => 100))
    const failed = rows.reduce((sum, row) => sum + row[2], 0)
    expect(failed).toBe(model.totals.failed)
    expect(failed).toBeGreaterThan(0)
    expect(model.troubles.failures().reduce((sum, { count }) => sum + count, 0)).toBe(failed)
    expect(model.troubles.failures()[0]?.what).toBe('status 503')
    expect(model.troubles.checks()).toEqual([{ name: 'status is 200', passes: 1000 - failed, fails: failed }])
    expect(model.historyData().series).toContain('error 5xx')
  })

  it('has the percentile of a coarse step from all its requests', () => {
    const model = new LiveModel()
    const step = new Sketch()
    const shown: number[] = []
    for (const { batch, time } of simulatedRun({ endpoints: 3, activeEach: 3 })) {
      model.window(batch, time)
      const second = time.toNs / 1e9
      if (second > 700) break
      // The step from 10 to 20 s: rows of one metric, told apart by having values.
      if (second <= 10 || second > 20) continue
      const metric = 1
      for (const row of batch.rows) if (row.metric === metric) step.mergeRow(row)
    }
    const { series, times, values } = model.historyData()
    const column = values[series.indexOf('trend http_req_duration p95')] ?? []
    const at = times.findIndex((t) => Math.round(t) === 20)
    shown.push(column[at] ?? Number.NaN)
    expect(times.filter((t) => t < 90).map(Math.round)).toEqual([10, 20, 30, 40, 50, 60, 70, 80])
    expect(shown[0]).toBeCloseTo(step.quantile(0.95) ?? 0, 1)
  })

  it('tells an endpoint beyond the bound from no other, and keeps its numbers', () => {
    const model = run(20, { endpoints: 1500, activeEach: 1500 })
    const { names, rows } = model.endpoints.whole()
    expect(names).toHaveLength(1001)
    const other = names.find(([, name]) => name === '(other)')?.[0]
    expect(rows.find(([index]) => index === other)?.[1]).toBe(500 * 20)
    expect(model.totals.requests).toBe(1500 * 20)
  })

  it('holds six hours of 500 endpoints and 100 system metrics in less than 50 MB', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const used = (): number => {
      collect()
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    // The same minutes again and again: what is measured is the model, not the making of windows.
    const seconds = [...take(simulatedRun({ endpoints: 500, activeEach: 25 }), 200)]
    const readings = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`metric_${i}_ratio`, i / 25]))
    const before = used()
    const model = new LiveModel()
    for (let second = 0; second < 21_600; second++) {
      for (const part of ['host', 'target', 'node', 'postgres']) model.observed(part, readings)
      const { batch } = seconds[second % 200] as (typeof seconds)[number]
      model.window(batch, { fromNs: second * 1e9, toNs: (second + 1) * 1e9 })
    }
    const grown = used() - before
    expect(model.historyData().times).toHaveLength(600 + (21_600 - 600) / 10)
    expect(model.endpoints.whole().rows).toHaveLength(500)
    expect(grown).toBeLessThan(50e6)
  })

  it('lets no name of a target become a formula in a spreadsheet', async () => {
    const model = run(3, { endpoints: 2, activeEach: 2, nameOf: (i) => (i === 0 ? '=cmd|"x"!A1' : 'a,"b"\nc') })
    let text = ''
    for await (const line of downloadCsv(model, 'requests')) text += line
    expect(text).toContain('"GET =cmd|""x""!A1"')
    expect(text).toContain('"GET a,""b""\nc"')
    model.troubles.exception('=HYPERLINK("http://x")', 1, 0)
    let more = ''
    for await (const line of downloadCsv(model, 'exceptions')) more += line
    expect(more).toContain(`"'=HYPERLINK(""http://x"")"`)
  })
})

function* take<T>(from: Iterable<T>, n: number): Generator<T> {
  let left = n
  for (const one of from) {
    yield one
    if (--left === 0) return
  }
}

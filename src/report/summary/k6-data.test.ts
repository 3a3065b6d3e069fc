import { describe, expect, it } from 'vitest'
import { k6SummaryData, k6SummaryExport, machineReadableSummary } from './k6-data.js'
import { readRun } from './testing/replay.js'

const context = {
  summaryTimeUnit: undefined,
  noColor: true,
  isStdOutTTY: false,
  isStdErrTTY: false,
  setupData: { a: 1 },
}

describe("k6's JSON forms, made of k6's own samples", () => {
  it('equal what handleSummary gets in k6, key by key and value by value', () => {
    const { run, summary } = readRun('k6-data')
    expectSame(k6SummaryData(summary, context), run.data)
  })

  it('equal what --summary-export writes', () => {
    const { run, summary } = readRun('k6-data')
    expectSame(JSON.parse(k6SummaryExport(k6SummaryData(summary, context))), run.export)
  })

  it('equal the new machine-readable summary', () => {
    const { run, summary } = readRun('k6-machine')
    const ours = machineReadableSummary(summary, {
      script: 'the script',
      version: '2.2.0',
      generatedAt: new Date(run.machine?.metadata.generated_at ?? 0),
      mode: 'compact',
    })
    expectSame(sortedMetrics(ours), sortedMetrics(run.machine))
  })

  it('leave setup_data out when setup returned nothing', () => {
    const data = k6SummaryData(readRun('k6-data').summary, { ...context, setupData: undefined })
    expect('setup_data' in data).toBe(false)
  })

  it('never show a metric of our own', () => {
    const { summary } = readRun('k6-data')
    const own = { ...summary.metrics[0]!, name: 'http_req_response_time', own: true }
    expect(Object.keys(k6SummaryData({ ...summary, metrics: [own] }, context).metrics)).toEqual([])
  })
})

/** Sums are added in another order than k6's, so the last digits of a float may differ; nothing else may. */
function expectSame(ours: unknown, theirs: unknown, path = ''): void {
  if (typeof ours === 'number' && typeof theirs === 'number') {
    expect(Math.abs(ours - theirs), `${path}: ${ours} and ${theirs}`).toBeLessThanOrEqual(
      1e-9 * Math.max(1, Math.abs(theirs)),
    )
  } else if (typeof ours === 'object' && typeof theirs === 'object' && ours !== null && theirs !== null) {
    expect(Object.keys(ours).sort(), path).toEqual(Object.keys(theirs).sort())
    for (const [key, value] of Object.entries(ours))
      expectSame(value, (theirs as Record<string, unknown>)[key], `${path}/${key}`)
  } else if (!path.endsWith('/generated_at')) expect(ours, path).toBe(theirs)
}

/** k6 lists metrics in no order. */
function sortedMetrics(summary: unknown): unknown {
  const { results, ...rest } = summary as { results: { metrics: { name: string }[] } }
  return { ...rest, results: { ...results, metrics: [...results.metrics].sort((a, b) => (a.name < b.name ? -1 : 1)) } }
}

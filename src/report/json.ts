import type { RunRecord } from '#record/index.js'
import type { ReportOptions } from './index.js'
import { Sketch } from '#stats/index.js'
import { buildReport, latencyOf } from './report-model.js'

/** Everything that a record holds, as one JSON document. With `series`, every window of every metric and tag set too. */
export async function* jsonReport(record: RunRecord, options: ReportOptions): AsyncGenerator<string> {
  const report = JSON.stringify(await buildReport(record), finiteOrWord, 2)
  if (!options.series) {
    yield `${report}\n`
    return
  }
  // Written piece by piece: the windows of an hour need not be in memory at once.
  yield `${report.slice(0, -2)},\n  "series": [`
  const tags = new Map<number, Record<string, string>>()
  const metrics = new Map<number, string>()
  let comma = ''
  for await (const { batch, fromNs, toNs, unixMs, source } of record.windows()) {
    for (const metric of batch.metrics) metrics.set(metric.id, metric.name)
    for (const { id, entries } of batch.tagSets) tags.set(id, Object.fromEntries(entries))
    const rows = batch.rows.map((row) => {
      const { count, sum, min, max } = row
      const latency = row.buckets === undefined ? undefined : latencyOf(Sketch.fromSparse(row))
      return { metric: metrics.get(row.metric), tags: tags.get(row.tags), count, sum, min, max, ...latency }
    })
    yield `${comma}\n    ${JSON.stringify({ fromNs, toNs, unixMs, source, rows }, finiteOrWord)}`
    comma = ','
  }
  yield '\n  ]\n}\n'
}

/** JSON has no infinity; null would read as "no data". */
function finiteOrWord(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

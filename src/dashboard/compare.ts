/** Two records side by side: their numbers, and what besides the code under test differs between them. */
import { endpointName } from '#metrics/index.js'
import { readRecord, type RunRecord, type SeriesTotal } from '#record/index.js'
import { Sketch } from '#stats/index.js'
import { short } from './endpoints.js'
import type { ComparedCurve, ComparedEndpoint, ComparedValue, Comparison, EndpointNumbers, RecordRow } from './wire.js'

/** Points of a curve. */
const POINTS = 240
const MAX_ENDPOINTS = 1000

/** @throws PW_RECORD_* */
export async function compareRecords(
  a: { readonly dir: string; readonly row: RecordRow },
  b: { readonly dir: string; readonly row: RecordRow },
): Promise<Comparison> {
  const [left, right] = [await readRecord(a.dir), await readRecord(b.dir)]
  const [one, two] = [await endpointsOf(left), await endpointsOf(right)]
  const names = [...new Set([...one.keys(), ...two.keys()])].slice(0, MAX_ENDPOINTS)
  return {
    a: a.row,
    b: b.row,
    differences: differencesOf(left, right),
    metrics: metricsOf(left, right),
    endpoints: names.map((name): ComparedEndpoint => ({ name, a: one.get(name) ?? null, b: two.get(name) ?? null })),
    curves: { a: await curveOf(left), b: await curveOf(right) },
  }
}

function differencesOf(a: RunRecord, b: RunRecord): string[] {
  const out: string[] = []
  const differ = (what: string, x: unknown, y: unknown): void => {
    if (x !== y) out.push(`${what}: ${String(x ?? 'not known')} and ${String(y ?? 'not known')}`)
  }
  const host = (record: RunRecord) => record.run.environment.hosts.find(({ role }) => role === 'injector')
  if (a.run.script.sha256 !== b.run.script.sha256) out.push('the scripts are not the same')
  if (JSON.stringify(a.run.options) !== JSON.stringify(b.run.options))
    out.push('the options (load, thresholds) are not the same')
  differ('machine of the injector', host(a)?.name, host(b)?.name)
  differ('its processor', host(a)?.cpuModel, host(b)?.cpuModel)
  differ('its cores', host(a)?.cores, host(b)?.cores)
  differ('version of perfwright', a.run.tool.version, b.run.tool.version)
  differ('engine', a.run.engine.name, b.run.engine.name)
  for (const [name, record] of [
    ['A', a],
    ['B', b],
  ] as const) {
    if (record.state !== 'finished') out.push(`${name} did not run to its end (${record.state})`)
    if (record.run.trust !== null && record.run.trust.verdict !== 'trustworthy')
      out.push(`${name} is ${record.run.trust.verdict}: ${record.run.trust.reasons.join('; ')}`)
  }
  const ratio = a.durationNs / Math.max(1, b.durationNs)
  if (ratio > 1.1 || ratio < 0.9) out.push(`they lasted ${seconds(a)} and ${seconds(b)}`)
  return out
}

function seconds(record: RunRecord): string {
  return `${(record.durationNs / 1e9).toFixed(0)} s`
}

const SHOWN: readonly (readonly [metric: string, value: string, name: string])[] = [
  ['http_reqs', 'count', 'requests'],
  ['http_reqs', 'rate', 'requests a second'],
  ['http_req_failed', 'rate', 'failed requests'],
  ['http_req_duration', 'med', 'response time, median'],
  ['http_req_duration', 'p(90)', 'response time, p90'],
  ['http_req_duration', 'p(95)', 'response time, p95'],
  ['http_req_duration', 'p(99)', 'response time, p99'],
  ['http_req_duration', 'max', 'response time, longest'],
  ['http_req_response_time', 'p(95)', 'response time from the intended start, p95'],
  ['http_req_waiting', 'p(95)', 'waiting for the first byte, p95'],
  ['http_req_connecting', 'p(95)', 'connecting, p95'],
  ['iterations', 'rate', 'iterations a second'],
  ['iteration_duration', 'p(95)', 'iteration, p95'],
  ['dropped_iterations', 'count', 'dropped iterations'],
  ['checks', 'rate', 'checks that held'],
  ['data_received', 'rate', 'bytes received a second'],
  ['data_sent', 'rate', 'bytes sent a second'],
]

function metricsOf(a: RunRecord, b: RunRecord): ComparedValue[] {
  const value = (record: RunRecord, metric: string, key: string): number | null => {
    const found = record.totals.metrics.find(({ name }) => name === metric)
    return found === undefined || found.count === 0 ? null : (short(found.values[key]) ?? null)
  }
  const unitOf = (metric: string, key: string): string => {
    if (metric === 'http_req_failed' || metric === 'checks') return 'ratio'
    const found = [...a.totals.metrics, ...b.totals.metrics].find(({ name }) => name === metric)
    const unit = found === undefined || found.unit === '1' ? '' : found.unit
    return key === 'rate' ? `${unit}/s` : unit
  }
  return SHOWN.flatMap(([metric, key, name]) => {
    const [x, y] = [value(a, metric, key), value(b, metric, key)]
    return x === null && y === null ? [] : [{ name, unit: unitOf(metric, key), a: x, b: y }]
  })
}

async function endpointsOf(record: RunRecord): Promise<Map<string, EndpointNumbers>> {
  const by = ['method', 'name', 'url']
  const [times = [], failed = []] = await record.totalsOfEach([
    { metric: 'http_req_duration', by },
    { metric: 'http_req_failed', by },
  ])
  const sketches = new Map<string, Sketch>()
  const failures = new Map<string, { sum: number; count: number }>()
  for (const { tags, sink } of times) {
    const name = nameOf(tags)
    const sketch = sketches.get(name) ?? new Sketch()
    sketch.merge(sink.sketch)
    sketches.set(name, sketch)
  }
  for (const { tags, sink } of failed) {
    const name = nameOf(tags)
    const of = failures.get(name) ?? { sum: 0, count: 0 }
    failures.set(name, { sum: of.sum + sink.sum, count: of.count + sink.count })
  }
  return new Map(
    [...sketches]
      .sort(([, x], [, y]) => y.count - x.count)
      .map(([name, sketch]) => {
        const of = failures.get(name)
        const q = (at: number): number | null => short(sketch.quantile(at))
        const failedRatio = of === undefined || of.count === 0 ? null : of.sum / of.count
        return [name, { count: sketch.count, failedRatio, p50: q(0.5), p95: q(0.95), p99: q(0.99) }]
      }),
  )
}

function nameOf(tags: SeriesTotal['tags']): string {
  return endpointName({ method: tags['method'], name: tags['name'] ?? tags['url'] }) ?? '(no name)'
}

async function curveOf(record: RunRecord): Promise<ComparedCurve> {
  const stepS = Math.max(1, Math.ceil(record.durationNs / 1e9 / POINTS))
  const steps: { sketch: Sketch; count: number }[] = []
  let [duration, requests] = [-1, -1]
  for await (const { batch, toNs } of record.windows()) {
    for (const metric of batch.metrics) {
      if (metric.name === 'http_req_duration') duration = metric.id
      if (metric.name === 'http_reqs') requests = metric.id
    }
    // A window belongs to the second in which it ends, which may be a little late.
    const at = Math.max(0, Math.floor((toNs / 1e9 - 0.5) / stepS))
    const step = (steps[at] ??= { sketch: new Sketch(), count: 0 })
    for (const row of batch.rows) {
      if (row.metric === duration) step.sketch.mergeRow(row)
      else if (row.metric === requests) step.count += row.sum
    }
  }
  const all = Array.from({ length: steps.length }, (_, i) => steps[i])
  return {
    times: all.map((_, i) => (i + 1) * stepS),
    p95: all.map((step) => short(step?.sketch.quantile(0.95))),
    perS: all.map((step) => (step === undefined ? null : short(step.count / stepS))),
  }
}

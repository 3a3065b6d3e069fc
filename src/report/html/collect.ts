/** From a record to what its page holds. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Evidence } from '#diagnose/evidence.js'
import { readEvidence } from '#diagnose/read-evidence.js'
import type { CheckGroup, RunRecord } from '#record/index.js'
import { RELATIVE_ERROR, type Sketch } from '#stats/index.js'
import { executiveOf, findingFix, findingTitle } from '../executive.js'
import { buildReport, type ReportModel } from '../report-model.js'
import { amount } from '../words/amounts.js'
import type { Words } from '../words/types.js'
import { latencyHeat } from './heat.js'
import type { EndpointRow, PageData, Series } from './page-data.js'
import { systemCharts } from './systems.js'

/** Points of a course at most: a screen has no more. */
const maxPoints = 900
/** Endpoints whose course is kept fine; all others are coarser. */
const fineEndpoints = 20
const finePoints = 300
const coarsePoints = 60

export async function collectPage(record: RunRecord, language: string, words: Words): Promise<PageData> {
  const model = await buildReport(record)
  const seen = await readEvidence(record)
  const digest = await record.digest()
  const curveOf = (name: string): [number, number][] =>
    curve(digest.parts.whole.find(({ metric }) => metric.name === name)?.sink.sketch)
  const { binS, binCount } = seen
  const step = Math.max(1, Math.ceil(binCount / maxPoints))
  const course = (column: Float64Array): Series => shorten(column, step, 'mean')
  const peaks = (column: Float64Array): Series => shorten(column, step, 'max')
  const executive = executiveOf(model, words)
  const { load } = seen
  return {
    language,
    locale: words.locale,
    words: words.page,
    title: model.run.name,
    verdict: verdictOf(model, words),
    testType: model.analysis?.testType == null ? '' : words.testType[model.analysis.testType],
    subtitle: subtitleOf(model, words),
    executive,
    findings: (model.findings ?? []).map((finding) => ({
      kind: finding.kind,
      severity: finding.severity,
      severityText: words.severity[finding.severity],
      confidence: finding.confidence,
      where: finding.where,
      evidence: finding.evidence,
      prove: finding.prove,
      share: finding.share,
      title: findingTitle(finding, words),
      fix: findingFix(finding, words),
    })),
    times: Array.from({ length: Math.ceil(binCount / step) }, (_, i) => i * step * binS),
    load: {
      requestsPerS: course(load.requestsPerS),
      failedPerS: course(load.failedPerS),
      askedPerS: null,
      p50Ms: course(load.p50Ms),
      p95Ms: peaks(load.p95Ms),
      p99Ms: peaks(load.p99Ms),
      inFlight: course(load.inFlight),
      vus: course(load.vus),
      droppedPerS: course(load.droppedPerS),
      iterationsPerS: course(load.iterationsPerS),
      receivedBytesPerS: course(load.receivedBytesPerS),
      sentBytesPerS: course(load.sentBytesPerS),
      failures: failureCourses(seen, course),
    },
    bands: bandsOf(model),
    marks: marksOf(seen),
    limits: limitsOf(model),
    systems: systemCharts(seen, course),
    heat: latencyHeat(digest),
    percentiles: { service: curveOf('http_req_duration'), response: curveOf('http_req_response_time') },
    endpoints: endpointRows(model, seen),
    errors: model.analysis?.errors ?? [],
    byScenario: model.byScenario,
    byGroup: model.byGroup,
    metrics: model.metrics.filter(({ count }) => count > 0),
    files: recordFiles.filter((name) => existsSync(join(record.dir, name))),
    analysis: model.analysis,
    texts: {
      objectives: (model.analysis?.objectives ?? []).map(({ verdict }) => words.objective[verdict]),
      checkpoints: (model.analysis?.checkpoints ?? []).map(({ id, verdict }) => ({
        name: words.checkpointName[id],
        verdict: words.checkpoint[verdict],
      })),
      trends: (model.analysis?.trends ?? []).map(({ verdict }) => words.trend[verdict]),
      knee: model.analysis?.capacity == null ? null : words.knee[model.analysis.capacity.knee],
      failureMode: model.analysis?.capacity == null ? null : words.failureMode[model.analysis.capacity.failureMode],
    },
    checks: flatChecks(model.checks),
    trust:
      model.run.trust === null
        ? null
        : {
            text: words.trust[model.run.trust.verdict],
            state: model.run.trust.verdict === 'trustworthy' ? 'good' : 'bad',
            reasons: model.run.trust.reasons,
          },
    profiles: seen.profiles.flatMap(({ source, kind, why, fromS, toS }) =>
      existsSync(join(record.dir, source, 'flame.html'))
        ? [
            {
              href: `${source}/flame.html`,
              kind,
              why,
              stretch: fromS === undefined || toS === undefined ? '' : `${fromS.toFixed(0)} – ${toS.toFixed(0)} s`,
            },
          ]
        : [],
    ),
    environment: environmentOf(model, words),
    options: JSON.stringify(model.run.options, null, 2),
    missing: model.missing,
  }
}

/** Several bins in one; NaN becomes null. */
function shorten(column: Float64Array, step: number, how: 'mean' | 'max'): Series {
  const out: (number | null)[] = []
  for (let at = 0; at < column.length; at += step) {
    let sum = 0
    let most = Number.NEGATIVE_INFINITY
    let count = 0
    for (let i = at; i < Math.min(column.length, at + step); i++) {
      const value = column[i] as number
      if (!Number.isFinite(value)) continue
      sum += value
      most = Math.max(most, value)
      count++
    }
    out.push(count === 0 ? null : Number((how === 'max' ? most : sum / count).toPrecision(3)))
  }
  return out
}

const recordFiles = ['run.json', 'analysis.json', 'findings.json', 'events.ndjson', 'series/', 'observed/', 'profiles/']
/** A chart of more lines nobody reads. */
const maxFailureKinds = 7

/** Failed requests by what went wrong, all endpoints together. */
function failureCourses(
  { failures }: Evidence,
  course: (column: Float64Array) => Series,
): PageData['load']['failures'] {
  const kinds = new Map<string, { count: number; perS: Float64Array }>()
  for (const { status, error, count, perS } of failures) {
    const label = error === '' ? status : error.slice(0, 80)
    const kind = kinds.get(label) ?? { count: 0, perS: new Float64Array(perS.length) }
    kinds.set(label, kind)
    kind.count += count
    perS.forEach((value, i) => void (kind.perS[i] = (kind.perS[i] as number) + value))
  }
  return [...kinds]
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, maxFailureKinds)
    .map(([label, { perS }]) => ({ label, values: course(perS) }))
}

function endpointRows(model: ReportModel, evidence: Evidence): EndpointRow[] {
  const columns = new Map(evidence.endpoints.map(({ name, columns }) => [name, columns]))
  return model.endpoints.map((row, i) => {
    const of = columns.get(row.key)
    const step = Math.max(1, Math.ceil(evidence.binCount / (i < fineEndpoints ? finePoints : coarsePoints)))
    return {
      key: row.key,
      count: row.count,
      perS: row.perS,
      failedRatio: row.failedRatio,
      serviceTimeMs: row.serviceTimeMs,
      responseTimeMs: row.responseTimeMs,
      step: step * evidence.binS,
      requestsPerS: of === undefined ? [] : shorten(of.requestsPerS, step, 'mean'),
      p95Ms: of === undefined ? [] : shorten(of.p95Ms, step, 'max'),
      failedPerS: of === undefined ? [] : shorten(of.failedPerS, step, 'mean'),
    }
  })
}

function verdictOf({ verdict }: ReportModel, words: Words): PageData['verdict'] {
  if (verdict.passed === null) return { text: words.verdict.unknown, state: 'unknown' }
  return verdict.passed ? { text: words.verdict.passed, state: 'good' } : { text: words.verdict.failed, state: 'bad' }
}

function subtitleOf({ run, durationS }: ReportModel, words: Words): string {
  const when = new Date(run.startedUnixMs).toLocaleString(words.locale, { dateStyle: 'long', timeStyle: 'short' })
  return [when, amount(durationS, 's', words.locale), run.script.path].join(' · ')
}

function bandsOf({ analysis }: ReportModel): PageData['bands'] {
  if (analysis === null) return []
  // Every other stage is shaded, so that their borders can be seen.
  const stages = analysis.stages
    .filter((_, i) => i % 2 === 0)
    .map(({ fromS, toS }) => ({ from: fromS, to: toS, kind: 'stage' as const }))
  return [...stages, ...analysis.badWindows.map(({ fromS, toS }) => ({ from: fromS, to: toS, kind: 'bad' as const }))]
}

const maxMarks = 40

function marksOf({ events }: Evidence): PageData['marks'] {
  return events
    .flatMap(({ type, detail, atS }) => {
      if (type === 'threshold-crossed') return [{ t: atS, label: String(detail['metric']) }]
      if (type === 'annotation') return [{ t: atS, label: String(detail['text'] ?? '') }]
      return type === 'target-ended' ? [{ t: atS, label: 'target ended' }] : []
    })
    .slice(0, maxMarks)
}

function limitsOf({ analysis, run }: ReportModel): PageData['limits'] {
  const objectives = (analysis?.objectives ?? []).map(({ metric, target }) => ({ metric, target }))
  const thresholds = run.thresholds.map(({ metric, source }) => ({ metric, target: source }))
  const seen = new Set<string>()
  return [...objectives, ...thresholds].flatMap(({ metric, target }) => {
    if (!/^http_req_(duration|response_time)$/.test(metric)) return []
    const match = /^(p\([\d.]+\)|med|avg|max)\s*<=?\s*(\d+(?:\.\d+)?)$/.exec(target)
    if (match === null || seen.has(target)) return []
    seen.add(target)
    return [{ value: Number(match[2]), label: target }]
  })
}

function flatChecks(group: CheckGroup): PageData['checks'] {
  const path = group.path.replace(/^::/, '').replaceAll('::', ' › ')
  return [
    ...group.checks.map(({ name, passes, fails }) => ({
      name: path === '' ? name : `${path} › ${name}`,
      passes,
      fails,
    })),
    ...group.groups.flatMap(flatChecks),
  ]
}

/** More points where people look: towards the slow end. */
const quantiles = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999, 1]
/** A quantile stands on at least so many samples beyond it. */
const fewBeyond = 5

function curve(sketch: Sketch | undefined): [number, number][] {
  if (sketch === undefined || sketch.count === 0) return []
  return quantiles.flatMap((q) => {
    const beyond = (1 - q) * sketch.count
    if (q < 1 && q > 0.5 && beyond < fewBeyond) return []
    const value = sketch.quantile(q)
    return value === undefined ? [] : [[q, Number(value.toPrecision(3))] as [number, number]]
  })
}

function environmentOf({ run, metrics }: ReportModel, words: Words): (readonly [string, string])[] {
  const { page } = words
  const rows: (readonly [string, string])[] = [
    [page.started, new Date(run.startedUnixMs).toISOString()],
    [page.engine, `${run.engine.name} ${run.engine.version} (${run.tool.name} ${run.tool.version})`],
    [page.script, `${run.script.path}  sha256 ${run.script.sha256.slice(0, 16)}`],
    [page.command, ['perfwright', ...run.commandLine].map(shellWord).join(' ')],
  ]
  if (run.environment.git !== null)
    rows.push([
      page.commit,
      `${run.environment.git.commit}${run.environment.git.branch === null ? '' : ` (${run.environment.git.branch})`}`,
    ])
  for (const host of run.environment.hosts) {
    const facts = [
      host.cores === null ? '' : `${host.cores} cores`,
      host.cpuModel ?? '',
      host.os ?? '',
      host.arch ?? '',
    ]
    const memory = host.memoryBytes === null ? '' : amount(host.memoryBytes, 'bytes', words.locale)
    rows.push([
      page.host,
      `${host.name} (${host.role}): ${[...facts, memory].filter((fact) => fact !== '').join(', ')}`,
    ])
  }
  if (run.environment.scalingFactor !== null)
    rows.push([page.scaling, amount(run.environment.scalingFactor, 'ratio', words.locale)])
  const bound = metrics.some(({ relativeError }) => (relativeError ?? 0) > 0)
  if (bound) rows.push([page.percentiles, `± ${(RELATIVE_ERROR * 100).toFixed(2)} %`])
  return rows
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

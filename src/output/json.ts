/**
 * `--out json[=FILE]`: one JSON object a line, in k6's form: a `Metric` line before the first sample of each metric, then
 * `Point` lines. `-` or nothing is standard output; `.gz` compresses.
 * Source: grafana.com/docs/k6, "JSON" output; forms compared with k6 2.2.
 */
import { formatDuration } from '#base/duration.js'
import type { Options, ThresholdSpec } from '#config/types.js'
import { parseSelector } from '#metrics/index.js'
import type { Metric } from '#metrics/types.js'
import { jsonString, rfc3339Nano } from './go-text.js'
import { Sink } from './sink.js'
import type { Output, OutputContext, OutputLoss, OutputSample, OutputTags } from './types.js'

export function jsonOutput(argument: string, context: OutputContext): Output {
  return new JsonOutput(argument, context)
}

class JsonOutput implements Output {
  readonly description: string
  readonly #sink: Sink
  readonly #options: OutputContext['options']
  readonly #heads = new Map<Metric, string>()
  readonly #tags = new WeakMap<OutputTags, string>()
  /** VUs without `exec.vu.metrics.metadata` have none; those with it rarely change it. */
  readonly #metadata = new WeakMap<object, string>()

  constructor(argument: string, context: OutputContext) {
    const path = argument === '' || argument === '-' ? undefined : argument
    this.description = path === undefined ? 'json(stdout)' : `json (${path})`
    this.#options = context.options
    this.#sink = new Sink({ output: 'json', description: this.description, path }, context)
  }

  start(): Promise<void> {
    return this.#sink.open()
  }

  samples(samples: readonly OutputSample[]): void {
    let text = ''
    let count = 0
    for (const sample of samples) {
      if (sample.metric.own) continue
      text += this.#line(sample)
      count++
    }
    if (count > 0) this.#sink.write(text, count)
  }

  stop(patienceNs: number): Promise<OutputLoss | undefined> {
    return this.#sink.close(patienceNs)
  }

  #line({ metric, tags, value, unixMs, metadata }: OutputSample): string {
    let head = this.#heads.get(metric)
    let line = ''
    if (head === undefined) {
      head = `{"metric":${jsonString(metric.name)},"type":"Point","data":{"time":"`
      this.#heads.set(metric, head)
      line = metricLine(metric, this.#options)
    }
    let tagText = this.#tags.get(tags)
    if (tagText === undefined) {
      tagText = jsonObject(tags.entries)
      this.#tags.set(tags, tagText)
    }
    // JSON has no infinity; Go's encoder would fail on one.
    const number = Number.isFinite(value) ? String(value) : 'null'
    const rest = metadata === undefined ? '' : this.#metadataText(metadata)
    return `${line}${head}${rfc3339Nano(unixMs)}","value":${number},"tags":${tagText}${rest}}}\n`
  }

  #metadataText(metadata: Readonly<Record<string, string>>): string {
    let text = this.#metadata.get(metadata)
    if (text === undefined) {
      const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))
      text = entries.length === 0 ? '' : `,"metadata":${jsonObject(entries)}`
      this.#metadata.set(metadata, text)
    }
    return text
  }
}

function metricLine(metric: Metric, options: OutputContext['options']): string {
  const name = jsonString(metric.name)
  const { thresholds, submetrics } = thresholdsOf(metric, options)
  return `{"type":"Metric","data":{"name":${name},"type":"${metric.type}","contains":"${metric.contains}","thresholds":${thresholds},"submetrics":${submetrics}},"metric":${name}}\n`
}

/** As JSON: thresholds of the metric itself, and its parts by tags, which k6 has wherever a threshold names one. */
function thresholdsOf(
  metric: Metric,
  options: OutputContext['options'],
): { readonly thresholds: string; readonly submetrics: string } {
  const given: Options['thresholds'] = options.noThresholds ? {} : options.thresholds
  const own: string[] = []
  const parts: string[] = []
  for (const [key, specs] of Object.entries(given)) {
    const selector = parseSelector(key)
    if (selector.metric !== metric.name) continue
    if (selector.suffix === undefined) own.push(...specs.map(thresholdJson))
    else parts.push(submetric(metric.name, selector.suffix, selector.tags))
  }
  if (metric.name === 'http_req_duration') {
    const always = submetric(metric.name, 'expected_response:true', [['expected_response', 'true']])
    if (!parts.includes(always)) parts.push(always)
  }
  return { thresholds: `[${own.join(',')}]`, submetrics: parts.length === 0 ? 'null' : `[${parts.join(',')}]` }
}

function submetric(name: string, suffix: string, tags: readonly (readonly [string, string])[]): string {
  return `{"name":${jsonString(`${name}{${suffix}}`)},"suffix":${jsonString(suffix)},"tags":${jsonObject(tags)}}`
}

function thresholdJson(spec: ThresholdSpec): string {
  if (!spec.abortOnFail) return jsonString(spec.threshold)
  const delay = spec.delayAbortEvalNs === 0 ? 'null' : `"${formatDuration(spec.delayAbortEvalNs)}"`
  return `{"threshold":${jsonString(spec.threshold)},"abortOnFail":true,"delayAbortEval":${delay}}`
}

function jsonObject(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([key, value]) => `${jsonString(key)}:${jsonString(value)}`).join(',')}}`
}

/** Outputs by their names in `--out`. A new one is a file beside this and a line here. */
import { unknownOutput } from './errors.js'
import { OutputSet } from './output-set.js'
import type { OutputContext, OutputKind } from './types.js'

const prometheusRw: OutputKind = {
  wants: 'windows',
  load: async () => (await import('./prometheus/remote-write.js')).prometheusRemoteWrite,
}
const opentelemetry: OutputKind = {
  wants: 'windows',
  load: async () => (await import('./otlp/index.js')).opentelemetryOutput,
}
const influxdbV2: OutputKind = {
  wants: 'samples',
  load: async () => (await import('./influx/index.js')).influxdbV2Output,
}
const statsd: OutputKind = { wants: 'samples', load: async () => (await import('./statsd.js')).statsdOutput }

export const outputs: Readonly<Record<string, OutputKind>> = {
  csv: { wants: 'samples', load: async () => (await import('./csv.js')).csvOutput },
  datadog: { wants: 'samples', load: async () => (await import('./statsd.js')).datadogOutput },
  'experimental-opentelemetry': {
    wants: 'windows',
    load: async () => (await import('./otlp/index.js')).experimentalOpentelemetry,
  },
  'experimental-prometheus-rw': prometheusRw,
  influxdb: { wants: 'samples', load: async () => (await import('./influx/index.js')).influxdbOutput },
  json: { wants: 'samples', load: async () => (await import('./json.js')).jsonOutput },
  opentelemetry,
  'output-statsd': statsd,
  parquet: { wants: 'samples', load: async () => (await import('./parquet.js')).parquetOutput },
  'prometheus-rw': prometheusRw,
  'prometheus-scrape': {
    wants: 'windows',
    load: async () => (await import('./prometheus/scrape.js')).prometheusScrape,
  },
  statsd,
  'xk6-influxdb': influxdbV2,
}

/** The output that a value of `--out` names. @throws PW_OUTPUT_UNKNOWN in k6's words */
export function outputKind(spec: string): OutputKind {
  const { name } = splitSpec(spec)
  const kind = Object.hasOwn(outputs, name) ? outputs[name] : undefined
  if (kind === undefined) throw unknownOutput(name, Object.keys(outputs).sort())
  return kind
}

/** True when a named output needs each sample by itself, which costs the load generator. */
export function wantSamples(specs: readonly string[]): boolean {
  return specs.some((spec) => outputKind(spec).wants === 'samples')
}

/**
 * The outputs that `--out` names; start them before the run.
 * @throws PW_OUTPUT_UNKNOWN, PW_OUTPUT_CREATE in k6's words, exit code 255
 */
export async function createOutputs(specs: readonly string[], context: OutputContext): Promise<OutputSet> {
  const made = []
  for (const kind of specs.map(outputKind)) made.push(await kind.load())
  return new OutputSet(
    made.map((factory, i) => factory(splitSpec(specs[i] ?? '').argument, context)),
    context,
  )
}

function splitSpec(spec: string): { readonly name: string; readonly argument: string } {
  const equals = spec.indexOf('=')
  return equals < 0 ? { name: spec, argument: '' } : { name: spec.slice(0, equals), argument: spec.slice(equals + 1) }
}

export { ConsoleFile } from './console-file.js'
export type { OutputSet } from './output-set.js'
export type { OutputContext, OutputLoss, RunState } from './types.js'

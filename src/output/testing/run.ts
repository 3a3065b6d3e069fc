/** What an output's test needs of a run: a context, and the samples of a real k6 run as the engine would send them. */
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { systemClock } from '#base/clock.js'
import { MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import type { WindowBatch } from '#metrics/types.js'
import { createOutputs, type OutputContext, type OutputLoss, type OutputSet } from '../index.js'

export const systemTags: readonly string[] =
  'proto,subproto,status,method,url,name,group,check,error,error_code,tls_version,scenario,service,expected_response'.split(
    ',',
  )

export type TestContext = OutputContext & { readonly warnings: string[] }

export function testContext(extra: Partial<OutputContext> = {}): TestContext {
  const warnings: string[] = []
  return {
    options: { thresholds: {}, systemTags, noThresholds: false, tags: {} },
    env: {},
    features: [],
    cwd: process.cwd(),
    clock: systemClock,
    version: '1.2.3',
    stdout: new PassThrough(),
    warn: (message) => warnings.push(message),
    ...extra,
    warnings,
  }
}

export interface K6Sample {
  readonly metric: string
  readonly type: 'counter' | 'gauge' | 'rate' | 'trend'
  readonly contains: 'default' | 'time' | 'data'
  readonly value: number
  readonly unixMs: number
  readonly tags: Readonly<Record<string, string>>
}

/** What k6 2.2 measured in one run. */
export function k6Samples(): readonly K6Sample[] {
  const text = readFileSync(new URL('./k6.ndjson', import.meta.url), 'utf8')
  const kinds = new Map<string, Pick<K6Sample, 'type' | 'contains'>>()
  const samples: K6Sample[] = []
  for (const line of text.trim().split('\n')) {
    const { type, metric, data } = JSON.parse(line)
    if (type === 'Metric') kinds.set(metric, { type: data.type, contains: data.contains })
    else
      samples.push({ metric, ...kinds.get(metric)!, value: data.value, unixMs: Date.parse(data.time), tags: data.tags })
  }
  return samples
}

/** A worker's store: samples in, windows out. */
export class TestWorker {
  readonly metrics: MetricRegistry = new MetricRegistry()
  readonly tags: TagRegistry = new TagRegistry()
  readonly store: MetricStore = new MetricStore(this.metrics, this.tags)

  add(samples: readonly Omit<K6Sample, 'unixMs'>[]): this {
    for (const { metric, type, contains, tags, value } of samples)
      this.store.add(this.metrics.define(metric, type, contains), this.tags.root.withAll(tags), value)
    return this
  }

  window(): WindowBatch {
    return this.store.drain()
  }
}

/** Sends samples one by one and as a window, so that every output gets what it wants. */
export function send(set: OutputSet, samples: readonly K6Sample[], unixMs: number = Date.now()): void {
  const worker = new TestWorker()
  const numbered = samples.map((sample) => {
    const tags = worker.tags.root.withAll(sample.tags)
    const metric = worker.metrics.define(sample.metric, sample.type, sample.contains)
    return { metric: metric.id, tags: tags.id, value: sample.value, unixMs: sample.unixMs, metadata: undefined }
  })
  const batch = worker.add(samples).window()
  set.define(batch)
  set.samples(numbered)
  set.window(batch, unixMs)
}

/** One output, started, fed with the samples and stopped. */
export async function runOutput(
  spec: string,
  context: OutputContext,
  samples: readonly K6Sample[] = k6Samples(),
  patienceNs = 5e9,
): Promise<readonly OutputLoss[]> {
  const set = await createOutputs([spec], context)
  await set.start()
  send(set, samples)
  return set.stop(patienceNs)
}

export function sample(metric: string, type: K6Sample['type'], value: number, extra: Partial<K6Sample> = {}): K6Sample {
  return { metric, type, contains: 'default', value, unixMs: Date.now(), tags: {}, ...extra }
}

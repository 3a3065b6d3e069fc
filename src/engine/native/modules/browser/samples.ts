/** k6's `browser_*` metrics: which samples a request, an answer and a web vital make, and with which tags. */
import type { Metric, TagSet } from '#metrics/types.js'
import type { VuScope } from '../../types.js'
import type { Answer, Exchange } from './network.js'
import type { WebVital } from './vitals.js'

export interface BrowserSamples {
  readonly vitals: Readonly<Record<string, Metric>>
  readonly sent: Metric
  readonly received: Metric
  readonly duration: Metric
  readonly failed: Metric
}

export function defineBrowserSamples(vu: VuScope): BrowserSamples {
  const vital = (name: string): Metric =>
    vu.defineMetric(`browser_web_vital_${name}`, 'trend', name === 'cls' ? 'default' : 'time')
  const names = ['ttfb', 'lcp', 'cls', 'inp', 'fcp', 'fid']
  return {
    vitals: Object.fromEntries(names.map((name) => [name.toUpperCase(), vital(name)])),
    sent: vu.defineMetric('browser_data_sent', 'counter', 'data'),
    received: vu.defineMetric('browser_data_received', 'counter', 'data'),
    duration: vu.defineMetric('browser_http_req_duration', 'trend', 'time'),
    failed: vu.defineMetric('browser_http_req_failed', 'rate', 'default'),
  }
}

/** @param name  what `page.on('metric')` calls this address; the address itself when undefined */
export function addSent(vu: VuScope, samples: BrowserSamples, exchange: Exchange, name: string | undefined): void {
  const tags = named(vu, system(vu, vu.tags, 'method', exchange.method), name ?? exchange.url)
  vu.samples.add(samples.sent, tags.with('resource_type', exchange.resourceType), exchange.sentBytes)
}

export function addAnswered(
  vu: VuScope,
  samples: BrowserSamples,
  exchange: Exchange,
  answer: Answer,
  name: string | undefined,
): void {
  let tags = named(vu, system(vu, vu.tags, 'method', exchange.method), name ?? exchange.url)
  tags = system(vu, tags, 'ip', answer.ip)
  tags = system(vu, tags, 'status', String(answer.status))
  tags = system(vu, tags, 'proto', answer.protocol)
  tags = tags
    .with('from_cache', String(answer.fromCache))
    .with('from_prefetch_cache', String(answer.fromPrefetchCache))
    .with('from_service_worker', String(answer.fromServiceWorker))
    .with('resource_type', exchange.resourceType)
  vu.samples.add(samples.duration, tags, answer.durationMs)
  vu.samples.add(samples.received, tags, answer.receivedBytes)
  const isFailure = answer.status < 200 || answer.status > 399
  if (answer.timed) vu.samples.add(samples.failed, tags, isFailure ? 1 : 0)
}

export function addVital(vu: VuScope, samples: BrowserSamples, vital: WebVital, name: string | undefined): void {
  const metric = samples.vitals[vital.name]
  if (metric === undefined) return
  vu.samples.add(metric, named(vu, vu.tags, name ?? vital.url).with('rating', vital.rating), vital.value)
}

function system(vu: VuScope, tags: TagSet, name: string, value: string): TagSet {
  return vu.options.systemTags.includes(name) ? tags.with(name, value) : tags
}

/** k6 gives the two together. */
function named(vu: VuScope, tags: TagSet, name: string): TagSet {
  return vu.options.systemTags.includes('url') ? tags.with('url', name).with('name', name) : tags
}

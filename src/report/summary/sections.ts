/** Under which heading a metric stands, and whether the compact mode has it: after k6's end-of-test summary. */
import type { SummaryMetric } from './model.js'

export interface Section {
  readonly title: string
  readonly metrics: readonly SummaryMetric[]
}

const TITLES = ['CUSTOM', 'HTTP', 'EXECUTION', 'NETWORK', 'BROWSER', 'WEB VITALS', 'GRPC', 'WEBSOCKET'] as const
type Title = (typeof TITLES)[number]

const HTTP = new Set([
  'http_reqs',
  'http_req_failed',
  'http_req_duration',
  'http_req_blocked',
  'http_req_connecting',
  'http_req_tls_handshaking',
  'http_req_sending',
  'http_req_waiting',
  'http_req_receiving',
])
const HTTP_DETAIL = new Set([...HTTP].slice(3))
const EXECUTION = new Set(['vus', 'vus_max', 'iterations', 'iteration_duration', 'dropped_iterations'])
const NETWORK = new Set(['data_sent', 'data_received'])

/** k6's phases of a request are in the full mode only. */
export function belongsToCompact(metricName: string): boolean {
  return !HTTP_DETAIL.has(metricName)
}

/** Sections in k6's order, empty ones left out; checks and groups have their own place, and so do our metrics. */
export function sectionsOf(metrics: readonly SummaryMetric[], compact: boolean): readonly Section[] {
  const shown = metrics.filter((metric) => {
    const name = baseName(metric.name)
    return !metric.own && name !== 'checks' && name !== 'group_duration' && (!compact || belongsToCompact(name))
  })
  return TITLES.map((title) => ({
    title,
    metrics: shown.filter((metric) => titleOf(baseName(metric.name)) === title).sort(byName),
  })).filter((section) => section.metrics.length > 0)
}

/** By name, the parts of a metric behind it. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  const parents = baseName(a.name).localeCompare(baseName(b.name))
  return parents === 0 ? a.name.localeCompare(b.name) : parents
}

/** `http_req_duration` of `http_req_duration{status:200}`. */
export function baseName(name: string): string {
  return name.split('{', 1)[0]!
}

function titleOf(name: string): Title {
  if (HTTP.has(name)) return 'HTTP'
  if (EXECUTION.has(name)) return 'EXECUTION'
  if (NETWORK.has(name)) return 'NETWORK'
  if (name.startsWith('browser_web_vital_')) return 'WEB VITALS'
  if (name.startsWith('browser_')) return 'BROWSER'
  if (name.startsWith('grpc_')) return 'GRPC'
  if (name.startsWith('ws_')) return 'WEBSOCKET'
  return 'CUSTOM'
}

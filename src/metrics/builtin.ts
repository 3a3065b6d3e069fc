import type { MetricRegistry } from './registry.js'
import type { Metric } from './types.js'

/** k6's metrics that exist in every run, by k6's names (grafana.com/docs/k6, "Built-in metrics"), and our own. */
export interface BuiltinMetrics {
  readonly vus: Metric
  readonly vus_max: Metric
  readonly iterations: Metric
  readonly iteration_duration: Metric
  readonly dropped_iterations: Metric
  readonly checks: Metric
  readonly group_duration: Metric
  readonly http_reqs: Metric
  readonly http_req_failed: Metric
  readonly http_req_duration: Metric
  readonly http_req_blocked: Metric
  readonly http_req_connecting: Metric
  readonly http_req_tls_handshaking: Metric
  readonly http_req_sending: Metric
  readonly http_req_waiting: Metric
  readonly http_req_receiving: Metric
  readonly ws_sessions: Metric
  readonly ws_msgs_sent: Metric
  readonly ws_msgs_received: Metric
  readonly ws_ping: Metric
  readonly ws_session_duration: Metric
  readonly ws_connecting: Metric
  readonly grpc_req_duration: Metric
  readonly data_sent: Metric
  readonly data_received: Metric
  /** Milliseconds from the intended start of the request to its last byte (own). */
  readonly http_req_response_time: Metric
  /** Bytes of a response's body as they came, where it was kept (own); of one size all: min = max. */
  readonly http_res_body_bytes: Metric
  /** Milliseconds an iteration began after its intended start (own). */
  readonly iteration_start_lag: Metric
}

export function defineBuiltinMetrics(registry: MetricRegistry): BuiltinMetrics {
  const counter = (name: string): Metric => registry.define(name, 'counter')
  const time = (name: string): Metric => registry.define(name, 'trend', 'time')
  return {
    vus: registry.define('vus', 'gauge'),
    vus_max: registry.define('vus_max', 'gauge'),
    iterations: counter('iterations'),
    iteration_duration: time('iteration_duration'),
    dropped_iterations: counter('dropped_iterations'),
    checks: registry.define('checks', 'rate'),
    group_duration: time('group_duration'),
    http_reqs: counter('http_reqs'),
    http_req_failed: registry.define('http_req_failed', 'rate'),
    http_req_duration: time('http_req_duration'),
    http_req_blocked: time('http_req_blocked'),
    http_req_connecting: time('http_req_connecting'),
    http_req_tls_handshaking: time('http_req_tls_handshaking'),
    http_req_sending: time('http_req_sending'),
    http_req_waiting: time('http_req_waiting'),
    http_req_receiving: time('http_req_receiving'),
    ws_sessions: counter('ws_sessions'),
    ws_msgs_sent: counter('ws_msgs_sent'),
    ws_msgs_received: counter('ws_msgs_received'),
    ws_ping: time('ws_ping'),
    ws_session_duration: time('ws_session_duration'),
    ws_connecting: time('ws_connecting'),
    grpc_req_duration: time('grpc_req_duration'),
    data_sent: registry.define('data_sent', 'counter', 'data'),
    data_received: registry.define('data_received', 'counter', 'data'),
    http_req_response_time: registry.defineOwn('http_req_response_time', 'trend', 'time'),
    http_res_body_bytes: registry.defineOwn('http_res_body_bytes', 'counter', 'data'),
    iteration_start_lag: registry.defineOwn('iteration_start_lag', 'trend', 'time'),
  }
}

export interface GrpcMetrics {
  readonly grpc_streams: Metric
  readonly grpc_streams_msgs_sent: Metric
  readonly grpc_streams_msgs_received: Metric
}

/** Exist only once a script imports `k6/net/grpc`; without it a threshold on them is an error, as in k6. */
export function defineGrpcMetrics(registry: MetricRegistry): GrpcMetrics {
  return {
    grpc_streams: registry.define('grpc_streams', 'counter'),
    grpc_streams_msgs_sent: registry.define('grpc_streams_msgs_sent', 'counter'),
    grpc_streams_msgs_received: registry.define('grpc_streams_msgs_received', 'counter'),
  }
}

export interface BrowserMetrics {
  readonly browser_web_vital_ttfb: Metric
  readonly browser_web_vital_fcp: Metric
  readonly browser_web_vital_lcp: Metric
  readonly browser_web_vital_inp: Metric
  /** A score, no time. */
  readonly browser_web_vital_cls: Metric
  readonly browser_data_sent: Metric
  readonly browser_data_received: Metric
  readonly browser_http_req_duration: Metric
  readonly browser_http_req_failed: Metric
}

/** Exist only once a script imports `k6/browser`. */
export function defineBrowserMetrics(registry: MetricRegistry): BrowserMetrics {
  const time = (name: string): Metric => registry.define(name, 'trend', 'time')
  return {
    browser_web_vital_ttfb: time('browser_web_vital_ttfb'),
    browser_web_vital_fcp: time('browser_web_vital_fcp'),
    browser_web_vital_lcp: time('browser_web_vital_lcp'),
    browser_web_vital_inp: time('browser_web_vital_inp'),
    browser_web_vital_cls: registry.define('browser_web_vital_cls', 'trend'),
    browser_data_sent: registry.define('browser_data_sent', 'counter', 'data'),
    browser_data_received: registry.define('browser_data_received', 'counter', 'data'),
    browser_http_req_duration: time('browser_http_req_duration'),
    browser_http_req_failed: registry.define('browser_http_req_failed', 'rate'),
  }
}

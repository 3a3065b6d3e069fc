/** Objectives as k6 thresholds. */
import type { PlanSlo } from './schema.js'
import { seconds, share } from './units.js'

export function thresholdsOf(slo: PlanSlo | undefined): Readonly<Record<string, readonly string[]>> {
  if (slo === undefined) return {}
  const latency = [
    ...(slo.p95 === undefined ? [] : [`p(95)<${milliseconds(slo.p95)}`]),
    ...(slo.p99 === undefined ? [] : [`p(99)<${milliseconds(slo.p99)}`]),
  ]
  // At 100 % not one may fail; `rate<0` would always be missed.
  const failed = slo.availability === undefined ? undefined : Number((1 - share(slo.availability)).toFixed(8))
  return {
    ...(latency.length === 0 ? {} : { http_req_duration: latency }),
    ...(failed === undefined ? {} : { http_req_failed: [failed === 0 ? 'rate<=0' : `rate<${failed}`] }),
  }
}

function milliseconds(text: string): number {
  return Number((seconds(text) * 1000).toFixed(6))
}

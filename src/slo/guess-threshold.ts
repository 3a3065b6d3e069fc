/** The k6 threshold that asks for the same as an SLO's Prometheus queries, where these say plainly what they count. */
import { allowedShare } from './budget.js'
import type { Indicator, LoadThreshold } from './model.js'

/** @returns undefined where it cannot be told: better no answer than one about something else */
export function guessThreshold(indicator: Indicator | undefined, target: number): LoadThreshold | undefined {
  if (indicator?.kind !== 'good' && indicator?.kind !== 'bad') return undefined
  // Queries that look at a part of the requests (a handler, a path) have no counterpart whose name could be known.
  const isPart = /(handler|path|route|uri|method|endpoint)\s*=/.test(indicator.total)
  if (isPart) return undefined
  const bound = /_bucket\s*\{[^}]*\ble\s*=\s*"([0-9.]+)"/.exec(indicator.events)?.[1]
  if (bound !== undefined) {
    const unitMs = /_milliseconds_|_ms_/.test(indicator.events) ? 1 : 1000
    const percentile = Number((target * 100).toPrecision(10))
    return {
      metric: 'http_req_duration',
      source: `p(${percentile})<${Number((Number(bound) * unitMs).toPrecision(10))}`,
    }
  }
  const isHttp =
    /http|request/.test(indicator.total) && /(code|status)\w*\s*(=~|!~|=|!=)\s*"[^"]*[45]/.test(indicator.events)
  return isHttp ? { metric: 'http_req_failed', source: `rate<${allowedShare(target)}` } : undefined
}

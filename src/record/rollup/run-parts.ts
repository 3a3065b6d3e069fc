/** Totals of the run by endpoint, scenario, group and way of failing: what every report of a record shows. */
import { Merger } from '../merger.js'
import type { SeriesWindow } from '../series-reader.js'
import type { RunParts } from './types.js'

/** The metrics of a row in a table of parts: merging every metric by every part would cost five times as much. */
const shown: ReadonlySet<string> = new Set([
  'http_reqs',
  'http_req_failed',
  'http_req_duration',
  'http_req_response_time',
  'iterations',
  'iteration_duration',
])

export const partNames: readonly (keyof RunParts)[] = ['endpoints', 'scenarios', 'groups', 'failures', 'whole']

export class RunPartsMerger {
  readonly #mergers: Readonly<Record<keyof RunParts, Merger>> = {
    endpoints: new Merger({ by: ['method', 'name', 'url'], metrics: shown }),
    scenarios: new Merger({ by: ['scenario'], metrics: shown }),
    groups: new Merger({ by: ['group'], metrics: shown }),
    failures: new Merger({ metric: 'http_req_failed', by: ['status', 'error', 'error_code'] }),
    whole: new Merger({}),
  }

  /** Totals that are held. */
  get size(): number {
    return partNames.reduce((sum, name) => sum + this.#mergers[name].size, 0)
  }

  add(window: SeriesWindow): void {
    for (const name of partNames) this.#mergers[name].add(window)
  }

  totals(): RunParts {
    return Object.fromEntries(partNames.map((name) => [name, this.#mergers[name].totals()])) as unknown as RunParts
  }
}

/**
 * Turns the windows of a run into what the live view shows: rates and percentiles second by second, errors by kind.
 */
import type { Scenario } from '#config/types.js'
import type { WorkerWindow } from '#engine/native/worker/protocol.js'
import { endpointName } from '#metrics/index.js'
import type { Metric } from '#metrics/types.js'
import type { LiveState, LiveThreshold } from '#report/live/render.js'
import { Sketch } from '#stats/index.js'

/** Seconds that the sparklines look back. */
const historyS = 60

export interface TrackedMetrics {
  readonly http_reqs: Metric
  readonly http_req_failed: Metric
  readonly http_req_duration: Metric
}

export class LiveTracker {
  readonly #metrics: TrackedMetrics
  readonly #scenarios: Readonly<Record<string, Scenario>>
  readonly #totalS: number
  readonly #tags = new Map<number, ReadonlyMap<string, string>>()
  readonly #requestsPerS: number[] = []
  readonly #p50: (number | undefined)[] = []
  readonly #p95: (number | undefined)[] = []
  readonly #p99: (number | undefined)[] = []
  readonly #errors = new Map<string, number>()
  readonly #endpoints = new Map<string, Sketch>()
  readonly #started = new Map<string, number>()
  readonly #gotPerS = new Map<string, number>()
  #last: WorkerWindow | undefined
  #health: WorkerWindow['health'] = []
  #requests = 0
  #failed = 0
  /** Requests that got no response at all. */
  unanswered = 0
  thresholds: readonly LiveThreshold[] = []
  phase: LiveState['phase'] = 'init'

  constructor(metrics: TrackedMetrics, scenarios: Readonly<Record<string, Scenario>>, totalNs: number) {
    this.#metrics = metrics
    this.#scenarios = scenarios
    this.#totalS = totalNs / 1e9
  }

  /** @param lengthS  of the window */
  window(window: WorkerWindow, lengthS: number): void {
    for (const set of window.batch.tagSets) this.#tags.set(set.id, new Map(set.entries))
    const duration = new Sketch()
    let requests = 0
    for (const row of window.batch.rows) {
      if (row.metric === this.#metrics.http_reqs.id) requests += row.sum
      else if (row.metric === this.#metrics.http_req_failed.id) this.#countFailures(row.tags, row.count, row.sum)
      else if (row.metric === this.#metrics.http_req_duration.id) {
        duration.mergeRow(row)
        this.#endpoint(row.tags)?.mergeRow(row)
      }
    }
    push(this.#requestsPerS, requests / Math.max(lengthS, 0.001))
    push(this.#p50, duration.quantile(0.5))
    push(this.#p95, duration.quantile(0.95))
    push(this.#p99, duration.quantile(0.99))
    for (const scenario of window.scenarios) {
      const before = this.#started.get(scenario.name) ?? 0
      this.#gotPerS.set(scenario.name, (scenario.started - before) / Math.max(lengthS, 0.001))
      this.#started.set(scenario.name, scenario.started)
    }
    this.#last = window
    if (window.health.length > 0) this.#health = window.health
  }

  state(elapsedS: number): LiveState {
    const last = this.#last
    const slowest = [...this.#endpoints]
      .map(([name, sketch]) => ({ name, p95: sketch.quantile(0.95) ?? 0 }))
      .sort((a, b) => b.p95 - a.p95)[0]
    return {
      elapsedS,
      totalS: this.#totalS,
      phase: this.phase,
      scenarios: Object.values(this.#scenarios).map((config) => {
        const now = last?.scenarios.find((scenario) => scenario.name === config.name)
        return {
          name: config.name,
          executor: config.executor,
          state: now?.state ?? 'waiting',
          done: now?.done ?? 0,
          labels: now?.labels ?? [],
          askedPerS: now?.askedPerS,
          gotPerS: this.#gotPerS.get(config.name) ?? 0,
          dropped: now?.dropped ?? 0,
        }
      }),
      vusActive: last?.vusActive ?? 0,
      vusInitialized: last?.vusInitialized ?? 0,
      iterationsCompleted: last?.iterationsCompleted ?? 0,
      iterationsInterrupted: last?.iterationsInterrupted ?? 0,
      requestsPerS: this.#requestsPerS,
      p50: this.#p50,
      p95: this.#p95,
      p99: this.#p99,
      errorRatio: this.#requests === 0 ? undefined : this.#failed / this.#requests,
      errors: [...this.#errors].sort((a, b) => b[1] - a[1]),
      thresholds: this.thresholds,
      generator:
        this.#health.length === 0
          ? undefined
          : {
              cpuRatio: Math.max(...this.#health.map(({ cpuRatio }) => cpuRatio)),
              lagMs: Math.max(...this.#health.map(({ loopLagMsP99 }) => loopLagMsP99)),
            },
      slowest: this.#endpoints.size > 1 ? slowest : undefined,
    }
  }

  #countFailures(tagsId: number, count: number, failed: number): void {
    this.#requests += count
    this.#failed += failed
    if (failed === 0) return
    const tags = this.#tags.get(tagsId)
    const status = tags?.get('status') ?? '0'
    if (status === '0') this.unanswered += failed
    const kind = errorKind(status, tags?.get('error_code'))
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + failed)
  }

  #endpoint(tagsId: number): Sketch | undefined {
    const tags = this.#tags.get(tagsId)
    const name = tags?.get('name')
    if (name === undefined) return undefined
    const key = endpointName({ method: tags?.get('method'), name }) ?? name
    let sketch = this.#endpoints.get(key)
    if (sketch === undefined && this.#endpoints.size < 200) {
      sketch = new Sketch()
      this.#endpoints.set(key, sketch)
    }
    return sketch
  }
}

/** A failed request in a word, by its status (`0` without an answer) and k6's error code. */
export function errorKind(status: string, code: string | undefined): string {
  return status === '0' ? (errorKinds[code ?? ''] ?? 'no answer') : `${status[0]}xx`
}

/** k6's error codes in a word. */
const errorKinds: Readonly<Record<string, string>> = {
  '1050': 'timeout',
  '1101': 'dns',
  '1100': 'dns',
  '1110': 'blocked ip',
  '1111': 'blocked host',
  '1211': 'dial timeout',
  '1212': 'refused',
  '1220': 'reset',
  '1300': 'tls',
  '1310': 'certificate',
  '1311': 'certificate',
  '1701': 'decompression',
}

function push<T>(list: T[], value: T): void {
  list.push(value)
  if (list.length > historyS) list.shift()
}

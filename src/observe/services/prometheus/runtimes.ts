/**
 * Metrics that the runtimes' own client libraries expose, under the catalogue's names: Go's client_golang (collectors
 * `NewGoCollector` with and without runtime metrics), Node's prom-client (default metrics), Python's prometheus_client.
 */
import type { Reading, Readings } from '#record/observed.js'
import type { Rates } from '../rates.js'
import type { Exposition } from './exposition.js'

/** Readings for the parts `go`, `node` and `python`, of what is there. */
export function runtimeReadings(exposition: Exposition, rates: Rates): Record<string, Readings> {
  const series = new Series(exposition, rates)
  const parts: Record<string, Readings> = {}
  if (series.has('go_goroutines')) parts['go'] = goReadings(series)
  if (series.has('nodejs_version_info') || series.has('nodejs_eventloop_lag_seconds'))
    parts['node'] = nodeReadings(series)
  if (series.has('python_info')) parts['python'] = pythonReadings(series)
  return parts
}

function goReadings(series: Series): Readings {
  const mutex = series.perS('go_sync_mutex_wait_total_seconds_total')
  const gc = series.perS('go_cpu_classes_gc_total_cpu_seconds_total')
  const cpu = series.perS('process_cpu_seconds_total')
  return {
    goroutines: series.value('go_goroutines'),
    gomaxprocs: series.value('go_sched_gomaxprocs_threads'),
    heap_inuse_bytes: series.value('go_memstats_heap_inuse_bytes'),
    heap_after_gc_bytes: series.value('go_gc_heap_live_bytes'),
    gc_ratio: gc === undefined || cpu === undefined || cpu <= 0 ? undefined : Math.min(1, gc / cpu),
    gc_per_s: series.perS('go_gc_duration_seconds_count'),
    alloc_bytes_per_s: series.perS('go_memstats_alloc_bytes_total'),
    mutex_wait_ms_per_s: mutex === undefined ? undefined : mutex * 1000,
  }
}

function nodeReadings(series: Series): Readings {
  const ms = (name: string): number | undefined => {
    const seconds = series.value(name)
    return seconds === undefined ? undefined : seconds * 1000
  }
  return {
    event_loop_lag_p50_ms: ms('nodejs_eventloop_lag_p50_seconds'),
    event_loop_lag_p99_ms: ms('nodejs_eventloop_lag_p99_seconds'),
    event_loop_lag_max_ms: ms('nodejs_eventloop_lag_max_seconds'),
    gc_ratio: series.perS('nodejs_gc_duration_seconds_sum'),
    gc_minor_per_s: series.perS('nodejs_gc_duration_seconds_count', { kind: 'minor' }),
    gc_major_per_s: series.perS('nodejs_gc_duration_seconds_count', { kind: 'major' }),
    heap_used_bytes: series.value('nodejs_heap_size_used_bytes'),
    heap_space_bytes: series.each('nodejs_heap_space_size_used_bytes', 'space', 'space'),
    external_bytes: series.value('nodejs_external_memory_bytes'),
    active_handles: series.each('nodejs_active_resources', 'type', 'type'),
  }
}

function pythonReadings(series: Series): Readings {
  return { gc_collections_per_s: series.perS('python_gc_collections_total') }
}

class Series {
  readonly #byName = new Map<string, Exposition['samples'][number][]>()
  readonly #rates: Rates

  constructor(exposition: Exposition, rates: Rates) {
    this.#rates = rates
    for (const sample of exposition.samples) {
      if (!/^(?:go|nodejs|python|process)_/.test(sample.name)) continue
      const list = this.#byName.get(sample.name)
      if (list === undefined) this.#byName.set(sample.name, [sample])
      else list.push(sample)
    }
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  value(name: string): number | undefined {
    const value = this.#byName.get(name)?.[0]?.value
    return value !== undefined && Number.isFinite(value) ? value : undefined
  }

  /** Rate of the sum over all series of the name that have the labels. */
  perS(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const wanted = Object.entries(labels)
    const found = this.#byName.get(name)?.filter((one) => wanted.every(([key, value]) => one.labels[key] === value))
    if (found === undefined || found.length === 0) return undefined
    const key = `runtime ${name} ${JSON.stringify(labels)}`
    return this.#rates.perS(
      key,
      found.reduce((sum, one) => sum + one.value, 0),
    )
  }

  each(name: string, label: string, tag: string): Reading {
    const found = this.#byName.get(name)?.slice(0, 50)
    return found?.map((one) => ({ tags: { [tag]: (one.labels[label] ?? '').slice(0, 60) }, value: one.value }))
  }
}

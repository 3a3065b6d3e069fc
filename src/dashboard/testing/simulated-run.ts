/** Windows of a long run with many endpoints, as an engine makes them, as fast as they can be taken in. */
import { type Metric, MetricRegistry, MetricStore, type TagSet, TagRegistry } from '#metrics/index.js'
import type { WindowBatch } from '#metrics/types.js'

export interface SimulationOptions {
  readonly endpoints: number
  /** Endpoints that have a request in a given second; the others have their turn later. */
  readonly activeEach: number
  /** Of an endpoint; `GET /endpoint/17` when left out. */
  readonly nameOf?: (endpoint: number) => string
}

export interface SimulatedSecond {
  readonly batch: WindowBatch
  readonly time: { readonly fromNs: number; readonly toNs: number; readonly unixMs: number }
}

/** Second after second, without end. Response times drift with the hour and jump now and then; one in a hundred fails. */
export function* simulatedRun(options: SimulationOptions): Generator<SimulatedSecond> {
  const registry = new MetricRegistry()
  const define = {
    reqs: registry.define('http_reqs', 'counter'),
    duration: registry.define('http_req_duration', 'trend', 'time'),
    waiting: registry.define('http_req_waiting', 'trend', 'time'),
    failed: registry.define('http_req_failed', 'rate'),
    iterations: registry.define('iterations', 'counter'),
    vus: registry.define('vus', 'gauge'),
    vusMax: registry.define('vus_max', 'gauge'),
    checks: registry.define('checks', 'rate'),
  } satisfies Record<string, Metric>
  const tags = new TagRegistry()
  const store = new MetricStore(registry, tags)
  const { endpoints, activeEach, nameOf = (i) => `GET /endpoint/${i}` } = options
  const none = tags.intern([])
  const setsOf = (i: number): readonly [ok: TagSet, failed: TagSet] => {
    const common = { method: 'GET', name: nameOf(i), scenario: 'default', group: '' }
    return [none.withAll({ ...common, status: '200' }), none.withAll({ ...common, status: '503' })]
  }
  const sets = Array.from({ length: endpoints }, (_, i) => setsOf(i))
  const check = none.withAll({ check: 'status is 200', group: '' })
  let seed = 1
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  for (let second = 0; ; second++) {
    for (let n = 0; n < activeEach; n++) {
      const i = (second * activeEach + n) % endpoints
      const isFailed = random() < 0.01
      const set = sets[i]?.[isFailed ? 1 : 0] as TagSet
      const ms = 5 + (i % 40) + 30 * random() ** 4 + (second % 600 > 580 ? 120 : 0) + second / 720
      store.add(define.reqs, set, 1)
      store.add(define.duration, set, ms)
      store.add(define.waiting, set, ms * 0.9)
      store.add(define.failed, set, isFailed ? 1 : 0)
      store.add(define.checks, check, isFailed ? 0 : 1)
    }
    store.add(define.iterations, none, activeEach / 5)
    store.add(define.vus, none, 50)
    store.add(define.vusMax, none, 60)
    const toNs = (second + 1) * 1e9
    yield { batch: store.drain(), time: { fromNs: second * 1e9, toNs, unixMs: 1_700_000_000_000 + toNs / 1e6 } }
  }
}

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { defineBuiltinMetrics, MetricAggregate, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import { IdBook, SampleMerger, WindowMerger } from './merge-windows.js'
import type { WorkerWindow } from './worker/protocol.js'

/** A worker's real store; ids of metrics and tag sets differ between two of these on purpose. */
function worker(own: string) {
  const metrics = new MetricRegistry()
  const tags = new TagRegistry()
  const builtin = defineBuiltinMetrics(metrics)
  metrics.define(`only_${own}`, 'counter')
  const custom = metrics.define('custom', 'gauge')
  const store = new MetricStore(metrics, tags)
  tags.root.with('made_first', own)
  const window = (unixMs: number, more: Partial<WorkerWindow> = {}): WorkerWindow => ({
    unixMs,
    batch: store.drain(),
    scenarios: [],
    vusActive: 0,
    vusInitialized: 0,
    iterationsCompleted: 0,
    iterationsInterrupted: 0,
    health: [],
    errors: [],
    ...more,
  })
  return { builtin, custom, store, tags, window, metrics }
}

function crew(count: number) {
  const out: WorkerWindow[] = []
  const merger = new WindowMerger(count, new IdBook(), (window) => out.push(window))
  return { out, merger, workers: Array.from({ length: count }, (_, i) => worker('abc'[i] ?? 'z')) }
}

describe('windows of several workers', () => {
  it('become one, in which nothing is lost or counted twice', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            worker: fc.nat(2),
            status: fc.constantFrom('200', '500'),
            ms: fc.double({ min: 0.1, max: 1e4 }),
          }),
          { maxLength: 60 },
        ),
        (samples) => {
          const { out, merger, workers } = crew(3)
          merger.expect([0, 1, 2])
          const alone = worker('a')
          for (const sample of samples) {
            for (const one of [workers[sample.worker], alone]) {
              if (one === undefined) continue
              const tags = one.tags.root.with('status', sample.status)
              one.store.add(one.builtin.http_reqs, tags, 1)
              one.store.add(one.builtin.http_req_duration, tags, sample.ms)
              one.store.add(one.builtin.http_req_failed, tags, sample.status === '500' ? 1 : 0)
            }
          }
          workers.forEach((one, w) => merger.add(w, one.window(1000 + w)))
          expect(out).toHaveLength(1)
          const summary = (batch: WorkerWindow['batch']): unknown => {
            const aggregate = new MetricAggregate(new MetricRegistry())
            aggregate.merge(batch, { fromNs: 0, toNs: 1e9 })
            return aggregate.registry.all
              .map(({ name }) => aggregate.total(aggregate.registry.get(name) as never))
              .filter(({ sink }) => sink.count > 0)
              .map(({ name, sink }) => [name, sink.count, sink.min, sink.max, sink.sketch.quantile(0.5)])
              .sort()
          }
          expect(summary((out[0] as WorkerWindow).batch)).toEqual(summary(alone.window(1).batch))
          const rows = (out[0] as WorkerWindow).batch.rows.map((row) => `${row.metric} ${row.tags}`)
          expect(new Set(rows).size).toBe(rows.length)
        },
      ),
    )
  })

  it('wait for all workers, but not for one that fell behind or left', () => {
    const { out, merger, workers } = crew(2)
    const [a, b] = workers as [ReturnType<typeof worker>, ReturnType<typeof worker>]
    merger.expect([0, 1])
    merger.add(0, a.window(1))
    expect(out).toHaveLength(0)
    merger.add(1, b.window(1))
    expect(out).toHaveLength(1)
    merger.add(0, a.window(2))
    merger.add(0, a.window(3))
    merger.add(0, a.window(4))
    expect(out).toHaveLength(2)
    merger.add(0, a.window(5))
    merger.leave(1)
    expect(out).toHaveLength(3)
    merger.add(1, b.window(6))
    merger.leave(0)
    expect(out).toHaveLength(3)
    merger.flush()
    expect(out).toHaveLength(4)
  })

  it('keep what each worker alone can tell, and announce everything once', () => {
    const { out, merger, workers } = crew(2)
    merger.expect([0, 1])
    const state = { name: 's', done: 0.5, labels: [], askedPerS: undefined, started: 3, dropped: 0 }
    for (let second = 1; second <= 2; second++) {
      workers.forEach((one, w) => {
        one.store.add(one.custom, one.tags.root.with('k', 'v'), 10 * w + second)
        merger.add(
          w,
          one.window(second, {
            errors: [{ message: 'boo', count: 1 + w }],
            scenarios: [{ ...state, state: w === 0 ? 'done' : 'running' }],
            iterationsCompleted: second + w,
          }),
        )
      })
    }
    expect(out.map(({ errors }) => errors)).toEqual([[{ message: 'boo', count: 3 }], [{ message: 'boo', count: 3 }]])
    expect(out[0]?.scenarios).toEqual([{ ...state, state: 'running' }])
    expect(out.map(({ iterationsCompleted }) => iterationsCompleted)).toEqual([2, 3])
    expect(out[0]?.batch.metrics.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['only_a', 'only_b', 'custom']),
    )
    expect([out[1]?.batch.metrics, out[1]?.batch.tagSets]).toEqual([[], []])
    expect(out[1]?.batch.rows).toMatchObject([{ count: 2, sum: 12, min: 2, max: 12 }])
  })
})

describe('raw samples of several workers', () => {
  it('speak of metrics and tag sets in ids of the run', () => {
    const merger = new SampleMerger(new IdBook())
    const batches = ['a', 'b'].map((own, w) => {
      const one = worker(own)
      const tags = one.tags.root.with('from', 'both')
      const metric = one.metrics.get('custom')!
      return merger.merge(w, {
        metrics: one.metrics.all,
        tagSets: [{ id: tags.id, entries: tags.entries }],
        samples: [{ metric: metric.id, tags: tags.id, value: w, unixMs: systemClock.unixMs(), metadata: undefined }],
      })
    })
    const [first, second] = batches.map(({ samples }) => samples[0])
    expect([first?.metric, first?.tags]).toEqual([second?.metric, second?.tags])
    expect(batches[0]?.metrics.find(({ id }) => id === first?.metric)?.name).toBe('custom')
    expect(batches[1]?.tagSets).toEqual([])
  })
})

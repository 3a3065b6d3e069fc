import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SimClock } from '#base/clock.js'
import { MetricAggregate } from './aggregate.js'
import { breakdownBy, OTHER_KEY, parseBreakdownBy } from './breakdown.js'
import { type BuiltinMetrics, defineBuiltinMetrics } from './builtin.js'
import { MetricRegistry } from './registry.js'
import { parseSelector } from './selector.js'
import { EXACT_LIMIT } from './series.js'
import { MetricStore } from './store.js'
import { TagRegistry } from './tags.js'
import type { WindowBatch } from './types.js'

class Worker {
  readonly registry = new MetricRegistry()
  readonly tags = new TagRegistry()
  readonly builtin: BuiltinMetrics = defineBuiltinMetrics(this.registry)
  readonly store = new MetricStore(this.registry, this.tags)

  drain(): WindowBatch {
    return structuredClone(this.store.drain())
  }
}

function coordinator(...breakdowns: Parameters<typeof breakdownBy>[0][]): {
  aggregate: MetricAggregate
  builtin: BuiltinMetrics
} {
  const registry = new MetricRegistry()
  const builtin = defineBuiltinMetrics(registry)
  return { aggregate: new MetricAggregate(registry, { breakdowns: breakdowns.map(breakdownBy) }), builtin }
}

const SECOND = 1_000_000_000
const at = (second: number): { fromNs: number; toNs: number } => ({
  fromNs: second * SECOND,
  toNs: (second + 1) * SECOND,
})

describe('from samples to totals', () => {
  it('gives the same totals whatever the windows and workers in between', () => {
    const sample = fc.record({
      value: fc.double({ min: 0, max: 1e6, noNaN: true }),
      worker: fc.nat(2),
      status: fc.constantFrom('200', '500'),
    })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (samples, every) => {
        const workers = [new Worker(), new Worker(), new Worker()]
        // Ids of tag sets mean something only within a worker: make them differ.
        workers.forEach((worker, i) => worker.tags.root.with('seen by', String(i)))
        const { aggregate, builtin } = coordinator()
        samples.forEach(({ value, worker, status }, i) => {
          const { store, tags, builtin: own } = workers[worker]!
          const set = tags.root.with('status', status)
          store.add(own.http_req_duration, set, value)
          store.add(own.http_reqs, set, 1)
          store.add(own.http_req_failed, set, status === '500' ? 1 : 0)
          if (i % every === 0) workers.forEach((w, n) => aggregate.merge(w.drain(), at(i), `w${n}`))
        })
        workers.forEach((w, n) => aggregate.merge(w.drain(), at(999), `w${n}`))
        const durations = samples.map(({ value }) => value)
        const { sink } = aggregate.total(builtin.http_req_duration)
        expect(sink.count).toBe(samples.length)
        expect(sink.sketch.exact).toBe(true)
        expect(sink.max).toBe(Math.max(0, ...durations))
        expect(sink.values(2, ['count', 'med', 'p(100)'])).toEqual({
          count: samples.length,
          med: sink.sketch.quantile(0.5) ?? 0,
          'p(100)': Math.max(0, ...durations),
        })
        const failed = samples.filter(({ status }) => status === '500').length
        expect(aggregate.total(builtin.http_reqs).sink.values(2, [])).toEqual({
          count: samples.length,
          rate: samples.length / 2,
        })
        expect(aggregate.total(builtin.http_req_failed).sink.values(2, [])).toEqual({
          rate: samples.length === 0 ? 0 : failed / samples.length,
          passes: failed,
          fails: samples.length - failed,
        })
      }),
      { numRuns: 40 },
    )
  })

  it('is exact up to the limit of values, and says so no longer beyond', () => {
    const worker = new Worker()
    const { aggregate, builtin } = coordinator()
    const { sink } = aggregate.total(builtin.iteration_duration)
    for (let i = 1; i <= EXACT_LIMIT; i++) {
      worker.store.add(worker.builtin.iteration_duration, worker.tags.root, i)
      if (i % 100 === 0) aggregate.merge(worker.drain(), at(0))
    }
    aggregate.merge(worker.drain(), at(0))
    expect(sink.sketch.quantile(0.95)).toBe(1 + 0.95 * (EXACT_LIMIT - 1))
    worker.store.add(worker.builtin.iteration_duration, worker.tags.root, EXACT_LIMIT + 1)
    const batch = worker.drain()
    expect(batch.rows[0]?.values).toBeUndefined()
    aggregate.merge(batch, at(1))
    expect(sink.sketch.exact).toBe(false)
    expect(sink.sketch.quantile(0.95)! / (1 + 0.95 * EXACT_LIMIT)).toBeCloseTo(1, 2)
    expect(sink.count).toBe(EXACT_LIMIT + 1)
  })

  it('keeps the last value of a gauge, with its extremes', () => {
    const worker = new Worker()
    const { aggregate, builtin } = coordinator()
    for (const window of [
      [3, 9],
      [5, -1, 4],
    ]) {
      for (const value of window) worker.store.add(worker.builtin.vus, worker.tags.root, value)
      aggregate.merge(worker.drain(), at(0))
    }
    expect(aggregate.total(builtin.vus).sink.values(1, [])).toEqual({ value: 4, min: -1, max: 9 })
  })

  it('sends only what changed, and announces metrics and tag sets once', () => {
    const worker = new Worker()
    const set = worker.tags.root.with('a', '1')
    worker.store.add(worker.builtin.http_reqs, set, 1)
    const first = worker.drain()
    expect(first.metrics.length).toBe(worker.registry.all.length)
    expect(first.tagSets).toEqual([{ id: set.id, entries: [['a', '1']] }])
    expect(first.rows).toEqual([
      { metric: worker.builtin.http_reqs.id, tags: set.id, count: 1, sum: 1, min: 1, max: 1 },
    ])
    expect(worker.drain()).toEqual({ metrics: [], tagSets: [], rows: [] })
    worker.store.add(worker.builtin.http_reqs, set, 2)
    expect(worker.drain()).toEqual({ metrics: [], tagSets: [], rows: [expect.objectContaining({ count: 1, sum: 2 })] })
  })

  it('gives the memory of silent series back, and counts on when they speak again', () => {
    const worker = new Worker()
    const { aggregate, builtin } = coordinator()
    worker.store.add(worker.builtin.http_reqs, worker.tags.root, 1)
    for (let i = 0; i < 130; i++) aggregate.merge(worker.drain(), at(i))
    expect(worker.store.openSeries).toBe(0)
    worker.store.add(worker.builtin.http_reqs, worker.tags.root, 1)
    aggregate.merge(worker.drain(), at(131))
    expect(aggregate.total(builtin.http_reqs).sink.sum).toBe(2)
  })

  it('tells a listener of every sample, with the clock it was given', () => {
    const worker = new Worker()
    const seen: unknown[] = []
    worker.store.listen(new SimClock(5000), (metric, tags, value, unixMs, metadata) =>
      seen.push([metric.name, tags.toObject(), value, unixMs, metadata]),
    )
    worker.store.add(worker.builtin.http_reqs, worker.tags.root.with('a', 'b'), 1, { trace: 'x' })
    expect(seen).toEqual([['http_reqs', { a: 'b' }, 1, 5000, { trace: 'x' }]])
  })

  it('refuses rows of what was never announced', () => {
    const worker = new Worker()
    worker.store.add(worker.builtin.http_reqs, worker.tags.root, 1)
    const batch = worker.drain()
    const { aggregate } = coordinator()
    expect(() => aggregate.merge({ ...batch, metrics: [] }, at(0))).toThrow(/was never announced/)
    expect(() => aggregate.merge({ ...batch, tagSets: [] }, at(0), 'other')).toThrow(/was never announced/)
  })

  it('warns of too many series once per doubling', () => {
    const worker = new Worker()
    const warnings: string[] = []
    const registry = new MetricRegistry()
    defineBuiltinMetrics(registry)
    const aggregate = new MetricAggregate(registry, { warn: (message) => warnings.push(message) })
    for (let i = 0; i < 100_001; i++)
      worker.store.add(worker.builtin.http_reqs, worker.tags.root.with('id', String(i)), 1)
    aggregate.merge(worker.store.drain(), at(0))
    aggregate.merge(worker.store.drain(), at(1))
    expect(warnings.length).toBe(1)
    expect(warnings[0]).toContain('The test has generated metrics with 100001 unique time series')
  })
})

describe('parts of metrics', () => {
  it('count what their tags select, and expected responses always', () => {
    const worker = new Worker()
    const { aggregate, builtin } = coordinator()
    const part = aggregate.submetric(builtin.http_req_duration, parseSelector('http_req_duration{status:200,name:x}'))
    expect(aggregate.submetric(builtin.http_req_duration, parseSelector('http_req_duration{name:x,status:200}'))).toBe(
      part,
    )
    const { root } = worker.tags
    worker.store.add(
      worker.builtin.http_req_duration,
      root.withAll({ status: '200', name: 'x', expected_response: 'true' }),
      5,
    )
    worker.store.add(
      worker.builtin.http_req_duration,
      root.withAll({ status: '200', name: 'y', expected_response: 'false' }),
      7,
    )
    aggregate.merge(worker.drain(), at(0))
    expect(part.sink.sum).toBe(5)
    expect(aggregate.observed().map(({ name }) => name)).toEqual([
      'http_req_duration',
      'http_req_duration{expected_response:true}',
      'http_req_duration{status:200,name:x}',
    ])
  })

  it('may leave the first seconds out, or cover only the last ones', () => {
    const worker = new Worker()
    const { aggregate, builtin } = coordinator()
    const late = aggregate.view(builtin.http_reqs, undefined, { excludeFirstNs: 3 * SECOND, windowNs: undefined })
    const recent = aggregate.view(builtin.http_reqs, undefined, { excludeFirstNs: 0, windowNs: 2 * SECOND })
    for (let i = 0; i < 10; i++) {
      worker.store.add(worker.builtin.http_reqs, worker.tags.root, 10 ** i)
      aggregate.merge(worker.drain(), at(i))
    }
    expect(late.sink(10 * SECOND).sum).toBe(1_111_111_000)
    expect(late.durationNs(10 * SECOND)).toBe(7 * SECOND)
    expect(recent.sink(10 * SECOND).sum).toBe(1_100_000_000)
    expect(recent.durationNs(10 * SECOND)).toBe(2 * SECOND)
    expect(recent.sink(30 * SECOND).isEmpty).toBe(true)
  })
})

describe('breakdowns', () => {
  it('split totals by endpoint, scenario, group, stage and any tag, without thresholds', () => {
    const worker = new Worker()
    const { aggregate } = coordinator('endpoint', 'scenario', 'group', 'stage', 'tag:region')
    const base = worker.tags.root.withAll({
      scenario: 's',
      group: '::a',
      method: 'GET',
      name: '/p/:id',
      url: '/p/1',
      stage: '2',
      region: 'eu',
    })
    worker.store.add(worker.builtin.http_reqs, base, 1)
    worker.store.add(worker.builtin.http_reqs, base.with('group', '').without('name'), 1)
    worker.store.add(worker.builtin.checks, base.with('check', 'ok'), 0)
    aggregate.merge(worker.drain(), at(0))
    const keys = aggregate.breakdowns.map(({ by, parts }) => [by, [...parts.keys()]])
    expect(keys).toEqual([
      ['endpoint', ['GET /p/:id', 'GET /p/1']],
      ['scenario', ['s']],
      ['group', ['::a', '(no group)']],
      ['stage', ['2']],
      ['tag:region', ['eu']],
    ])
    expect(aggregate.breakdowns[1]?.parts.get('s')?.checks.get('ok')).toEqual({ name: 'ok', passes: 0, fails: 1 })
  })

  it('are bounded: what comes late stands together', () => {
    const worker = new Worker()
    const { aggregate } = coordinator('endpoint')
    for (let i = 0; i < 1000; i++)
      worker.store.add(worker.builtin.http_reqs, worker.tags.root.with('url', `/p/${i}`), 1)
    aggregate.merge(worker.drain(), at(0))
    const [endpoints] = aggregate.breakdowns
    expect(endpoints?.parts.size).toBe(201)
    expect(endpoints?.overflowed).toBe(true)
    const other = [...(endpoints?.parts.get(OTHER_KEY)?.metrics.values() ?? [])]
    expect(other[0]?.sum).toBe(800)
  })

  it.each(['endpoint', 'scenario', 'group', 'stage', 'tag:x'])('may be asked for by %s', (text) => {
    expect(parseBreakdownBy(text)).toBe(text)
  })

  it.each(['', 'tag:', 'url', 'Endpoint'])("may not be asked for by '%s'", (text) => {
    expect(parseBreakdownBy(text)).toBeUndefined()
  })
})

describe('checks and groups', () => {
  it('form a tree in the order in which they were first seen', () => {
    const worker = new Worker()
    const { aggregate } = coordinator()
    const check = (group: string, name: string, ok: boolean): void =>
      worker.store.add(worker.builtin.checks, worker.tags.root.withAll({ group, check: name }), ok ? 1 : 0)
    check('::b', 'second', true)
    check('', 'first', false)
    check('::b::c', 'second', false)
    worker.store.add(worker.builtin.group_duration, worker.tags.root.with('group', '::empty'), 3)
    worker.store.add(worker.builtin.http_reqs, worker.tags.root.with('group', '::only requests'), 3)
    aggregate.merge(worker.drain(), at(0))
    check('', 'first', true)
    aggregate.merge(worker.drain(), at(1))
    const { root } = aggregate.checks
    expect([...root.groups.keys()]).toEqual(['b', 'empty'])
    expect(root.groups.get('b')?.groups.get('c')?.path).toBe('::b::c')
    expect(root.checks.get('first')).toEqual({ name: 'first', passes: 1, fails: 1 })
    expect(aggregate.checks.flat()).toEqual([
      { name: 'second', passes: 1, fails: 1 },
      { name: 'first', passes: 1, fails: 1 },
    ])
  })

  it('are bounded, whatever a script puts into their names', () => {
    const worker = new Worker()
    const { aggregate } = coordinator()
    for (let i = 0; i < 12_000; i++) {
      worker.store.add(worker.builtin.checks, worker.tags.root.withAll({ group: '', check: `id ${i}` }), 1)
      worker.store.add(worker.builtin.group_duration, worker.tags.root.with('group', `::g${i}`), 1)
    }
    aggregate.merge(worker.drain(), at(0))
    const { root } = aggregate.checks
    expect(root.checks.size + root.groups.size).toBeLessThanOrEqual(10_002)
    expect([...root.checks.values()].reduce((sum, { passes }) => sum + passes, 0)).toBe(12_000)
  })
})

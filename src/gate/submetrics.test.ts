import { describe, expect, it } from 'vitest'
import { MetricAggregate, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import { declareSubmetrics, metadataTagWarnings } from './submetrics.js'

describe('--no-thresholds', () => {
  it('counts the parts that thresholds name, and only warns of the rest, as k6 v2.2 does', () => {
    const registry = new MetricRegistry()
    const metric = registry.define('t_t', 'trend')
    const aggregate = new MetricAggregate(registry)
    const keys = ['t_t{a:b}', 'nope', 't_t{}', 't_t{x', 't_t{c:}', 't_t{never:1}', 't_t']
    const warnings = declareSubmetrics(Object.fromEntries(keys.map((key) => [key, []])), aggregate)
    expect(warnings).toEqual([
      {
        message: "Invalid metric 'nope' in threshold definitions",
        error: "metric 'nope' does not exist in the script",
      },
      {
        message: "Invalid metric 't_t{}' in threshold definitions",
        error: "submetric criteria for metric 't_t' cannot be empty",
      },
      {
        message: "Invalid metric 't_t{x' in threshold definitions",
        error: "missing ending bracket, sub-metric format needs to be 'metric{key:value}'",
      },
    ])
    const tags = new TagRegistry()
    const store = new MetricStore(registry, tags)
    store.add(metric, tags.root.withAll({ a: 'b', c: '' }), 5)
    aggregate.merge(store.drain(), { fromNs: 0, toNs: 1e9 })
    expect(aggregate.observed().map(({ name }) => name)).toEqual(['t_t', 't_t{a:b}', 't_t{c:}'])
  })
})

describe('thresholds on vu and iter', () => {
  it("are warned of in k6's words, once per tag", () => {
    const keys = ['t_t{vu:1}', 't_t{iter:1,vu:2,a:b}', 'vus', 't_t{name:vu}']
    const warnings = metadataTagWarnings(Object.fromEntries(keys.map((key) => [key, []])))
    expect(warnings.length).toBe(3)
    expect(warnings[0]).toBe(
      "The high-cardinality 'vu' metric tag was made non-indexable in k6 v0.41.0, so thresholds like 't_t{vu:1}' that are " +
        "based on it won't work correctly.",
    )
  })
})

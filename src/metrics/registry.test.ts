import { describe, expect, it } from 'vitest'
import { defineBrowserMetrics, defineBuiltinMetrics, defineGrpcMetrics } from './builtin.js'
import { MetricRegistry } from './registry.js'

describe('MetricRegistry', () => {
  it.each(['ab', '_a', 'a'.repeat(129), 'A_9'])('accepts the name %s, as k6 does', (name) => {
    expect(new MetricRegistry().define(name, 'counter').name).toBe(name)
  })

  it.each(['', 'a', '9a', 'a-b', 'a b', 'a.b', 'ü1', 'a'.repeat(130), 'ab\n'])(
    "refuses the name '%s' in k6's words",
    (name) => {
      expect(() => new MetricRegistry().define(name, 'counter')).toThrow(
        `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores ` +
          'and start with a letter or an underscore.',
      )
    },
  )

  it('finds a metric that is defined alike, and refuses one that is not', () => {
    const registry = new MetricRegistry()
    const metric = registry.define('my_trend', 'trend', 'time')
    expect(registry.define('my_trend', 'trend', 'time')).toBe(metric)
    expect(() => registry.define('my_trend', 'rate')).toThrow(
      "metric 'my_trend' already exists but with type trend, instead of rate",
    )
    expect(() => registry.define('my_trend', 'trend')).toThrow(
      "metric 'my_trend' already exists but with a value type time, instead of default",
    )
  })

  it('gives dense ids in the order of definition', () => {
    const registry = new MetricRegistry()
    const builtin = defineBuiltinMetrics(registry)
    defineGrpcMetrics(registry)
    defineBrowserMetrics(registry)
    expect(registry.all.map(({ id }) => id)).toEqual(registry.all.map((_, i) => i))
    expect(registry.get('http_req_duration')).toBe(builtin.http_req_duration)
  })

  it('lets a script use the name of one of our own metrics', () => {
    const registry = new MetricRegistry()
    const { http_req_response_time: own } = defineBuiltinMetrics(registry)
    const theirs = registry.define('http_req_response_time', 'counter')
    expect(theirs).not.toBe(own)
    expect(registry.get('http_req_response_time')).toBe(theirs)
  })
})

/**
 * Module `k6/metrics`: Counter, Gauge, Rate, Trend.
 * Source: grafana.com/docs/k6, "javascript-api/k6-metrics"; texts verified on k6 2.2.
 */
import type { Metric, MetricType, TagSet } from '#metrics/types.js'
import { tagValue } from './k6.js'
import type { VuScope } from '../types.js'

export function createMetricsModule(vu: VuScope): Record<string, unknown> {
  const classes = Object.fromEntries(
    (['Counter', 'Gauge', 'Rate', 'Trend'] as const).map((name) => [name, metricClass(vu, name)]),
  )
  return { default: classes, ...classes }
}

function metricClass(vu: VuScope, className: string): unknown {
  const type = className.toLowerCase() as MetricType
  const construct = function (this: object, ...args: unknown[]): void {
    if (!new.target) throw new vu.realm.TypeError(`Class constructor ${className} cannot be invoked without 'new'`)
    const metric = vu.defineMetric(
      args[0] === undefined ? '' : String(args[0]),
      type,
      args[1] === true ? 'time' : 'default',
    )
    Object.defineProperty(this, 'name', { value: metric.name, enumerable: true })
    metrics.set(this, metric)
  }
  Object.defineProperty(construct, 'name', { value: className })
  const add = function (this: object, value: unknown, tags?: unknown): boolean {
    const metric = metrics.get(this)
    if (metric === undefined) throw new vu.realm.TypeError(`${className}.add called on something that is no metric`)
    return addSample(vu, metric, value, tags)
  }
  Object.defineProperty(construct.prototype, 'add', { value: add, writable: true, configurable: true })
  Object.setPrototypeOf(construct.prototype as object, vu.realm.Object.prototype)
  return construct
}

const metrics = new WeakMap<object, Metric>()

function addSample(vu: VuScope, metric: Metric, value: unknown, extraTags: unknown): boolean {
  if (vu.phase === 'init') throw new vu.realm.GoError('Adding to metrics in the init context is not supported')
  const number = typeof value === 'boolean' ? (value ? 1 : 0) : toNumber(value)
  if (number === undefined || Number.isNaN(number)) {
    const message = `'${String(value)}' is an invalid value for metric '${metric.name}', a number or a boolean value is expected`
    if (vu.options.throw) throw new vu.realm.GoError(message)
    vu.log.warn(message)
    return false
  }
  let tags: TagSet = vu.tags
  if (extraTags !== undefined && extraTags !== null) {
    for (const [key, tag] of Object.entries(extraTags as object)) {
      try {
        tags = tags.with(key, tagValue(vu, key, tag))
      } catch (error) {
        throw new vu.realm.GoError(
          `cannot add tags for the '${metric.name}' custom metric: ${(error as Error).message}`,
        )
      }
    }
  }
  vu.samples.add(metric, tags, number, vu.metadata)
  return true
}

function toNumber(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined
  try {
    return Number(value)
  } catch {
    return undefined
  }
}

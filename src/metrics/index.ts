export { MetricAggregate, type ObservedMetric } from './aggregate.js'
export {
  Breakdown,
  type BreakdownBy,
  type BreakdownPart,
  breakdownBy,
  endpointName,
  parseBreakdownBy,
} from './breakdown.js'
export { type BuiltinMetrics, defineBuiltinMetrics } from './builtin.js'
export { type CheckCount, type GroupNode, pathId } from './checks.js'
export { parseGoFloat } from './go-float.js'
export { MetricRegistry } from './registry.js'
export { type MetricSelector, parseSelector, parseTags } from './selector.js'
export { MetricSink } from './sink.js'
export { MetricStore } from './store.js'
export { TagRegistry } from './tags.js'
export type { Metric, MetricType, TagSet, ValueKind } from './types.js'
export type { MetricView } from './view.js'

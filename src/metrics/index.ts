export { type AggregateOptions, MetricAggregate, type ObservedMetric, type WindowTime } from './aggregate.js'
export {
  Breakdown,
  type BreakdownBy,
  type BreakdownPart,
  breakdownBy,
  OTHER_KEY,
  parseBreakdownBy,
} from './breakdown.js'
export {
  type BrowserMetrics,
  type BuiltinMetrics,
  defineBrowserMetrics,
  defineBuiltinMetrics,
  defineGrpcMetrics,
  type GrpcMetrics,
} from './builtin.js'
export { type CheckCount, CheckTree, type GroupNode, pathId } from './checks.js'
export { parseGoFloat } from './go-float.js'
export { MetricRegistry } from './registry.js'
export { type MetricSelector, parseSelector, parseTags, selects } from './selector.js'
export { EXACT_LIMIT } from './series.js'
export { MetricSink } from './sink.js'
export { MetricStore, type SampleListener } from './store.js'
export { TagRegistry } from './tags.js'
export { DEFAULT_TREND_STATS, parseTrendStat, type TrendStat, trendStatOf } from './trend-stat.js'
export type { Metric, MetricType, SampleSink, TagSet, ValueKind, WindowBatch, WindowRow } from './types.js'
export { MetricView, type ViewRange } from './view.js'

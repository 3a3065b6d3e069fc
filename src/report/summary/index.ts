export type { SummaryExtras } from './extras.js'
export { formatBytes, formatDuration, formatNumber, formatPercent, formatValue, type TimeUnit } from './format.js'
export {
  type K6DataContext,
  type K6Metric,
  type K6SummaryData,
  k6SummaryData,
  k6SummaryExport,
  type MachineReadableContext,
  machineReadableSummary,
} from './k6-data.js'
export {
  type FullModeBreakdowns,
  fullModeBreakdowns,
  type RunSummary,
  type SummaryBlock,
  type SummaryBreakdown,
  type SummaryCheck,
  type SummaryGroup,
  type SummaryInput,
  type SummaryMetric,
  type SummaryThresholds,
  summarize,
} from './model.js'
export { renderSummary, type SummaryTextOptions } from './text.js'

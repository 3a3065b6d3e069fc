export { k6SummaryData, k6SummaryExport, machineReadableSummary } from './k6-data.js'
export {
  type FullModeBreakdowns,
  fullModeBreakdowns,
  type RunSummary,
  type SummaryThresholds,
  summarize,
} from './model.js'
export { renderSummary } from './text.js'

export { type Aggregation, holds, parseExpression, type ThresholdExpression } from './expression.js'
export { failOnCheck, failOnError, type FailOnVerdict } from './fail-on.js'
export { declareSubmetrics, metadataTagWarnings, type SubmetricWarning } from './submetrics.js'
export {
  abortMessage,
  compileThresholds,
  crossedMessage,
  type MetricThresholdResults,
  type MetricThresholds,
  THRESHOLD_PERIOD_NS,
  ThresholdGate,
  type ThresholdResult,
  type ThresholdVerdict,
} from './thresholds.js'
export { judgeTrust, type Trust, type TrustInput, type TrustVerdict } from './trust.js'

export { failOnCheck, failOnError } from './fail-on.js'
export type { InjectorSecond } from './injector.js'
export { declareSubmetrics, metadataTagWarnings } from './submetrics.js'
export {
  abortMessage,
  compileThresholds,
  crossedMessage,
  THRESHOLD_PERIOD_NS,
  ThresholdGate,
} from './thresholds.js'
export { judgeTrust, type Trust } from './trust.js'

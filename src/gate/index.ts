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
export { baselineDir, baselineNames, readBaseline, runFactsSchema, writeBaseline } from './baseline.js'
export { type CompareOptions, compareRuns, enoughBaseline, type RunComparison } from './compare-runs.js'
export { comparisonMarkdown, comparisonText } from './compare-text.js'
export { type RunFacts, runFacts, type RunValue } from './run-facts.js'

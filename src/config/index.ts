/** Options: their sources, their precedence, their printed form. */
export { type ConfigFile, readConfigFile } from './config-file.js'
export {
  type Consolidated,
  consolidateOptions,
  DEFAULT_SYSTEM_TAGS,
  DEFAULT_TREND_STATS,
  exportOptions,
  inspectConsolidated,
  inspectOptions,
  type OptionSources,
} from './consolidate.js'
export { createShare, type Share, WHOLE } from './execution-segment.js'
export type { Tier } from './tiers.js'
export type {
  DnsOptions,
  ExecutorName,
  Options,
  Scenario,
  Stage,
  ThresholdSpec,
  TlsAuth,
} from './types.js'

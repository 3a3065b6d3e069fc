/** Options: their sources, their precedence, their printed form. */
export { type ConfigFile, readConfigFile } from './config-file.js'
export {
  type Consolidated,
  consolidateOptions,
  DEFAULT_TREND_STATS,
  exportOptions,
  inspectConsolidated,
  inspectOptions,
  type OptionSources,
} from './consolidate.js'
export { createShare, type Share, WHOLE } from './execution-segment.js'
export { DEFAULT_SYSTEM_TAGS } from './option-table.js'
export { readFlagTier, type ReadTier, type Tier } from './tiers.js'
export type { Problem } from './values.js'
export type {
  DnsOptions,
  ExecutorName,
  Options,
  Scenario,
  Stage,
  ThresholdSpec,
  TlsAuth,
} from './types.js'

/** Options: their sources, their precedence, their printed form. */
export { readConfigFile } from './config-file.js'
export {
  consolidateOptions,
  exportOptions,
  inspectConsolidated,
  inspectOptions,
  type OptionSources,
} from './consolidate.js'
export { createShare } from './execution-segment.js'
export { steadyStretches, type SteadyStretch } from './steady.js'
export { readFlagTier, readJsonTier, type Tier } from './tiers.js'
export { optionNames } from './option-table.js'
export type { Options, RefusedHost, Scenario } from './types.js'

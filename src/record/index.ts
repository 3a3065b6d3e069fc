/**
 * The run record: one folder per run, written while it goes on, readable ever after. Public as `perfwright/record`.
 *
 * @example
 * const record = await readRecord('.perfwright/runs/20261122T120000Z-checkout')
 * const p99 = await record.quantile('http_req_duration', 0.99, { tags: { name: '/cart' }, fromNs: 60e9 })
 */
export * from './advice.js'
export * from './analysis.js'
export { type AppendFile, type Disk, type FileFacts, nodeDisk } from './disk.js'
export { gitCommit, injectorHost } from './environment.js'
export * from './findings.js'
export { readAnalysis, readFindings, writeFindings } from './findings-file.js'
export { describeRun, type HeaderInput } from './header.js'
export { Merger, type SeriesTotal, type TimeRange, type TotalsQuery } from './merger.js'
export { MAX_OBSERVED_TAG_SETS, type Reading, type Readings } from './observed.js'
export { type ReaderOptions, readRecord, type RunRecord } from './record-reader.js'
export { openRecord, type RecordTap, type RecordWriter, type RunEnding, type WriterOptions } from './record-writer.js'
export { redactCommandLine, redactData, redactText, redactUrl } from './redact.js'
export {
  type Objective,
  objectiveKey,
  ObjectiveReader,
  stretchOfSpec,
} from './rollup/objective-parts.js'
export type {
  Column,
  Endpoint,
  FailureKind,
  LoadColumns,
  LoadDigest,
  ObjectiveParts,
  RequestColumns,
  RequestTotals,
} from './rollup/types.js'
export type { SeriesWindow } from './series-reader.js'
export { metricTotal, RECORD_TREND_STATS } from './totals.js'
export * from './types.js'

/** Reports of a record, by the names that `--format` knows. A new one is a file beside this and a line here. */
import type { RunRecord } from '#record/index.js'
import { csvReport } from './csv.js'
import { htmlReport } from './html/index.js'
import { jsonReport } from './json.js'
import { junitReport } from './junit.js'
import { markdownReport } from './markdown.js'
import { parquetReport } from './parquet.js'

export interface ReportOptions {
  /** Every window of the run too, where the format can (json, csv, parquet). */
  readonly series: boolean
  /** Of the reports for people: `en`, `tr`. */
  readonly language: string
}

export type ReportFormat = (record: RunRecord, options: ReportOptions) => AsyncIterable<string | Uint8Array>

export const reportFormats: Readonly<Record<string, ReportFormat>> = {
  csv: csvReport,
  html: htmlReport,
  json: jsonReport,
  junit: junitReport,
  md: markdownReport,
  parquet: parquetReport,
}

/**
 * The report in pieces of text: a long record need not be in memory as a whole.
 * @param format  one of `reportFormats`
 * @throws RangeError for another name
 */
export function renderReport(
  record: RunRecord,
  format: string,
  options: ReportOptions = { series: false, language: 'en' },
): AsyncIterable<string | Uint8Array> {
  const render = Object.hasOwn(reportFormats, format) ? reportFormats[format] : undefined
  if (render === undefined) throw new RangeError(`there is no report format ${format}`)
  return render(record, options)
}

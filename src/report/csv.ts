import type { RunRecord } from '#record/index.js'
import type { ReportOptions } from './index.js'
import { type Cell, tableRows } from './table-rows.js'

/** The rows of `tableRows` by RFC 4180; what a row has no value for is empty. */
export async function* csvReport(record: RunRecord, options: ReportOptions): AsyncGenerator<string> {
  for await (const rows of tableRows(record, options.series)) yield rows.map(line).join('')
}

function line(cells: readonly Cell[]): string {
  return `${cells.map(field).join(',')}\n`
}

/** Control characters of a hostile tag must not reach a terminal. */
function field(cell: Cell): string {
  if (cell === undefined) return ''
  const text = typeof cell === 'number' ? String(cell) : asText(cell.replace(CONTROL, '\ufffd'))
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A spreadsheet would run a name of the target that begins so (owasp.org, "CSV Injection"). */
function asText(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

const CONTROL = /(?![\t\n\r])\p{Cc}/gu

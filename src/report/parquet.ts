/** The rows of `tableRows` as Apache Parquet, for DuckDB, pandas and their kin. */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { RunRecord } from '#record/index.js'
import type { ReportOptions } from './index.js'
import { type Cell, tableRows } from './table-rows.js'

type Library = typeof import('hyparquet-writer')

/** Columns of text; all others are numbers. */
const textColumns: ReadonlySet<string> = new Set(['scope', 'source', 'metric', 'type', 'unit'])

/** @throws PW_OUTPUT_LIBRARY when hyparquet-writer is not installed */
export async function* parquetReport(record: RunRecord, options: ReportOptions): AsyncGenerator<Uint8Array> {
  const { parquetWriteBuffer } = await library()
  const columns: Cell[][] = []
  let head: readonly Cell[] = []
  for await (const rows of tableRows(record, options.series)) {
    for (const row of rows) {
      if (head.length === 0) {
        head = row
        for (let i = 0; i < row.length; i++) columns.push([])
      } else for (const [i, cell] of row.entries()) columns[i]?.push(cell)
    }
  }
  const columnData = head.map((name, i) => {
    const isText = textColumns.has(String(name)) || String(name).startsWith('tag_')
    return {
      name: String(name),
      type: isText ? ('STRING' as const) : ('DOUBLE' as const),
      nullable: true,
      data: (columns[i] ?? []).map((cell) => (cell === undefined ? null : isText ? String(cell) : Number(cell))),
    }
  })
  yield new Uint8Array(parquetWriteBuffer({ columnData }))
}

async function library(): Promise<Library> {
  try {
    return await import('hyparquet-writer')
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_OUTPUT_LIBRARY',
      message: 'the Parquet report needs the package hyparquet-writer, which is not installed',
      where: '--format parquet',
      fix: 'npm install hyparquet-writer',
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
}

/** The index that a scanned table of a statement asks for: equality, then the ordering or one range. */
import type { Key, TableUse } from '../postgres/sql/shape.js'
import { type MysqlTable, name } from './catalog.js'
import type { Scan } from './explain.js'
import type { MysqlStatement } from './statements.js'

const MIN_ROWS = 1000
const ROWS_FOR_ONE = 10
const MAX_COLUMNS = 3
/** Of a TEXT column, which MySQL indexes by its beginning only. */
const PREFIX = 64

export interface MysqlIndexChange {
  readonly table: string
  readonly columns: readonly string[]
  readonly indexName: string
  readonly text: string
  readonly undo: string
  /** Rows that EXPLAIN says are read now. */
  readonly scannedRows: number
}

export function missingIndex(
  { shape, rowsPerCall, examinedPerCall }: MysqlStatement,
  scans: readonly Scan[],
  tables: ReadonlyMap<string, MysqlTable>,
): MysqlIndexChange | undefined {
  const worst = scans.filter(({ access, key }) => access === 'ALL' || access === 'index' || key === undefined)
  for (const scan of worst.toSorted((a, b) => b.rows - a.rows)) {
    const read = Math.max(scan.rows, scans.length === 1 ? (examinedPerCall ?? 0) : 0)
    if (read < MIN_ROWS || read < ROWS_FOR_ONE * Math.max(1, rowsPerCall)) continue
    for (const use of shape.tables) {
      const table = tables.get(use.name)
      if (table === undefined || !isMeant(scan, use, shape.tables)) continue
      const columns = columnsFor(use).filter((column) => table.columns.has(column))
      if (columns.length === 0 || isCovered(table, columns)) continue
      return changeOf(table, columns, read)
    }
  }
  return undefined
}

/** EXPLAIN names aliases, which a shape does not keep: with several tables the one that has its name, or the only scanned. */
function isMeant(scan: Scan, use: TableUse, all: readonly TableUse[]): boolean {
  return scan.alias === use.name || all.length === 1 || !all.some(({ name }) => name === scan.alias)
}

function columnsFor(use: TableUse): string[] {
  const plain = (uses: readonly string[]): string[] =>
    use.predicates
      .filter(({ use: how, key, inOr }) => uses.includes(how) && isPlain(key) && !inOr)
      .map(({ key }) => key.column)
  const equal = [...new Set(plain(['eq', 'in', 'join', 'true', 'false', 'is-null']))]
  const order = use.order.every(({ key }) => isPlain(key)) ? use.order.map(({ key }) => key.column) : []
  const range = plain(['range', 'prefix', 'pattern']).slice(0, 1)
  const rest = equal.length > 0 && order.length > 0 ? order : range.length > 0 ? range : use.hasLimit ? order : []
  return [...new Set([...equal.slice(0, MAX_COLUMNS), ...rest])].slice(0, MAX_COLUMNS + 1)
}

function isPlain({ isExpression }: Key): boolean {
  return !isExpression
}

function isCovered(table: MysqlTable, columns: readonly string[]): boolean {
  return table.indexes.some(
    (index) => index.type === 'BTREE' && columns.every((column, i) => index.columns[i] === column),
  )
}

function changeOf(table: MysqlTable, columns: readonly string[], scannedRows: number): MysqlIndexChange {
  const base = `${table.name}_${columns.join('_')}`.replace(/\W+/g, '_').slice(0, 58)
  const taken = new Set(table.indexes.map((index) => index.name))
  const indexName = taken.has(base) ? `${base}_2` : base
  const keys = columns.map((column) => {
    const isLong = /text|blob/i.test(table.columns.get(column) ?? '')
    return `${name(column)}${isLong ? `(${PREFIX})` : ''}`
  })
  return {
    table: table.name,
    columns,
    indexName,
    text: `ALTER TABLE ${name(table.name)} ADD INDEX ${name(indexName)} (${keys.join(', ')}), ALGORITHM=INPLACE, LOCK=NONE;`,
    undo: `ALTER TABLE ${name(table.name)} DROP INDEX ${name(indexName)};`,
    scannedRows,
  }
}

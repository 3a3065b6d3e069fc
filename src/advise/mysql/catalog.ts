/** Tables, columns and indexes of one MySQL or MariaDB database. */
import { type MysqlConnection, SELECT } from '#observe/services/mysql/connection.js'

export interface MysqlTable {
  readonly name: string
  /** As the engine estimates. */
  readonly rows: number
  /** Type by name, as `varchar(20)`. */
  readonly columns: ReadonlyMap<string, string>
  readonly indexes: readonly MysqlIndex[]
}

export interface MysqlIndex {
  readonly name: string
  readonly columns: readonly string[]
  readonly isUnique: boolean
  readonly isPrimary: boolean
  /** BTREE, FULLTEXT, HASH, SPATIAL. */
  readonly type: string
}

const MAX_COLUMNS = 50_000

export async function readMysqlCatalog(
  connection: MysqlConnection,
  database: string,
): Promise<ReadonlyMap<string, MysqlTable>> {
  const of = `table_schema = ${quoted(database)}`
  const tables = await connection.query(
    `${SELECT} table_name as name, table_rows as amount from information_schema.tables where ${of} and table_type = 'BASE TABLE'`,
  )
  const columns = await connection.query(
    `${SELECT} table_name as name, column_name as col, column_type as type from information_schema.columns
     where ${of} order by table_name, ordinal_position limit ${MAX_COLUMNS}`,
  )
  const parts = await connection.query(
    `${SELECT} table_name as name, index_name as idx, column_name as col, non_unique as plural, index_type as type
     from information_schema.statistics where ${of} order by table_name, index_name, seq_in_index limit ${MAX_COLUMNS}`,
  )
  const found = new Map<string, MysqlTable & { columns: Map<string, string>; indexes: MysqlIndex[] }>()
  for (const row of tables) {
    const name = text(row['name'])
    found.set(name, { name, rows: Number(row['amount'] ?? 0), columns: new Map(), indexes: [] })
  }
  for (const row of columns) found.get(text(row['name']))?.columns.set(text(row['col']), text(row['type']))
  for (const rows of grouped(parts).values()) {
    const [first] = rows
    if (first === undefined) continue
    const name = text(first['idx'])
    found.get(text(first['name']))?.indexes.push({
      name,
      columns: rows.map((row) => text(row['col'])),
      isUnique: Number(first['plural']) === 0,
      isPrimary: name === 'PRIMARY',
      type: text(first['type']),
    })
  }
  return found
}

type Row = Record<string, unknown>

function keyOf(row: Row): string {
  return `${text(row['name'])}\0${text(row['idx'])}`
}

function grouped(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

function text(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString() : String(value ?? '')
}

/** A string of SQL; a backslash is doubled, which NO_BACKSLASH_ESCAPES would show twice and never harm. */
export function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

export function name(identifier: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(identifier) ? identifier : `\`${identifier.replaceAll('`', '``')}\``
}

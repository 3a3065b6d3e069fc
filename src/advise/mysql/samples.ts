/** A statement's `?` as values that are in the tables; they go to the server that they came from and nowhere else. */
import { type MysqlConnection, SELECT } from '#observe/services/mysql/connection.js'
import { name, quoted } from './catalog.js'
import type { MysqlStatement } from './statements.js'

/** So far into a table the search for a value goes. */
const OFFSET = 997

/** The statement as it can be explained and run; undefined when a value is missing for it. */
export async function withValues(
  connection: MysqlConnection,
  { sql, shape, rowsPerCall }: MysqlStatement,
): Promise<string | undefined> {
  const values: string[] = []
  const count = sql.replace(/\(\s*\.\.\.\s*\)/g, '(?)').match(/\?/g)?.length ?? 0
  for (let i = 1; i <= count; i++) {
    const use = shape.parameters.get(i)
    if (use?.use === 'limit') values.push(String(Math.max(1, Math.round(rowsPerCall))))
    else if (use?.use === 'offset') values.push('0')
    else if (use?.table === undefined || use.key === undefined) values.push('1')
    else {
      const value = await valueOf(connection, use.table.name, use.key.column)
      if (value === undefined) return undefined
      const isPattern = use.use === 'prefix' || use.use === 'pattern'
      values.push(
        isPattern
          ? quoted(`${value.slice(0, 6)}%`)
          : use.use === 'contains'
            ? quoted(`%${value.slice(-4)}%`)
            : quoted(value),
      )
    }
  }
  let at = 0
  return sql
    .replace(/;\s*$/, '')
    .replace(/\(\s*\.\.\.\s*\)/g, '(?)')
    .replace(/\?/g, () => values[at++] ?? '1')
}

async function valueOf(connection: MysqlConnection, table: string, column: string): Promise<string | undefined> {
  for (const limit of [`limit 1 offset ${OFFSET}`, 'limit 1']) {
    const rows = await connection
      .query(
        `${SELECT} cast(${name(column)} as char) as value from ${name(table)} where ${name(column)} is not null ${limit}`,
      )
      .catch(() => [])
    if (rows[0] !== undefined) return String(rows[0]['value'])
  }
  return undefined
}

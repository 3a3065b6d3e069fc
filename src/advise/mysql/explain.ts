/** EXPLAIN of MySQL 5.7 to 9 and MariaDB 10 and 11, in the table form that all of them have. */
import type { MysqlConnection } from '#observe/services/mysql/connection.js'

export interface Scan {
  /** As the statement names it: an alias where it has one. */
  readonly alias: string
  /** `ALL`, `index`, `ref`, `range`. */
  readonly access: string
  readonly key: string | undefined
  readonly rows: number
  /** `Using filesort`, `Using temporary`. */
  readonly extra: string
}

/** @returns undefined when the server refuses; it plans, and runs nothing */
export async function explainedScans(connection: MysqlConnection, sql: string): Promise<readonly Scan[] | undefined> {
  if (!/^\s*(?:\/\*.*?\*\/\s*)*(?:select|update|delete|with)\b/i.test(sql)) return undefined
  try {
    const rows = await connection.query(`explain /* perfwright */ ${sql}`)
    return rows.map((row) => ({
      alias: String(row['table'] ?? ''),
      access: String(row['type'] ?? ''),
      key: row['key'] == null ? undefined : String(row['key']),
      rows: Number(row['rows'] ?? 0),
      extra: String(row['Extra'] ?? ''),
    }))
  } catch {
    return undefined
  }
}

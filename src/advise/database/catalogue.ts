/** What the server's catalogue says of a table: its primary key, and which columns may be null. */
import type { ReadOnlyDatabase } from './read-only.js'

export interface TableFacts {
  readonly primaryKey: readonly string[]
  readonly nullable: ReadonlySet<string>
}

/** @param table  as in the statement, with its schema if it has one */
export async function tableFacts(database: ReadOnlyDatabase, table: string): Promise<TableFacts> {
  const name = table.replaceAll(/["`]/g, '')
  const [columns, keys] =
    database.dialect === 'postgres'
      ? [
          await database.read(
            'select attname, not attnotnull from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped',
            [table],
          ),
          await database.read(
            `select a.attname from pg_index i, unnest(i.indkey) with ordinality k(num, n), pg_attribute a
             where i.indrelid = to_regclass($1) and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k.num order by k.n`,
            [table],
          ),
        ]
      : [
          await database.read(
            "select column_name, is_nullable = 'YES' from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ?",
            schemaAndName(name),
          ),
          await database.read(
            "select column_name from information_schema.key_column_usage where table_schema = coalesce(?, database()) and table_name = ? and constraint_name = 'PRIMARY' order by ordinal_position",
            schemaAndName(name),
          ),
        ]
  return {
    primaryKey: keys.rows.map(([column]) => String(column)),
    nullable: new Set(
      columns.rows
        .filter(([, isNullable]) => /^(t|true|1)$/.test(String(isNullable)))
        .map(([column]) => String(column)),
    ),
  }
}

function schemaAndName(name: string): [string | null, string] {
  const parts = name.split('.')
  return [parts.length > 1 ? (parts[0] as string) : null, parts.at(-1) as string]
}

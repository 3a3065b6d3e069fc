/** PostgreSQL's own parser (libpg_query in WebAssembly): trees of statements, read without trust in their form. */
import { ExitCode, PerfwrightError } from '#base/errors.js'

/** Longer ones are made by machines, in pieces that a server cuts anyway. */
const MAX_SQL = 100_000

/** A node's fields; what a field holds is asked for by the readers below. */
export type Fields = Readonly<Record<string, unknown>>

export interface SqlParser {
  /** The statements of a text; undefined when it is none that PostgreSQL's grammar (18) knows. */
  parse(sql: string): readonly Fields[] | undefined
  /** Equal for statements that differ only in literals and parameters. */
  fingerprint(sql: string): string | undefined
}

/** @throws PerfwrightError PW_ADVISE_LIBRARY when the parser is not installed */
export async function loadParser(): Promise<SqlParser> {
  try {
    const { loadModule, parseSync, fingerprintSync } = await import('libpg-query')
    await loadModule()
    return {
      parse: (sql) =>
        attempt(sql, () =>
          (parseSync(sql).stmts ?? []).flatMap(({ stmt }) => (stmt ? [stmt as unknown as Fields] : [])),
        ),
      fingerprint: (sql) => attempt(sql, () => fingerprintSync(sql)),
    }
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_ADVISE_LIBRARY',
      message: 'The SQL parser libpg-query is not installed.',
      fix: 'npm install libpg-query',
      exitCode: ExitCode.targetUnusable,
      cause: error,
    })
  }
}

function attempt<T>(sql: string, read: () => T): T | undefined {
  if (sql.length > MAX_SQL) return undefined
  try {
    return read()
  } catch {
    return undefined
  }
}

/** `{ ColumnRef: {...} }` as its name and its fields. */
export function nodeOf(value: unknown): { readonly type: string; readonly fields: Fields } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [entry] = Object.entries(value)
  if (entry === undefined || typeof entry[1] !== 'object' || entry[1] === null) return undefined
  return { type: entry[0], fields: entry[1] as Fields }
}

/** The node's fields when it is of that type. */
export function fieldsOf(value: unknown, type: string): Fields | undefined {
  const node = nodeOf(value)
  return node?.type === type ? node.fields : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Names of a list of String nodes: `["pg_catalog", "lower"]`; a star is `*`. */
export function namesOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((item) => {
    if (fieldsOf(item, 'A_Star') !== undefined) return ['*']
    const text = fieldsOf(item, 'String')?.['sval']
    return typeof text === 'string' ? [text] : []
  })
}

/** Calls `visit` with every node below and including `value`. */
export function walk(value: unknown, visit: (type: string, fields: Fields) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner !== 'object' || inner === null) continue
      if (/^[A-Z]/.test(key) && !Array.isArray(inner)) visit(key, inner as Fields)
      walk(inner, visit)
    }
  }
}

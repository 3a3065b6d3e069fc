/** Indexes that are not there: tried by hypopg, which shows them to the planner of one session and to nobody else. */
import type { Session } from './session.js'
import { literal } from './sql/print.js'

export interface IndexDefinition {
  readonly tableOid: number
  /** Quoted, as in DDL. */
  readonly table: string
  readonly method: 'btree' | 'gin'
  readonly keys: readonly string[]
  readonly include: readonly string[]
  readonly where: string | undefined
  /** Names that the table's indexes have already. */
  readonly taken: readonly string[]
}

export interface HypotheticalIndex {
  readonly oid: number
  /** As plans name it. */
  readonly name: string
  readonly bytes: number
}

/** `on orders (customer_id, created_at) include (total)` */
export function definitionText({ table, method, keys, include, where }: IndexDefinition): string {
  const using = method === 'btree' ? '' : ` using ${method}`
  const more = include.length > 0 ? ` include (${include.join(', ')})` : ''
  return `on ${table}${using} (${keys.join(', ')})${more}${where === undefined ? '' : ` where ${where}`}`
}

/** What stands between "here" and hypothetical indexes: undefined when nothing does. */
export async function hypopgMissing(
  session: Session,
): Promise<{ readonly why: string; readonly canBeMade: boolean } | undefined> {
  const [row] = await session.query<{ installed: boolean; available: boolean }>(
    `select exists (select from pg_extension where extname = 'hypopg') as installed,
       exists (select from pg_available_extensions where name = 'hypopg') as available`,
  )
  if (row?.installed === true) return undefined
  return row?.available === true
    ? { why: 'hypopg is not in this database (create extension hypopg)', canBeMade: true }
    : {
        why: `hypopg is not on this server (Debian: apt-get install postgresql-${Math.floor(session.version / 10_000)}-hypopg; then: create extension hypopg)`,
        canBeMade: false,
      }
}

export class HypotheticalIndexes {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** @returns undefined when the definition cannot be supposed (an operator class of another method, a type without order) */
  async add(definition: IndexDefinition): Promise<HypotheticalIndex | undefined> {
    if (definition.method !== 'btree') return undefined
    const rows = await this.#session.attempt<{ oid: number; name: string }>(
      `select indexrelid::int8::float8 as oid, indexname as name
       from hypopg_create_index(${literal(`create index ${definitionText(definition)}`)})`,
    )
    if ('refused' in rows || rows[0] === undefined) return undefined
    const { oid, name } = rows[0]
    const size = await this.#session.attempt<{ bytes: number }>(
      `select hypopg_relation_size(${oid}::oid)::float8 as bytes`,
    )
    return { oid, name, bytes: 'refused' in size ? 0 : (size[0]?.bytes ?? 0) }
  }

  async drop({ oid }: HypotheticalIndex): Promise<void> {
    await this.#session.attempt(`select hypopg_drop_index(${oid}::oid)`)
  }

  async reset(): Promise<void> {
    await this.#session.attempt('select hypopg_reset()')
  }
}

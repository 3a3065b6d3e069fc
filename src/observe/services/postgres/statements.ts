/** pg_stat_statements as differences: which statement took how much of this second. */
import type { Readings } from '#record/observed.js'
import type { CollectorContext } from '../../types.js'
import { BoundedNames, byTag, OTHER } from '../bounded-names.js'
import { boundedText } from '../sql-text.js'
import type { StatementSource } from './abilities.js'
import { MARK, type PostgresConnection } from './connection.js'

/** Statements with a name of their own; 4 readings each stay well under what a record keeps of a part. */
const MAX_STATEMENTS = 300
/** Read at most; a server keeps 5,000 by default, and those at the end take no time. */
const MAX_ROWS = 2000
/** With so many more statements the reading comes a second later. Not by its time: a busy server answers late. */
const ROWS_PER_PAUSE = 1000

interface Totals {
  readonly id: string
  readonly calls: number
  readonly ms: number
  readonly rows: number
  readonly blocks: number
}

export class StatementStatistics {
  readonly #connection: PostgresConnection
  readonly #source: StatementSource
  readonly #context: CollectorContext
  readonly #kept = new BoundedNames(MAX_STATEMENTS)
  readonly #own = new Set<string>()
  #totals: Map<string, Totals> | undefined
  #atNs = 0
  #pause = 0
  /** Execution time of our own statements, by the server's own account. */
  ownMs = 0

  constructor(connection: PostgresConnection, source: StatementSource, context: CollectorContext) {
    this.#connection = connection
    this.#source = source
    this.#context = context
  }

  async read(): Promise<Readings> {
    if (this.#pause-- > 0) return {}
    const startNs = this.#context.clock.nowNs()
    const rows = await this.#rows()
    const seconds = (startNs - this.#atNs) / 1e9
    const before = this.#totals
    this.#atNs = startNs
    this.#pause = Math.floor(rows.length / ROWS_PER_PAUSE)
    this.#totals = new Map(rows.map((row) => [row.id, row]))
    if (before === undefined || seconds <= 0) return {}
    const grown = rows.map((row) => growthOf(row, before.get(row.id))).filter((row) => row.calls > 0)
    grown.sort((a, b) => b.ms - a.ms)
    await this.#tellTexts(grown)
    const foreign: Totals[] = []
    for (const row of grown) {
      if (this.#own.has(row.id)) this.ownMs += row.ms
      else foreign.push({ ...row, id: this.#kept.keep(row.id) })
    }
    const perS = (pick: (row: Totals) => number): ReturnType<typeof byTag> =>
      byTag(
        'id',
        foreign.map((row) => [row.id, pick(row) / seconds] as const),
      )
    return {
      statement_calls_per_s: perS((row) => row.calls),
      statement_ms_per_s: perS((row) => row.ms),
      statement_rows_per_s: perS((row) => row.rows),
      statement_blocks_per_s: perS((row) => row.blocks),
    }
  }

  async #rows(): Promise<Totals[]> {
    const { schema, timeColumn } = this.#source
    // Without the texts (false), which lie in a file that can have megabytes. One statement of several users is one.
    return await this.#connection.query<Totals>(
      `select ${MARK} queryid::text as id, sum(calls)::float8 as calls, sum(${timeColumn})::float8 as ms,
         sum(rows)::float8 as rows, sum(shared_blks_hit + shared_blks_read)::float8 as blocks
       from ${schema}.pg_stat_statements(false)
       where dbid = (select oid from pg_database where datname = current_database()) and queryid is not null
       group by queryid order by 3 desc limit ${MAX_ROWS}`,
    )
  }

  /** Reads the texts of statements that were not seen before; ours are told from the target's by them. */
  async #tellTexts(grown: readonly Totals[]): Promise<void> {
    const unknown = grown.map((row) => row.id).filter((id) => !this.#own.has(id) && !this.#kept.has(id))
    if (unknown.length === 0 || this.#kept.isFull) return
    const ids = unknown.filter((id) => /^-?\d+$/.test(id)).slice(0, MAX_STATEMENTS)
    const texts = await this.#connection.query<{ id: string; sql: string | null }>(
      `select ${MARK} distinct on (queryid) queryid::text as id, left(query, 4001) as sql
       from ${this.#source.schema}.pg_stat_statements where queryid = any(array[${ids.join()}]::bigint[])`,
    )
    for (const { id, sql } of texts) {
      if (sql === null) continue
      if (sql.includes(MARK)) this.#own.add(id)
      else if (this.#kept.keep(id) !== OTHER) this.#context.event('statement', { id, sql: boundedText(sql) })
    }
  }
}

/** An entry that the server dropped and made anew counts from 0 again; one that is new to us was not there before. */
function growthOf(row: Totals, before: Totals | undefined): Totals {
  if (before === undefined || row.calls < before.calls) return row
  return {
    id: row.id,
    calls: row.calls - before.calls,
    ms: Math.max(0, row.ms - before.ms),
    rows: Math.max(0, row.rows - before.rows),
    blocks: Math.max(0, row.blocks - before.blocks),
  }
}

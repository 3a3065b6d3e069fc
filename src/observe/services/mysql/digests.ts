/** Statement digests of performance_schema as differences: which statement took how much of this second. */
import { createHash } from 'node:crypto'
import type { Readings } from '#record/observed.js'
import type { CollectorContext } from '../../types.js'
import { BoundedNames, byTag, OTHER } from '../bounded-names.js'
import { boundedText } from '../sql-text.js'
import { type MysqlConnection, SELECT } from './connection.js'

const MAX_STATEMENTS = 300
const MAX_ROWS = 1000

interface Totals {
  readonly id: string
  readonly calls: number
  readonly ms: number
  readonly rows: number
  readonly scanned: number
}

export class StatementDigests {
  readonly #connection: MysqlConnection
  readonly #context: CollectorContext
  readonly #kept = new BoundedNames(MAX_STATEMENTS)
  readonly #own = new Set<string>()
  #totals: Map<string, Totals> | undefined
  #atNs = 0
  /** Execution time of our own statements, by the server's own account. */
  ownMs = 0

  constructor(connection: MysqlConnection, context: CollectorContext) {
    this.#connection = connection
    this.#context = context
  }

  async read(): Promise<Readings> {
    const startNs = this.#context.clock.nowNs()
    const rows = await this.#rows()
    const seconds = (startNs - this.#atNs) / 1e9
    const before = this.#totals
    this.#atNs = startNs
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
    const perS = (pick: (row: Totals) => number): Readings[string] =>
      byTag(
        'id',
        foreign.map((row) => [row.id, pick(row) / seconds] as const),
      )
    return {
      statement_calls_per_s: perS((row) => row.calls),
      statement_ms_per_s: perS((row) => row.ms),
      statement_rows_per_s: perS((row) => row.rows),
      statement_scanned_rows_per_s: perS((row) => row.scanned),
    }
  }

  /** Times are in picoseconds. A digest of several schemas is one; what overflowed the table has none. */
  async #rows(): Promise<Totals[]> {
    const rows = await this.#connection.query(
      `${SELECT} digest as id, sum(count_star) as calls, sum(sum_timer_wait) / 1e9 as ms,
         sum(sum_rows_sent + sum_rows_affected) as \`rows\`, sum(sum_rows_examined) as scanned
       from performance_schema.events_statements_summary_by_digest where digest is not null
       group by digest order by 4 desc limit ${MAX_ROWS}`,
    )
    return rows.map((row) => ({
      id: shortId(String(row['id'])),
      calls: Number(row['calls']),
      ms: Number(row['ms']),
      rows: Number(row['rows']),
      scanned: Number(row['scanned']),
    }))
  }

  /** Reads the texts of statements that were not seen before; ours are told from the target's by what they read. */
  async #tellTexts(grown: readonly Totals[]): Promise<void> {
    const unknown = new Set(grown.map((row) => row.id).filter((id) => !this.#own.has(id) && !this.#kept.has(id)))
    if (unknown.size === 0 || this.#kept.isFull) return
    const texts = await this.#connection.query(
      `${SELECT} digest as id, max(left(digest_text, 4001)) as \`sql\`
       from performance_schema.events_statements_summary_by_digest where digest is not null
       group by digest order by sum(sum_timer_wait) desc limit ${MAX_ROWS}`,
    )
    for (const { id: digest, sql } of texts) {
      const id = shortId(String(digest))
      if (!unknown.has(id) || typeof sql !== 'string') continue
      if (ownStatements.test(sql)) this.#own.add(id)
      else if (this.#kept.keep(id) !== OTHER) this.#context.event('statement', { id, sql: boundedText(sql.trim()) })
    }
  }
}

const ownStatements = /AS `?perfwright\b|SHOW GLOBAL (?:STATUS|VARIABLES) WHERE/i

/** 16 of the digest's 32 or 64 characters: as good as unique among a thousand. */
function shortId(digest: string): string {
  return /^[0-9a-f]{16,}$/i.test(digest)
    ? digest.slice(0, 16)
    : createHash('sha256').update(digest).digest('hex').slice(0, 16)
}

/** An entry that was dropped or truncated counts from 0 again; one that is new to us was not there before. */
function growthOf(row: Totals, before: Totals | undefined): Totals {
  if (before === undefined || row.calls < before.calls) return row
  return {
    id: row.id,
    calls: row.calls - before.calls,
    ms: Math.max(0, row.ms - before.ms),
    rows: Math.max(0, row.rows - before.rows),
    scanned: Math.max(0, row.scanned - before.scanned),
  }
}

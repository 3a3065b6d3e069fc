/** Pages by OFFSET and by key on the real database, read-only: the same rows in the same order, and how long each takes. */
import { tableFacts } from '../database/catalogue.js'
import type { ReadOnlyDatabase } from '../database/read-only.js'
import { type Middle, middleOf } from '../measure.js'
import { byKeyset, byOffset, type OrderColumn, type PagedStatement, shownKeyset } from '../sql/keyset.js'

export interface PageTrial {
  /** The order with its unique tie-breaker. */
  readonly keys: readonly OrderColumn[]
  readonly addedKeys: readonly string[]
  readonly nullable: readonly string[]
  /** Consecutive pages from the beginning and at the depth. */
  readonly pages: number
  readonly rows: number
  readonly isSame: boolean
  readonly depth: number
  readonly offsetMs: Middle
  readonly keysetMs: Middle
  readonly firstMs: Middle
  readonly sql: string
  /** The plan of the page by key sorts or reads the whole table: an index on the order is missing. */
  readonly needsIndex: boolean
}

const PAGES = 20
const DEEP_PAGES = 5
const ROUNDS = 5

/** @returns a reason in words where it cannot be tried */
export async function tryKeyset(
  page: PagedStatement,
  depth: number,
  database: ReadOnlyDatabase,
): Promise<PageTrial | string> {
  const { dialect } = database
  const facts = await tableFacts(database, page.table)
  const named = (column: string): string => column.split('.').at(-1)?.replaceAll(/["`]/g, '').toLowerCase() ?? ''
  const ordered = new Set(page.order.map(({ column }) => named(column)))
  if (facts.primaryKey.length === 0)
    return `${page.table} has no primary key, so nothing makes the order of its rows definite`
  const isDescending = page.order.at(-1)?.isDescending ?? false
  const addedKeys = facts.primaryKey.filter((column) => !ordered.has(column.toLowerCase()))
  const keys = [...page.order, ...addedKeys.map((column) => ({ column: `${page.alias}.${column}`, isDescending }))]
  const size = keys.length
  const bare = (rows: readonly (readonly unknown[])[]): string[] =>
    rows.map((row) => JSON.stringify(row.slice(0, -size)))
  const cursorOf = (rows: readonly (readonly unknown[])[]): (string | null)[] | undefined =>
    rows
      .at(-1)
      ?.slice(-size)
      .map((value) => (value === null ? null : String(value)))
  let [isSame, pages, rows] = [true, 0, 0]
  const walk = async (from: number, count: number, after: (string | null)[] | undefined): Promise<void> => {
    let cursor = after
    for (let n = 0; n < count; n++) {
      const offset = byOffset(page, keys, from + n * page.limit, dialect)
      const keyset = byKeyset(page, keys, cursor, dialect)
      const [a, b] = [await database.read(offset.sql, offset.params), await database.read(keyset.sql, keyset.params)]
      const [left, right] = [bare(a.rows), bare(b.rows)]
      isSame &&= left.length === right.length && left.every((row, i) => row === right[i])
      pages++
      rows += right.length
      cursor = cursorOf(b.rows)
      if (b.rows.length < page.limit || !isSame) return
    }
  }
  await walk(0, PAGES, undefined)
  // The row before the deep page is where its cursor comes from.
  const before = byOffset({ ...page, limit: 1 }, keys, Math.max(0, depth - 1), dialect)
  const cursor = cursorOf((await database.read(before.sql, before.params)).rows)
  if (cursor === undefined) return `there are fewer than ${depth} rows`
  if (isSame) await walk(depth, DEEP_PAGES, cursor)
  const [offsetMs, keysetMs, firstMs]: [number[], number[], number[]] = [[], [], []]
  const asked = [
    byOffset(page, keys, depth, dialect),
    byKeyset(page, keys, cursor, dialect),
    byKeyset(page, keys, undefined, dialect),
  ]
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, list] of [offsetMs, keysetMs, firstMs].entries()) {
      const one = asked[i] as (typeof asked)[number]
      list.push((await database.read(one.sql, one.params)).ms)
    }
  }
  const shown = asked[1] as (typeof asked)[number]
  return {
    keys,
    addedKeys,
    nullable: keys.map(({ column }) => column).filter((column) => facts.nullable.has(named(column))),
    pages,
    rows,
    isSame,
    depth,
    offsetMs: middleOf(offsetMs) as Middle,
    keysetMs: middleOf(keysetMs) as Middle,
    firstMs: middleOf(firstMs) as Middle,
    sql: shownKeyset(page, keys, dialect),
    needsIndex: await sorts(database, shown.sql, shown.params),
  }
}

async function sorts(database: ReadOnlyDatabase, sql: string, params: readonly unknown[]): Promise<boolean> {
  const { rows } = await database.read(`explain ${sql}`, params)
  const plan = JSON.stringify(rows)
  // MySQL's EXPLAIN says `filesort` and a type of ALL; PostgreSQL's names its nodes.
  return /Sort Key|Seq Scan|filesort|"ALL"/.test(plan)
}

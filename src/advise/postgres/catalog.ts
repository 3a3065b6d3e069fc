/** Tables, columns with their statistics, indexes and foreign keys of a database, read once. */
import type { Session } from './session.js'

/** A database with more is read in part: those that are largest. */
const MAX_TABLES = 2000

export interface Table {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** Quoted, with its schema unless that is `public`. */
  readonly sqlName: string
  /** As the server estimates; -1 never becomes known to us: it is 0. */
  readonly rows: number
  readonly deadRows: number
  readonly bytes: number
  /** Rows changed since the last ANALYZE; null when it never ran. */
  readonly changedSinceAnalyze: number
  readonly isAnalyzed: boolean
  /** Since the statistics began. */
  readonly inserts: number
  readonly updates: number
  readonly hotUpdates: number
  readonly deletes: number
  readonly sequentialScans: number
  readonly sequentialRows: number
  readonly columns: ReadonlyMap<string, Column>
  readonly indexes: Index[]
}

export interface Column {
  readonly name: string
  /** `integer`, `character varying(20)`. */
  readonly type: string
  readonly notNull: boolean
  /** Of the statistics; undefined where there are none or the role may not see them. */
  readonly stats: ColumnStats | undefined
}

export interface ColumnStats {
  readonly nullRatio: number
  readonly width: number
  /** Absolute, at least 1. */
  readonly distinct: number
  readonly commonValues: readonly string[]
  readonly commonRatios: readonly number[]
  readonly bounds: readonly string[]
}

export interface Index {
  readonly oid: number
  readonly name: string
  readonly sqlName: string
  readonly method: string
  /** Each key as text, expressions as the server prints them. */
  readonly keys: readonly string[]
  /** Operator class, collation and direction of each key as one text: equal texts sort alike. */
  readonly keyKinds: readonly string[]
  readonly include: readonly string[]
  readonly where: string | null
  readonly isUnique: boolean
  /** Primary key, unique or exclusion constraint, replica identity: not to be dropped lightly. */
  readonly isNeeded: boolean
  readonly isValid: boolean
  readonly bytes: number
  /** Entries, as the server estimates. */
  readonly rows: number
  readonly scans: number
  readonly definition: string
}

export interface ForeignKey {
  readonly name: string
  readonly tableOid: number
  readonly columns: readonly string[]
  readonly toTableOid: number
  readonly toColumns: readonly string[]
}

export interface Catalog {
  readonly tables: ReadonlyMap<number, Table>
  /** By the name as a statement writes it, along the search path. */
  find(schema: string | undefined, name: string): Table | undefined
  readonly foreignKeys: readonly ForeignKey[]
  /** When the counters began; undefined when the server does not say. */
  readonly countersSince: string | undefined
  readonly notes: readonly string[]
}

export async function readCatalog(session: Session): Promise<Catalog> {
  const notes: string[] = []
  const rows = await session.query<TableRow>(
    `select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as name,
       case when n.nspname = 'public' then '' else quote_ident(n.nspname) || '.' end || quote_ident(c.relname) as sql_name,
       greatest(c.reltuples, 0)::float8 as rows, pg_table_size(c.oid)::float8 as bytes,
       coalesce(s.n_dead_tup, 0)::float8 as dead, coalesce(s.n_mod_since_analyze, 0)::float8 as changed,
       (s.last_analyze is not null or s.last_autoanalyze is not null or c.reltuples >= 0) as analyzed,
       coalesce(s.n_tup_ins, 0)::float8 as inserts, coalesce(s.n_tup_upd, 0)::float8 as updates,
       coalesce(s.n_tup_hot_upd, 0)::float8 as hot, coalesce(s.n_tup_del, 0)::float8 as deletes,
       coalesce(s.seq_scan, 0)::float8 as scans, coalesce(s.seq_tup_read, 0)::float8 as scanned,
       coalesce(array_position(current_schemas(true), n.nspname), 0) as path
     from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_all_tables s on s.relid = c.oid
     where c.relkind in ('r', 'm', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
       and n.nspname !~ '^pg_(toast|temp)' and has_schema_privilege(n.oid, 'usage')
     order by c.relpages desc, c.oid limit ${MAX_TABLES + 1}`,
  )
  if (rows.length > MAX_TABLES) notes.push(`only the ${MAX_TABLES} largest tables of this database were looked at`)
  const tables = new Map<number, Table & { readonly path: number }>()
  for (const row of rows.slice(0, MAX_TABLES)) {
    const { oid, schema, name, bytes, inserts, updates, deletes, path } = row
    tables.set(oid, {
      oid,
      schema,
      name,
      bytes,
      inserts,
      updates,
      deletes,
      path,
      sqlName: row.sql_name,
      rows: row.rows,
      deadRows: row.dead,
      changedSinceAnalyze: row.changed,
      isAnalyzed: row.analyzed,
      hotUpdates: row.hot,
      sequentialScans: row.scans,
      sequentialRows: row.scanned,
      columns: new Map(),
      indexes: [],
    })
  }
  await readColumns(session, tables, notes)
  await readIndexes(session, tables)
  const foreignKeys = await readForeignKeys(session)
  const [since] = await session.query<{ at: string | null }>(
    `select to_char(stats_reset at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC' as at
     from pg_stat_database where datname = current_database()`,
  )
  const byName = new Map<string, (Table & { readonly path: number })[]>()
  for (const table of tables.values()) byName.set(table.name, [...(byName.get(table.name) ?? []), table])
  return {
    tables,
    find(schema, name) {
      const known = byName.get(name) ?? []
      if (schema !== undefined) return known.find((table) => table.schema === schema)
      // A statement may come from a session with another search path: a name that is there once is meant.
      const onPath = known.filter(({ path }) => path > 0).sort((a, b) => a.path - b.path)
      return onPath[0] ?? (known.length === 1 ? known[0] : undefined)
    },
    foreignKeys,
    countersSince: since?.at ?? undefined,
    notes,
  }
}

interface TableRow {
  oid: number
  schema: string
  name: string
  sql_name: string
  rows: number
  bytes: number
  dead: number
  changed: number
  analyzed: boolean
  inserts: number
  updates: number
  hot: number
  deletes: number
  scans: number
  scanned: number
  path: number
}

async function readColumns(session: Session, tables: ReadonlyMap<number, Table>, notes: string[]): Promise<void> {
  const oids = `'{${[...tables.keys()].join()}}'::oid[]`
  const columns = await session.query<{ oid: number; name: string; type: string; not_null: boolean }>(
    `select attrelid::int8::float8 as oid, attname as name, format_type(atttypid, atttypmod) as type, attnotnull as not_null
     from pg_attribute where attrelid = any(${oids}) and attnum > 0 and not attisdropped order by attrelid, attnum`,
  )
  // Values only as far as plans need them: bounded in number and length by the server.
  const stats = await session.query<StatsRow>(
    `select schemaname as schema, tablename as table, attname as name, null_frac as nulls, avg_width as width,
       n_distinct as distinct, (most_common_freqs)[1:20] as ratios,
       (most_common_vals::text::text[])[1:20] as common, histogram_bounds::text::text[] as bounds
     from pg_stats where not inherited and schemaname not in ('pg_catalog', 'information_schema')
       and avg_width < 2000`,
  )
  const byPlace = new Map(stats.map((row) => [`${row.schema}\0${row.table}\0${row.name}`, row]))
  if (stats.length === 0 && columns.length > 0) {
    notes.push(
      'column statistics: none that this role may see (analyze the database; grant pg_read_all_data to CURRENT_ROLE)',
    )
  }
  for (const { oid, name, type, not_null: notNull } of columns) {
    const table = tables.get(oid)
    if (table === undefined) continue
    const row = byPlace.get(`${table.schema}\0${table.name}\0${name}`)
    const stats =
      row === undefined
        ? undefined
        : {
            nullRatio: row.nulls,
            width: row.width,
            distinct: Math.max(1, row.distinct < 0 ? -row.distinct * table.rows : row.distinct),
            commonValues: row.common ?? [],
            commonRatios: row.ratios ?? [],
            bounds: row.bounds ?? [],
          }
    ;(table.columns as Map<string, Column>).set(name, { name, type, notNull, stats })
  }
}

interface StatsRow {
  schema: string
  table: string
  name: string
  nulls: number
  width: number
  distinct: number
  ratios: number[] | null
  common: string[] | null
  bounds: string[] | null
}

async function readIndexes(session: Session, tables: ReadonlyMap<number, Table>): Promise<void> {
  const rows = await session.query<IndexRow>(
    `select i.indrelid::int8::float8 as table, i.indexrelid::int8::float8 as oid, c.relname as name,
       case when n.nspname = 'public' then '' else quote_ident(n.nspname) || '.' end || quote_ident(c.relname) as sql_name,
       am.amname as method, i.indnkeyatts as keys,
       array(select pg_get_indexdef(i.indexrelid, k, false) from generate_series(1, i.indnatts) k) as columns,
       array(select i.indclass[k] || ' ' || i.indcollation[k] || ' ' || i.indoption[k]
         from generate_series(0, i.indnkeyatts - 1) k) as kinds,
       pg_get_expr(i.indpred, i.indrelid) as predicate, i.indisunique as unique,
       (i.indisprimary or i.indisexclusion or i.indisreplident or exists (
         select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x', 'f'))) as needed,
       i.indisvalid as valid, pg_relation_size(i.indexrelid)::float8 as bytes,
       greatest(c.reltuples, 0)::float8 as rows, coalesce(s.idx_scan, 0)::float8 as scans,
       pg_get_indexdef(i.indexrelid) as definition
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     join pg_am am on am.oid = c.relam left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
     where i.indrelid = any('{${[...tables.keys()].join()}}'::oid[]) order by c.relname`,
  )
  for (const row of rows) {
    tables.get(row.table)?.indexes.push({
      oid: row.oid,
      name: row.name,
      sqlName: row.sql_name,
      method: row.method,
      keys: row.columns.slice(0, row.keys),
      keyKinds: row.kinds,
      include: row.columns.slice(row.keys),
      where: row.predicate,
      isUnique: row.unique,
      isNeeded: row.needed,
      isValid: row.valid,
      bytes: row.bytes,
      rows: row.rows,
      scans: row.scans,
      definition: row.definition,
    })
  }
}

interface IndexRow {
  table: number
  oid: number
  name: string
  sql_name: string
  method: string
  keys: number
  columns: string[]
  kinds: string[]
  predicate: string | null
  unique: boolean
  needed: boolean
  valid: boolean
  bytes: number
  rows: number
  scans: number
  definition: string
}

async function readForeignKeys(session: Session): Promise<ForeignKey[]> {
  const names = (relation: string, numbers: string): string =>
    `array(select a.attname::text from unnest(${numbers}) with ordinality u(n, i)
       join pg_attribute a on a.attrelid = ${relation} and a.attnum = u.n order by u.i)`
  const rows = await session.query<{ name: string; from: number; to: number; columns: string[]; target: string[] }>(
    `select conname as name, conrelid::int8::float8 as from, confrelid::int8::float8 as to,
       ${names('conrelid', 'conkey')} as columns, ${names('confrelid', 'confkey')} as target
     from pg_constraint where contype = 'f' and conparentid = 0`,
  )
  return rows.map(({ name, from, to, columns, target }) => ({
    name,
    tableOid: from,
    columns,
    toTableOid: to,
    toColumns: target,
  }))
}

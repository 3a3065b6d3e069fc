// What PgHero and dexter would suggest on the same workload, beside our advice, each index built and timed by itself.
// Both are Ruby programs from rubygems.org; where that cannot be reached, their published rules are followed here instead,
// as of PgHero 3 (suggested indexes) and dexter 0.5 (hypothetical indexes, two rounds), in our own words.
//   node test/advise/rivals.mjs [--rows 500000]     prints the table of docs/advise-database.md
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadModule, parseSync } from 'libpg-query'
import { Client } from 'pg'
import { startPostgres } from '../targets/servers/postgres.mjs'
import { bigShopSql, workload } from './big-shop.mjs'

const rows = Number(process.argv[process.argv.indexOf('--rows') + 1]) || 500_000
const bin = join(dirname(fileURLToPath(import.meta.url)), '../../bin/perfwright.js')
const TIMES = 9
/** Of the time before; an index that takes less away than this is no help. */
const HELPS = 0.8

const server = await startPostgres({ settings: { shared_buffers: '256MB', max_wal_size: '4GB', autovacuum: 'off' } })
const client = new Client({ connectionString: server.url, application_name: 'shop' })
try {
  await loadModule()
  server.sql('create extension hypopg; create extension pg_trgm')
  server.sql(bigShopSql(rows))
  server.sql('vacuum analyze')
  await client.connect()
  await client.query('select pg_stat_statements_reset()')
  for (const one of workload) for (let i = 0; i < one.times; i++) await client.query(one.sql, one.values(i))
  const ours = perfwright()
  const pgHero = await pgHeroRules()
  const dexter = await dexterRules()
  await compare(
    new Map([
      ['PgHero', pgHero],
      ['dexter', dexter],
      ['perfwright', ours],
    ]),
  )
} finally {
  await client.end()
  await server.stop()
}

function perfwright() {
  const done = spawnSync(
    process.execPath,
    [bin, 'advise', '--db', server.url, '--json', '--only', 'postgres-indexes'],
    { encoding: 'utf8' },
  )
  if (done.status !== 0) throw new Error(done.stderr)
  return JSON.parse(done.stdout)
    .advice.flatMap((one) => one.advice.changes.map(({ text }) => text))
    .filter((text) => text.startsWith('CREATE INDEX'))
    .map((text) => text.replace(/^CREATE INDEX CONCURRENTLY \S+ |;$/g, ''))
}

/** One table, AND only, plain columns; the most selective column, a second while more than 50 rows are left. */
async function pgHeroRules() {
  const { rows: stats } = await client.query(
    `select s.tablename as table, attname as column, null_frac as nulls, n_distinct as distinct, c.reltuples as total
     from pg_stats s join pg_class c on c.relname = s.tablename where schemaname = 'public'`,
  )
  const of = (table, column) => stats.find((row) => row.table === table && row.column === column)
  const left = (table, { column, op }, now) => {
    const { nulls, distinct, total } = of(table, column)
    const some = now * (1 - nulls)
    const equal = distinct === 0 ? 0 : distinct < 0 ? (-1 / distinct) * (some / total) : some / distinct
    return /^(?:[<>]=?|~~\*?|BETWEEN)$/.test(op ?? '=') ? (some + equal) / 10 : equal
  }
  const found = new Set()
  for (const { sql } of workload) {
    const read = simpleQuery(sql)
    if (read === undefined || read.columns.some(({ column }) => of(read.table, column) === undefined)) continue
    const total = of(read.table, read.columns[0]?.column)?.total ?? 0
    if (total < 500) continue
    const where = read.where.toSorted((a, b) => left(read.table, a, total) - left(read.table, b, total))
    const all = [...where, ...read.sort]
    if (all.length === 0) continue
    if (all[0].op?.startsWith('~~')) {
      found.add(`on ${read.table} using gist (${all[0].column} gist_trgm_ops)`)
      continue
    }
    const keys = []
    const progress = [total]
    for (const one of all.filter(({ op }) => !op?.startsWith('~~'))) {
      if (keys.includes(one.column)) continue
      keys.push(one.column)
      progress.push(left(read.table, one, progress.at(-1)))
      if (progress.at(-1) < 50 || keys.length >= 2 || /[<>]|BETWEEN/.test(one.op ?? '')) break
    }
    while (keys.length > 0 && progress.at(-1) > progress.at(-2) * 0.3) {
      keys.pop()
      progress.pop()
    }
    if (keys.length > 0 && !(await isThere(read.table, keys))) found.add(`on ${read.table} (${keys.join(', ')})`)
  }
  return [...found]
}

function simpleQuery(sql) {
  const select = parseSync(sql).stmts[0].stmt.SelectStmt ?? parseSync(sql).stmts[0].stmt.UpdateStmt
  const from = select?.fromClause
  const table = (from?.length === 1 ? from[0].RangeVar : select?.relation)?.relname
  if (table === undefined) return undefined
  const name = (node) => node?.ColumnRef?.fields.at(-1)?.String?.sval
  const where = []
  const read = (node) => {
    if (node.BoolExpr) return node.BoolExpr.boolop === 'AND_EXPR' && node.BoolExpr.args.every(read)
    const column = name(node.A_Expr?.lexpr)
    const op = node.A_Expr?.kind === 'AEXPR_BETWEEN' ? 'BETWEEN' : node.A_Expr?.name[0].String.sval
    if (column === undefined) return false
    where.push({ column, op })
    return true
  }
  if (select.whereClause && !read(select.whereClause)) return undefined
  const sort = (select.sortClause ?? []).flatMap(({ SortBy }) => {
    const column = name(SortBy.node)
    return column === undefined ? [] : [{ column }]
  })
  return { table, where, sort, columns: [...where, ...sort] }
}

/** Every column named in dear statements, alone and then in pairs, all supposed at once; what halves the cost stays. */
async function dexterRules() {
  const cost = async (sql) => {
    const answer = await client.query(`explain (format json) ${sql}`)
    const plan = answer.rows[0]['QUERY PLAN'][0].Plan
    const indexes = new Set()
    JSON.stringify(plan, (key, value) => {
      if (key === 'Index Name') indexes.add(value)
      return value
    })
    return { cost: plan['Total Cost'], indexes }
  }
  // With their values, as dexter has them from a log: on version 15 it cannot plan `$1`.
  const dear = []
  for (const one of workload) {
    const values = one.values(1)
    const sql = one.sql.replace(/\$(\d)/g, (_all, n) =>
      typeof values[n - 1] === 'number' ? values[n - 1] : `'${values[n - 1]}'`,
    )
    const first = await cost(sql)
    if (first.cost >= 100) dear.push({ sql, first })
  }
  const named = new Set(
    dear.flatMap(({ sql }) =>
      [...JSON.stringify(parseSync(sql)).matchAll(/"ColumnRef":\{"fields":\[(.*?)\]/g)].flatMap(
        ([, fields]) => /"sval":"(\w+)"\}\}$/.exec(fields)?.[1] ?? [],
      ),
    ),
  )
  const { rows: columns } = await client.query(
    `select table_name as table, column_name as column from information_schema.columns where table_schema = 'public'`,
  )
  const wanted = columns.filter(
    ({ table, column }) => named.has(column) && dear.some(({ sql }) => new RegExp(`\\b${table}\\b`).test(sql)),
  )
  const candidates = new Map()
  const suppose = async (table, keys) => {
    const answer = await client.query('select indexname from hypopg_create_index($1)', [
      `create index on ${table} (${keys.join(', ')})`,
    ])
    candidates.set(answer.rows[0].indexname, { table, keys })
  }
  for (const { table, column } of wanted) await suppose(table, [column])
  for (const one of dear) one.single = await cost(one.sql)
  for (const a of wanted)
    for (const b of wanted) if (a.table === b.table && a !== b) await suppose(a.table, [a.column, b.column])
  for (const one of dear) one.pair = await cost(one.sql)
  await client.query('select hypopg_reset()')
  const found = new Map()
  for (const { first, single, pair } of dear) {
    const byPair = single.cost > 100 && pair.cost < single.cost * 0.5
    const fresh = async ({ indexes }) => {
      const list = []
      for (const name of indexes) {
        const index = candidates.get(name)
        if (index !== undefined && !(await isThere(index.table, index.keys))) list.push(index)
      }
      return list
    }
    let list = await fresh(byPair ? pair : single)
    if (byPair && list.length > 1) list = await fresh(single)
    if ((single.cost < first.cost * 0.5 || byPair) && list.length <= 2)
      for (const { table, keys } of list) found.set(`on ${table} (${keys.join(', ')})`, { table, keys })
  }
  const all = [...found.values()]
  return [...found]
    .filter(
      ([, one]) =>
        !all.some(
          (other) => other.keys.length > one.keys.length && other.table === one.table && other.keys[0] === one.keys[0],
        ),
    )
    .map(([text]) => text)
}

async function isThere(table, keys) {
  const { rows: defined } = await client.query('select indexdef from pg_indexes where tablename = $1', [table])
  return defined.some(({ indexdef }) => {
    const has = /\((.*)\)/.exec(indexdef)?.[1].split(', ') ?? []
    return keys.every((key, i) => key === has[i])
  })
}

async function timeOf({ sql, values }) {
  const times = []
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now()
    await client.query(sql, values(i))
    times.push(performance.now() - start)
  }
  // The least: what else runs on the machine only adds.
  return Math.min(...times)
}

async function compare(tools) {
  const reads = workload.filter(({ name }) => name !== 'write')
  const indexes = [...new Set([...tools.values()].flat())]
  const helped = new Map()
  for (const text of indexes) {
    const before = new Map()
    for (const one of reads) before.set(one.name, await timeOf(one))
    await client.query(`create index tried ${text}`)
    await client.query('analyze')
    const list = []
    for (const one of reads) {
      // Only where the planner takes it: other work on the machine moves every number.
      const plan = await client.query(`explain ${one.sql}`, one.values(1))
      if (!plan.rows.some((row) => / tried\b/.test(row['QUERY PLAN']))) continue
      const after = await timeOf(one)
      if (after < before.get(one.name) * HELPS) list.push({ name: one.name, before: before.get(one.name), after })
    }
    helped.set(text, list)
    await client.query('drop index tried')
  }
  console.log(
    '| Index | PgHero | dexter | perfwright | What it does, built and timed alone (ms) |\n|---|---|---|---|---|',
  )
  for (const text of indexes) {
    const marks = [...tools.values()].map((list) => (list.includes(text) ? 'yes' : ''))
    const effect = helped
      .get(text)
      .map(({ name, before, after }) => `${name} ${before.toFixed(1)} -> ${after.toFixed(1)}`)
    console.log(`| \`${text}\` | ${marks.join(' | ')} | ${effect.join('; ') || 'nothing'} |`)
  }
  for (const [i, text] of tools.get('perfwright').entries()) await client.query(`create index ours_${i} ${text}`)
  await client.query('analyze')
  let isBehind = false
  for (const [tool, list] of tools) {
    for (const text of list) {
      for (const { name, after } of helped.get(text)) {
        const now = await timeOf(reads.find((one) => one.name === name))
        if (now <= after * 2 + 1) continue
        isBehind = true
        console.log(
          `FAIL ${tool}'s ${text} takes ${name} to ${after.toFixed(2)} ms, ours together to ${now.toFixed(2)}`,
        )
      }
    }
  }
  if (!isBehind) console.log('ok   all of theirs that help: our indexes together answer those statements as quickly')
  process.exitCode = isBehind ? 1 : 0
}

// Advice on a real PostgreSQL, as a user asks for it: planted faults are found, the advice's own statements are applied as
// they stand, and what got quicker is measured with its interval; a healthy twin gets no advice; nothing is ever written
// where nothing was given to write to.
//   node test/advise/database.mjs [--rows 10000000]
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { Client } from 'pg'
import { bootstrap, median } from '../../dist/stats/index.js'
import { postgresMissing, startPostgres } from '../targets/servers/postgres.mjs'
import { schema as suiteSchema } from '../targets/suite/lib/seed.mjs'
import { bigShopSql, healthySql, workload } from './big-shop.mjs'

const rows = Number(process.argv[process.argv.indexOf('--rows') + 1]) || 500_000
const bin = join(dirname(fileURLToPath(import.meta.url)), '../../bin/perfwright.js')
let failed = 0

// The shop's own schema; it is bundled into the demo's processes, so it is read from its source.
const source = join(dirname(fileURLToPath(import.meta.url)), '../../src/demo/database/schema.ts')
const { code } = transformSync(readFileSync(source, 'utf8'), { loader: 'ts', format: 'esm' })
const { seedSql } = await import(`data:text/javascript,${encodeURIComponent(code)}`)

function check(isOk, what) {
  console.log(`${isOk ? 'ok  ' : 'FAIL'} ${what}`)
  if (!isOk) failed++
  return isOk
}

/** As a user asks, and as a role that may write nothing unless `scratch` is given. */
function ask(uri, { scratch, only } = {}) {
  const args = [
    'advise',
    '--db',
    uri,
    '--json',
    ...(scratch ? ['--scratch', scratch] : []),
    ...(only ? ['--only', only] : []),
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text))
      else reject(new Error(`perfwright ${args.join(' ')} ended with ${code}: ${text}`))
    })
  })
}

async function connected(uri, use) {
  const client = new Client({ connectionString: uri, application_name: 'shop' })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

async function timesOf(client, { sql, values }, count) {
  const times = []
  for (let i = -1; i < count; i++) {
    const start = performance.now()
    await client.query(sql, values(i + 1))
    if (i >= 0) times.push(performance.now() - start)
  }
  return times
}

/** Statements at once before, the advice applied, and again: the 95 % interval of the ratio of the medians. */
function ratioOf(before, after) {
  const pairs = before.map((ms, i) => [ms, after[i]])
  const interval = bootstrap(pairs, (some) => median(some.map(([, b]) => b)) / median(some.map(([a]) => a)))
  return { before: median(before), after: median(after), low: interval.low, high: interval.high }
}

function describe({ before, after, low, high }) {
  return `${before.toFixed(2)} -> ${after.toFixed(2)} ms, ${(1 / high).toFixed(1)} to ${(1 / low).toFixed(1)} times as quick (95 %)`
}

async function reset(client) {
  await client.query('select pg_stat_statements_reset()')
}

const statementsOf = (advice) =>
  advice.flatMap((one) => one.advice.changes.filter(({ form }) => form === 'statement').map(({ text }) => text))

const faults = [
  { name: 'orders-of-customer', change: /on orders \(customer_id/ },
  { name: 'latest-orders-of-customer', change: /on orders \(customer_id/ },
  { name: 'lines-join', change: /on order_lines \(order_id/ },
  { name: 'email-lower', change: /on customers \(lower\(email\)/ },
  { name: 'name-contains', change: /using gin \(name gin_trgm_ops\)/ },
  { name: 'code-as-number', change: /on customers \(\(\(?code\)?::int/ },
  { name: 'cities', change: /on customers \((?:city|country)/ },
]

async function bigShop(server, hasHypopg) {
  const at = (name, role = 'perfwright') =>
    server.url.replace(/\/\/[^@]*@/, `//${role}@`).replace(/\/[^/]*$/, `/${name}`)
  const uri = at('shop')
  server.sql('create database shop; create role reader login; grant pg_monitor, pg_read_all_data to reader')
  server.sql(`create extension pg_stat_statements; ${hasHypopg ? 'create extension hypopg' : ''}`, uri)
  const start = performance.now()
  server.sql(bigShopSql(rows), uri)
  server.sql('vacuum analyze', uri)
  console.log(`     ${rows} rows made in ${((performance.now() - start) / 1000).toFixed(0)} s`)
  await connected(uri, async (client) => {
    await reset(client)
    for (const one of workload) for (let i = 0; i < one.times; i++) await client.query(one.sql, one.values(i))
  })

  const state = () =>
    server.sql(
      'select count(*), sum(pg_relation_size(oid)) from pg_class where relnamespace = $$public$$::regnamespace',
      uri,
    )
  const before = state()
  const startAdvice = performance.now()
  const { advice, notAssessed } = await ask(at('shop', 'reader'))
  const seconds = (performance.now() - startAdvice) / 1000
  check(seconds < 60, `advice on ${rows} rows in ${seconds.toFixed(1)} s, as a role that may write nothing`)
  check(state() === before, 'nothing was written')
  for (const { text } of notAssessed) if (/postgres/.test(text)) console.log(`     not assessed: ${text}`)
  for (const { name, change } of faults)
    check(
      statementsOf(advice).some((text) => change.test(text)),
      `${name}: found, ${change.source}`,
    )
  const redundant = advice.filter(({ kind }) => kind === 'redundant-index').flatMap((one) => statementsOf([one]))
  check(
    redundant.some((text) => /orders_created_again/.test(text)),
    'the double index is found',
  )
  if (rows >= 5_000_000)
    check(
      redundant.some((text) => /orders_note_unused/.test(text)),
      'the unused index is found',
    )
  check(
    statementsOf(advice).some((text) => /on order_lines \(product_id/.test(text)),
    'the foreign key without an index is found',
  )
  check(
    advice.some(({ kind, where }) => kind === 'schema' && /customers\.code/.test(where.resource)),
    'numbers in a text column are found',
  )
  check(
    advice.some(({ where, evidence }) => /sum\(total_cents\)/.test(`${where.sql} ${evidence.map(({ text }) => text)}`)),
    'the report is told of',
  )
  check(
    !advice.some(({ where }) => /settings|where id = \$1$/.test(where.sql ?? '')),
    'healthy statements are left alone',
  )

  const tried = await ask(uri, { scratch: at('postgres'), only: 'postgres-indexes' })
  const verified = tried.advice.filter((one) => one.advice.verification.state === 'verified')
  check(verified.length >= 5, `${verified.length} of ${tried.advice.length} indexes built on a copy and verified`)
  check(state() === before, 'nothing was written to the database itself')
  check(server.sql("select count(*) from pg_database where datname like 'perfwright%'") === '0', 'no copy is left')

  await connected(uri, async (client) => {
    const slow = new Map()
    const count = rows > 2_000_000 ? 5 : 15
    for (const { name } of faults)
      slow.set(
        name,
        await timesOf(
          client,
          workload.find((one) => one.name === name),
          count,
        ),
      )
    const texts = [...new Set(statementsOf(tried.advice))]
    for (const text of texts) await client.query(text)
    check(texts.length > 0, `${texts.length} statements applied as they stand`)
    await client.query('analyze')
    for (const { name } of faults) {
      const ratio = ratioOf(
        slow.get(name),
        await timesOf(
          client,
          workload.find((one) => one.name === name),
          count,
        ),
      )
      check(ratio.high < 0.8, `${name}: ${describe(ratio)}`)
    }
    for (const text of redundant) await client.query(text)
    check(true, `${redundant.length} redundant indexes dropped by their own statements`)
  })
}

/** The same tables and statements with every index that they need: nothing to say of them. */
async function healthyTwin(server, hasHypopg) {
  const uri = server.url.replace(/\/[^/]*$/, '/healthy')
  server.sql('create database healthy')
  server.sql(`create extension pg_stat_statements; ${hasHypopg ? 'create extension hypopg' : ''}`, uri)
  server.sql(bigShopSql(Math.min(rows, 500_000)), uri)
  server.sql(healthySql, uri)
  server.sql('vacuum analyze', uri)
  await connected(uri, async (client) => {
    await reset(client)
    for (const one of workload)
      if (one.name !== 'sales-report') for (let i = 0; i < one.times; i++) await client.query(one.sql, one.values(i))
  })
  const { advice } = await ask(uri)
  const loud = advice.filter(({ kind, severity }) => kind !== 'schema' && severity !== 'info')
  check(loud.length === 0, `the healthy twin gets no advice ${loud.map(({ title }) => title).join('; ')}`)
}

/** The demo shop's own schema with its fault `missing-index`, as `faults.ts` plants it. */
async function demoShop(server, hasHypopg) {
  const uri = server.url.replace(/\/[^/]*$/, '/demo')
  server.sql('create database demo')
  server.sql(`create extension pg_stat_statements; ${hasHypopg ? 'create extension hypopg' : ''}`, uri)
  server.sql(seedSql({ products: 100_000, orders: 20_000 }, 'x'), uri)
  server.sql('vacuum analyze', uri)
  const search = {
    sql: 'select id, name, price_cents from products where lower(name) like $1 order by lower(name) limit 20',
    values: (n) => [`${['copper', 'oak', 'linen', 'steel'][n % 4]} lamp 1%`],
  }
  const run = async (client) => {
    await reset(client)
    return await timesOf(client, search, 15)
  }
  await connected(uri, async (client) => {
    await run(client)
    const healthy = await ask(uri, { only: 'postgres-indexes' })
    check(
      healthy.advice.length === 0,
      `demo shop, healthy: no advice ${healthy.advice.map(({ title }) => title).join('; ')}`,
    )
    await client.query('drop index products_name_prefix')
    const before = await run(client)
    const { advice } = await ask(uri, { only: 'postgres-indexes' })
    const texts = statementsOf(advice)
    check(
      texts.some((text) => /products \(lower\(name\)/.test(text)),
      `demo shop, missing-index: ${texts.join(' ')}`,
    )
    for (const text of texts) await client.query(text)
    await client.query('analyze products')
    const ratio = ratioOf(before, await run(client))
    check(ratio.high < 0.8, `demo shop, missing-index: ${describe(ratio)}`)
  })
}

/** Faults of the suite in the database itself. */
async function suite(server, hasHypopg) {
  const uri = server.url.replace(/\/[^/]*$/, '/suite')
  server.sql('create database suite')
  server.sql(`create extension pg_stat_statements; ${hasHypopg ? 'create extension hypopg' : ''}`, uri)
  server.sql(suiteSchema, uri)
  await connected(uri, async (client) => {
    for (const [name, index, statement] of [
      [
        'node-missing-index',
        'customers_email',
        { sql: 'select id, name from customers where email = $1', values: (n) => [`user${n + 1}@example.com`] },
      ],
      [
        'go-missing-index',
        'customers_city',
        { sql: 'select id, name from customers where city = $1', values: (n) => [`City ${n}`] },
      ],
    ]) {
      await reset(client)
      await timesOf(client, statement, 15)
      const healthy = await ask(uri, { only: 'postgres-indexes' })
      check(healthy.advice.length === 0, `${name}, healthy: no advice`)
      await client.query(`drop index ${index}`)
      await reset(client)
      const before = await timesOf(client, statement, 15)
      const { advice } = await ask(uri, { only: 'postgres-indexes' })
      const texts = statementsOf(advice)
      check(
        texts.some((text) => text.includes('on customers (')),
        `${name}: ${texts.join(' ')}`,
      )
      for (const text of texts) await client.query(text)
      const ratio = ratioOf(before, await timesOf(client, statement, 15))
      check(ratio.high < 0.8, `${name}: ${describe(ratio)}`)
    }
    await reset(client)
    const report = `select p.category, date_trunc('day', o.created_at) as day, count(distinct o.customer_id) as buyers,
       sum(l.quantity * p.price_cents) as cents
      from orders o join order_lines l on l.order_id = o.id join products p on p.id = l.product_id
      where o.created_at >= $1::timestamptz and o.created_at < $1::timestamptz + interval '60 days'
      group by p.category, day order by cents desc limit 20`
    await timesOf(client, { sql: report, values: () => ['2025-02-01'] }, 5)
    const slow = await ask(uri, { only: 'postgres-indexes,postgres-plans' })
    check(
      slow.advice.some(({ where }) => /order_lines/.test(where.sql ?? '')),
      `python-slow-query: ${slow.advice.map(({ title }) => title).join('; ')}`,
    )
    await reset(client)
    await timesOf(
      client,
      {
        sql: 'select category, day, buyers, cents from sales_by_day where day = $1::date order by cents desc limit 20',
        values: () => ['2025-02-01'],
      },
      20,
    )
    const prepared = await ask(uri, { only: 'postgres-indexes,postgres-plans' })
    check(
      prepared.advice.length === 0,
      `python-slow-query, healthy: no advice ${prepared.advice.map(({ title }) => title).join('; ')}`,
    )
  })
  await locks(uri)
}

/** The suite's `database-lock`: the row stays locked while a partner is asked; its twin asks first. */
async function locks(uri) {
  const buyers = async (isFaulty, use) => {
    const sale = { isOver: false, bought: 0 }
    const buyer = connected.bind(undefined, uri, async (client) => {
      while (!sale.isOver) {
        const update = () => client.query('update stock set units = units - 1 where product_id = $1', [1])
        if (isFaulty) await client.query('begin')
        if (isFaulty) await update()
        await new Promise((resolve) => setTimeout(resolve, 40))
        if (isFaulty) await client.query('commit')
        else await update()
        sale.bought++
      }
    })
    const all = Array.from({ length: 8 }, buyer)
    const start = performance.now()
    const answer = await use()
    const perS = sale.bought / ((performance.now() - start) / 1000)
    sale.isOver = true
    await Promise.all(all)
    return { answer, perS }
  }
  const faulty = await buyers(true, () => ask(uri, { only: 'postgres-activity' }))
  const [found] = faulty.answer.advice
  check(found?.kind === 'database-lock' && /stock/.test(found.title), `node-database-lock: ${found?.title}`)
  const healthy = await buyers(false, () => ask(uri, { only: 'postgres-activity' }))
  check(
    healthy.answer.advice.length === 0,
    `node-database-lock, healthy: no advice ${healthy.answer.advice.map(({ title }) => title).join('; ')}`,
  )
  check(
    healthy.perS > 2 * faulty.perS,
    `as advised: ${faulty.perS.toFixed(0)} -> ${healthy.perS.toFixed(0)} purchases a second`,
  )
}

/** A SELECT that writes, in each of the ways there are, is planned and never run: also for a role that might. */
async function neverWrites(server) {
  const uri = server.url.replace(/\/[^/]*$/, '/writes')
  server.sql('create database writes')
  server.sql(
    `create extension pg_stat_statements; create table t (id int primary key, n int); insert into t select i, 0 from generate_series(1, 200000) i;
    create table log (n int); insert into log values (0);
    create function touch(x int) returns int language sql volatile as 'update log set n = n + 1; select x';
    create function lies(x int) returns int language plpgsql stable as 'begin perform touch(x); return x; end'`,
    uri,
  )
  await connected(uri, async (client) => {
    await reset(client)
    for (let i = 0; i < 3; i++) {
      await client.query('select count(touch(n)) from (select n from t limit 20000) s')
      await client.query(
        'with u as (update t set n = n + 1 where n + 0 > 1000000 returning 1) select count(*) from u, t',
      )
      await client.query('select * from t where n + 0 = 5 for update')
      await client.query('update t set n = n where n + 0 = 77')
      await client.query('delete from t where n + 0 = 78')
    }
    const state = async () =>
      (await client.query('select (select n from log) as n, xmin::text, (select sum(n) from t) as sum from log'))
        .rows[0]
    const before = JSON.stringify(await state())
    const answer = await ask(uri)
    check(
      JSON.stringify(await state()) === before,
      `writing statements were planned and not run; ${answer.advice.length} pieces of advice`,
    )
    const seen = await client.query("select query from pg_stat_statements where query ilike '%explain (analyze%'")
    check(
      !seen.rows.some(({ query }) => /touch|update|delete|for update/i.test(query)),
      'no EXPLAIN ANALYZE of a writing statement',
    )
  })
}

if (postgresMissing) {
  console.error(postgresMissing)
  process.exit(1)
}
const big = rows > 2_000_000
const server = await startPostgres({
  settings: {
    shared_buffers: big ? '512MB' : '128MB',
    max_wal_size: '4GB',
    autovacuum: 'off',
    ...(big ? { maintenance_work_mem: '512MB' } : {}),
  },
})
try {
  const hasHypopg = server.sql("select count(*) from pg_available_extensions where name = 'hypopg'") === '1'
  if (!check(hasHypopg, 'hypopg is on this machine (apt-get install postgresql-15-hypopg)')) process.exitCode = 1
  await bigShop(server, hasHypopg)
  await healthyTwin(server, hasHypopg)
  await demoShop(server, hasHypopg)
  await suite(server, hasHypopg)
  await neverWrites(server)
} finally {
  await server.stop()
}
console.log(failed === 0 ? 'all ok' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

// Advice against real services: each case is run with its fault and without, by the built command line, through the wire
// proxies, against a real PostgreSQL and a real Redis. The fault must be named, at its place, with a change that was tried;
// the healthy twin must hear nothing of the kind.
//   node test/advise/run.mjs [--only PART,PART] [--all] [--verbose]     --all  those that repeat another in one more language, too
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { postgresMissing, startPostgres } from '../targets/servers/postgres.mjs'
import { freePort } from '../targets/servers/process.mjs'
import { mariadbMissing, startMariadb } from '../targets/servers/mariadb.mjs'
import { redisMissing, startRedis } from '../targets/servers/redis.mjs'
import { fillRedis, schema } from '../targets/suite/lib/seed.mjs'
import { cases } from './cases.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const suite = join(root, 'test', 'targets', 'suite')
const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, all: { type: 'boolean' }, verbose: { type: 'boolean' } },
})
// Those of PostgreSQL itself have their own acceptance: test/advise/database.mjs.
const advisers = 'n-plus-one,round-trips,pagination,caching,redis,over-fetching,serial,event-loop,payload'
const python = spawnSync('python3', ['-c', 'import psycopg2, redis'])
const missing = [
  postgresMissing,
  redisMissing,
  mariadbMissing,
  python.status === 0
    ? undefined
    : 'Python with its drivers: pip install -r test/targets/suite/python/requirements.txt',
  existsSync(join(root, 'dist', 'cli', 'main.js')) ? undefined : 'the build: npm run build',
].filter((one) => one !== undefined)
if (missing.length > 0) {
  process.stderr.write(`advise: cannot run, as something is missing:\n${missing.map((one) => `  ${one}\n`).join('')}`)
  process.exit(1)
}

const dir = mkdtempSync(join(tmpdir(), 'pw-advise-'))
const servers = []
let failed = 0
let shop
let passed = 0
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
try {
  const postgres = await startPostgres({ settings: { shared_buffers: '256MB', jit: 'off' } })
  servers.push(postgres)
  postgres.sql(schema)
  const redis = await startRedis()
  servers.push(redis)
  fillRedis(redis)
  const mariadb = await startMariadb()
  servers.push(mariadb)
  await fillMariadb(mariadb.url)
  const world = { mariadb, postgres, redis, root, suite, dir, goBinary: goService(), shopDatabase }
  const parts = flags.only?.split(',')
  for (const one of cases) {
    if (one.isExtra && parts === undefined && !flags.all) continue
    if (parts !== undefined && !parts.some((part) => one.name.includes(part))) continue
    for (const faulty of one.expect === undefined ? [true, false] : [true]) {
      const name = `${one.name} ${faulty ? 'faulty' : 'healthy'}`
      const answer = await run(one, faulty, world)
      const wrong = answer.error ?? (one.expect ? undefined : faulty ? one.check(answer) : one.healthy(answer))
      if (wrong === undefined) passed++
      else failed++
      process.stdout.write(`${wrong === undefined ? 'ok  ' : 'FAIL'} ${name}: ${wrong ?? summary(answer)}\n`)
      if (flags.verbose || wrong !== undefined)
        process.stdout.write(`${JSON.stringify(answer.advice ?? answer, null, 1)?.slice(0, 6000)}\n`)
    }
  }
} finally {
  for (const server of servers) await server.stop()
  rmSync(dir, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** Of the demo shop, started once. @returns its URL */
async function shopDatabase() {
  shop ??= (async () => {
    const child = spawn(process.execPath, [join(root, 'dist', 'demo', 'database-server.js')], {
      env: { ...process.env, SHOP_PRODUCTS: '20000', SHOP_ORDERS: '20000', SHOP_CACHE_DIR: join(dir, 'shop') },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    servers.push({
      stop: () =>
        new Promise((resolve) => {
          child.once('exit', resolve)
          child.kill('SIGTERM')
        }),
    })
    for await (const chunk of child.stdout) return JSON.parse(String(chunk)).url
    throw new Error('the database of the demo shop did not start')
  })()
  return await shop
}

async function fillMariadb(url) {
  const client = await createConnection(url)
  await client.query('create table customers (id int primary key, name text)')
  await client.query("insert into customers select seq, concat('Customer ', seq) from seq_1_to_5000")
  await client.query('create table orders (id int primary key, customer_id int)')
  await client.query('insert into orders select seq, 1 + seq * 37 % 5000 from seq_1_to_5000')
  await client.end()
}

function goService() {
  const binary = join(dir, 'go-service')
  const built = spawnSync('go', ['build', '-o', binary, '.'], { cwd: join(suite, 'go'), encoding: 'utf8' })
  return built.status === 0 ? binary : undefined
}

async function run(one, faulty, world) {
  const port = await freePort()
  const { args, env } = await one.prepare({ faulty, port, world })
  const done = spawnSync(
    process.execPath,
    [join(root, 'bin', 'perfwright.js'), 'advise', '--json', '--only', advisers, ...args],
    {
      cwd: world.dir,
      encoding: 'utf8',
      timeout: 150_000,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, ...env, PORT: String(port) },
    },
  )
  if (one.expect !== undefined) {
    const { status, stderr } = one.expect
    const isRight = done.status === status && stderr.test(done.stderr)
    return isRight
      ? { status, refused: done.stderr.trim() }
      : { error: `exit ${done.status}: ${done.stderr.slice(-1500)}` }
  }
  if (done.status !== 0) return { error: `exit ${done.status}: ${done.stderr.slice(-1500)}` }
  return JSON.parse(done.stdout)
}

function summary({ advice, fine, status, refused }) {
  if (status !== undefined) return `exit ${status}: ${refused.slice(0, 160)}`
  return advice.length === 0 ? (fine[0]?.text ?? 'nothing') : advice.map(({ title }) => title).join(' | ')
}

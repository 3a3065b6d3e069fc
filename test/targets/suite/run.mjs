// The fault suite: every pair of the manifest is run with its fault and without, by the built command line, against real
// services, PostgreSQL and Redis; what the diagnosis found is compared with what was planted.
//   node test/targets/suite/run.mjs [--only PART,PART] [--pairs N] [--all] [--aa N] [--keep] [--no-pin] [--plain] [--again DIR] [--seconds N] [--table FILE]
//     --only     pairs whose name or kind holds one of the parts        --pairs    at most so many
//     --all      those that are not `core`, too                         --aa       so many healthy runs and nothing else
//     --keep     keeps all records (else those of what went wrong)      --no-pin   Go services and their load on any core
//     --again    diagnoses the records of an earlier run (a folder that --keep left) instead of running anything
//     --plain    only the load, nothing watched: prints what it measured on both sides, to see what a new pair does
//     --seconds  starts no further pair after so many (default 870)     --table    writes the table there, too
// Ends with `recall x/y, precision a/b` and `N passed, N failed`; the exit code says whether both are at least
// 95 %, or --least 0.8.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { postgresMissing, startPostgres } from '../servers/postgres.mjs'
import { findProgram } from '../servers/process.mjs'
import { redisMissing, startRedis } from '../servers/redis.mjs'
import { judge } from './lib/judge.mjs'
import { fillRedis, schema } from './lib/seed.mjs'
import { diagnoseAgain, runSide, secondsOf } from './lib/side.mjs'
import { pairs } from './manifest.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    pairs: { type: 'string' },
    all: { type: 'boolean', default: false },
    aa: { type: 'string' },
    keep: { type: 'boolean', default: false },
    'no-pin': { type: 'boolean', default: false },
    again: { type: 'string' },
    plain: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '870' },
    table: { type: 'string' },
    least: { type: 'string', default: '0.95' },
  },
})
const least = Number(flags.least)
const missing = whatIsMissing()
if (missing.length > 0) {
  process.stderr.write(`faults: left out, as something is missing:\n${missing.map((line) => `  ${line}\n`).join('')}`)
  process.stdout.write('0 passed, 0 failed, 1 skipped\n')
  process.exit(0)
}

const lines = []
const say = (line) => {
  lines.push(line)
  process.stdout.write(`${line}\n`)
}
const dir = flags.again ?? mkdtempSync(join(tmpdir(), 'pw-faults-'))
const side = flags.again === undefined ? runSide : diagnoseAgain
const startedAt = Date.now()
const servers = []
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
let failed = 1
try {
  const world = flags.again === undefined ? await openWorld() : { dir }
  failed = flags.aa === undefined ? await runPairs(world) : await runHealthy(world, Number(flags.aa))
} finally {
  for (const server of servers) await server.stop()
  if (failed === 0 && !flags.keep && flags.again === undefined) rmSync(dir, { recursive: true, force: true })
  else say(`records: ${dir}`)
  if (flags.table !== undefined) writeFileSync(flags.table, `${lines.join('\n')}\n`)
}
process.exitCode = failed === 0 ? 0 : 1

async function openWorld() {
  const goBinary = join(dir, 'go-service')
  const built = spawnSync('go', ['build', '-o', goBinary, '.'], { cwd: join(here, 'go'), encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`go build: ${built.stderr}`)
  const postgres = await startPostgres({ settings: { shared_buffers: '256MB', max_connections: '100', jit: 'off' } })
  servers.push(postgres)
  postgres.sql(schema)
  const redis = await startRedis()
  servers.push(redis)
  fillRedis(redis)
  const pin = !flags['no-pin'] && availableParallelism() > 1 && findProgram('taskset') !== undefined
  return { postgres, redis, goBinary, python: pythonWithDrivers(), dir, pin, plain: flags.plain }
}

async function runPairs(world) {
  const chosen = choosePairs()
  say(`${chosen.length} pairs, ${chosen.reduce((sum, pair) => sum + 2 * secondsOf(pair), 0)} s of load`)
  const counts = { passed: 0, failed: 0, found: 0, right: 0, loud: 0, left: 0 }
  for (const pair of chosen) {
    if ((Date.now() - startedAt) / 1000 > Number(flags.seconds)) {
      counts.left++
      say(`LEFT OUT ${pair.name}: no time left`)
      continue
    }
    const faulty = await side(pair, true, world)
    const healthy = await side(pair, false, world)
    if (flags.plain) {
      say(`${pair.name.padEnd(32)} faulty ${faulty.speed ?? faulty.error}; healthy ${healthy.speed ?? healthy.error}`)
      continue
    }
    const verdict = judge(pair, faulty, healthy)
    const good = verdict.found && verdict.wrong.length === 0 && healthy.error === undefined
    counts[good ? 'passed' : 'failed']++
    if (verdict.found) counts.found++
    counts.right += verdict.right.length
    counts.loud += verdict.right.length + verdict.wrong.length
    say(`${good ? 'ok  ' : 'FAIL'} ${pair.name.padEnd(32)} ${verdict.found ? 'found' : `MISSED: ${verdict.why}`}`)
    say(`       faulty ${faulty.speed ?? ''}; healthy ${healthy.speed ?? ''}`)
    for (const finding of verdict.right) say(`       ${describe(finding)}`)
    for (const { side, finding } of verdict.wrong) say(`       FALSE ALARM, ${side}: ${describe(finding)}`)
    if (healthy.error !== undefined) say(`       healthy: ${healthy.error}`)
    if (good && !flags.keep && flags.again === undefined)
      for (const side of [faulty, healthy]) rmSync(side.dir, { recursive: true, force: true })
    else say(`       ${faulty.dir}`)
  }
  const asked = counts.passed + counts.failed
  say('')
  say(`recall ${counts.found}/${asked}, precision ${counts.right}/${counts.loud}`)
  say(`${counts.passed} passed, ${counts.failed} failed${counts.left === 0 ? '' : `, ${counts.left} left out`}`)
  // What the time did not suffice for is said above, and judged where there is more of it (--seconds).
  const reached = counts.found >= least * asked && counts.right >= least * counts.loud
  return reached && asked > 0 ? 0 : Math.max(1, counts.failed)
}

/** A/A: healthy services only. Anything above `info` is a false alarm. */
async function runHealthy(world, count) {
  const chosen = choosePairs()
  let failures = 0
  for (let i = 0; i < count; i++) {
    const pair = chosen[i % chosen.length]
    const name = `${pair.name}-aa${i + 1}`
    const healthy = await runSide({ ...pair, name }, false, world)
    const loud = healthy.findings.filter((finding) => finding.severity !== 'info')
    const good = loud.length === 0 && healthy.error === undefined
    if (!good) failures++
    say(`${good ? 'ok  ' : 'FAIL'} ${name}${healthy.error === undefined ? '' : `: ${healthy.error}`}`)
    for (const finding of loud) say(`       FALSE ALARM: ${describe(finding)}`)
    if (good && !flags.keep) rmSync(healthy.dir, { recursive: true, force: true })
    else say(`       ${healthy.dir}`)
  }
  say('')
  say(`${count - failures} passed, ${failures} failed`)
  return failures
}

function choosePairs() {
  const parts = flags.only?.split(',')
  return pairs
    .filter((pair) =>
      parts === undefined
        ? flags.all || pair.core
        : parts.some((part) => pair.name.includes(part) || pair.kind === part),
    )
    .slice(0, flags.pairs === undefined ? undefined : Number(flags.pairs))
}

function describe(finding) {
  return `${finding.severity} ${finding.kind} (${finding.confidence}): ${finding.title} ${JSON.stringify(finding.where)}`
}

function pythonWithDrivers() {
  return ['python3', 'python'].find(
    (program) => spawnSync(program, ['-c', 'import psycopg2, redis'], { stdio: 'ignore' }).status === 0,
  )
}

/** @returns lines that say what to install */
function whatIsMissing() {
  return [
    existsSync(join(here, '..', '..', '..', 'dist', 'cli', 'main.js')) ? undefined : 'dist: npm run build',
    postgresMissing,
    redisMissing,
    findProgram('go') === undefined ? 'Go is not installed: https://go.dev/dl' : undefined,
    pythonWithDrivers() === undefined
      ? 'Python with its drivers: pip install -r test/targets/suite/python/requirements.txt'
      : undefined,
  ].filter((line) => line !== undefined)
}

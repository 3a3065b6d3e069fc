// The gate's own error rates: how often it cries wolf when both sides are the same, how often it finds planted work.
//   npm run bench -- gate                 100 A/A gates, 100 with 20 % of CPU per request, 100 with 10 %
//   npm run bench -- gate --short         4 of each
//   npm run bench -- gate --rounds 30     so many of each
// Beside it, on the same measurements: benchstat (golang.org/x/perf) and a plain threshold of 10 %. Each gate is a call
// of the command line. The kinds take turns, so that a mood of the machine meets all of them, and every finished gate is
// a line in bench/results/gate.ndjson, so that a stop loses nothing.
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../lib/tools.mjs'

const kinds = [
  { name: 'A/A', planted: 0 },
  { name: '+20 % CPU', planted: 0.2 },
  { name: '+10 % CPU', planted: 0.1 },
]
const server = join(root, 'bench', 'lib', 'planted-server.mjs')

export async function run({ work, short, flags }) {
  const each = short ? 4 : Number(flags.rounds ?? 100)
  const log = join(root, 'bench', 'results', 'gate.ndjson')
  mkdirSync(join(root, 'bench', 'results'), { recursive: true })
  const overhead = overheadUnits(work)
  process.stdout.write(
    `a request costs node:http as much CPU as ${overhead.toFixed(1)} units of work; planted on them too\n`,
  )
  const gates = []
  for (let round = 0; round < each; round++) {
    for (const kind of kinds) {
      const gate = oneGate(work, kind, overhead, round)
      gates.push(gate)
      appendFileSync(log, `${JSON.stringify(gate)}\n`)
      process.stderr.write(
        `${gates.length} of ${each * kinds.length}: ${kind.name} ${gate.verdict} ${(100 * gate.cpu).toFixed(1)} % in ${gate.seconds.toFixed(0)} s\n`,
      )
    }
  }
  return await table(gates)
}

/** Prints what gates of any run came to. @param gates  lines of gate.ndjson */
export async function table(gates) {
  const { wilson } = await import(pathToFileURL(join(root, 'dist', 'stats', 'index.js')).href)
  const benchstat = hasBenchstat()
  const share = (list, test) => {
    const hits = list.filter(test).length
    const { low, high } = wilson(hits, list.length)
    return `${hits} of ${list.length} [${(100 * low).toFixed(0)}, ${(100 * high).toFixed(0)} %]`
  }
  process.stdout.write(
    '\n| says "changed" of | gate (duets) | benchstat, CPU | benchstat, p50 | benchstat, p95 | p95 moved > 10 % | CPU moved > 10 % | CPU found | s a gate |\n|---|---|---|---|---|---|---|---|---|\n',
  )
  const out = []
  for (const { name, planted } of kinds) {
    const list = gates.filter((gate) => gate.kind === name)
    if (list.length === 0) continue
    // A planted change counts as found only as what it is: a regression.
    const said =
      planted === 0
        ? ({ verdict }) => verdict === 'regression' || verdict === 'better'
        : ({ verdict }) => verdict === 'regression'
    const rival = (metric) => (benchstat ? share(list, (gate) => gate.benchstat[metric]) : 'not installed')
    const effects = list.map(({ cpu }) => cpu).sort((x, y) => x - y)
    const middle = effects[Math.floor(effects.length / 2)]
    const longest = Math.max(...list.map(({ seconds }) => seconds))
    const row = [
      name,
      share(list, said),
      rival('cpu'),
      rival('p50'),
      rival('p95'),
      share(list, (gate) => gate.plain.p95),
      share(list, (gate) => gate.plain.cpu),
      `${(100 * effects[0]).toFixed(1)} to ${(100 * effects.at(-1)).toFixed(1)}, median ${(100 * middle).toFixed(1)} %`,
      `at most ${longest.toFixed(0)}`,
    ]
    process.stdout.write(`| ${row.join(' | ')} |\n`)
    out.push({ name, n: list.length, said: list.filter(said).length, verdicts: countBy(list), effects, longest })
  }
  return out
}

function oneGate(work, kind, overhead, round) {
  const file = join(work, 'duet.json')
  const side = (planted) => `PLANTED=${planted} OVERHEAD=${overhead} exec node ${server}`
  const began = process.hrtime.bigint()
  const command = [
    'duet',
    '--a',
    side(0),
    '--b',
    side(kind.planted),
    '--url',
    '/items?page={1..50}',
    '--seed',
    String(round + 1),
    '--keep',
    file,
    '--json',
  ]
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'perfwright.js'), ...command], {
    encoding: 'utf8',
    cwd: work,
  })
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  if (![0, 30, 32, 33].includes(status)) throw new Error(`a gate ended with ${status}: ${stderr}`)
  const { verdict, why, comparisons, measures } = JSON.parse(readFileSync(file, 'utf8'))
  const values = (name, of) => measures.map((measure) => measure[name][of])
  const sets = { cpu: 'cpuUsPerRequest', p50: 'p50Ms', p95: 'p95Ms' }
  return {
    kind: kind.name,
    verdict,
    exit: status,
    why,
    seconds,
    cpu: comparisons.find(({ metric }) => metric === 'cpu')?.change ?? null,
    comparisons,
    benchstat: Object.fromEntries(
      Object.entries(sets).map(([name, of]) => [name, benchstatSays(work, values('a', of), values('b', of))]),
    ),
    // One run and then another, as a comparison with yesterday's run is: a of the first half, b of the second.
    plain: Object.fromEntries(
      Object.entries(sets).map(([name, of]) => {
        const half = measures.length / 2
        const [a, b] = [mean(values('a', of).slice(0, half)), mean(values('b', of).slice(half))]
        return [name, kind.planted === 0 ? Math.abs(b / a - 1) > 0.1 : b / a - 1 > 0.1]
      }),
    ),
    measures,
  }
}

/** Whether benchstat prints a change and not `~` (Mann-Whitney U, alpha 0.05), of a slower b. */
function benchstatSays(work, a, b) {
  if (!hasBenchstat()) return null
  const files = [a, b].map((values, i) => {
    const path = join(work, `${i === 0 ? 'old' : 'new'}.txt`)
    writeFileSync(path, values.map((value) => `BenchmarkGate 1 ${(value * 1000).toFixed(0)} ns/op\n`).join(''))
    return path
  })
  const { stdout } = spawnSync(benchstatPath(), ['-format', 'csv', ...files], { encoding: 'utf8' })
  const row = stdout.split('\n').find((line) => line.startsWith('Gate,'))
  if (row === undefined) throw new Error(`benchstat said: ${stdout}`)
  return !row.split(',').includes('~')
}

function benchstatPath() {
  const home = process.env.GOPATH ?? join(process.env.HOME ?? '/root', 'go')
  return spawnSync('benchstat', ['-h']).error === undefined ? 'benchstat' : join(home, 'bin', 'benchstat')
}

let known
function hasBenchstat() {
  known ??= spawnSync(benchstatPath(), ['-h']).error === undefined
  if (known === false)
    process.stderr.write('benchstat is not installed: go install golang.org/x/perf/cmd/benchstat@latest\n')
  return known
}

/** What a request costs beside its units, in units of CPU time, as a duet of 20 and 80 units sees it. */
function overheadUnits(work) {
  const file = join(work, 'overhead.json')
  const side = (units) => `UNITS=${units} exec node ${server}`
  const command = ['duet', '--a', side(20), '--b', side(80), '--url', '/items?page={1..50}', '--keep', file, '--json']
  spawnSync(process.execPath, [join(root, 'bin', 'perfwright.js'), ...command], { cwd: work })
  const { a, b } = JSON.parse(readFileSync(file, 'utf8')).comparisons.find(({ metric }) => metric === 'cpu')
  return Math.max(0, a / ((b - a) / 60) - 20)
}

function countBy(list) {
  const counts = {}
  for (const { verdict } of list) counts[verdict] = (counts[verdict] ?? 0) + 1
  return counts
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

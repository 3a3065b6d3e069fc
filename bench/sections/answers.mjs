// What the analysis says of real runs against a server whose limits are known (test/targets/limited-server.mjs).
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { root } from '../lib/tools.mjs'

const cases = [
  [
    'ladder',
    '/pool',
    'knee at 4 VUs, 200/s',
    ({ capacity: c }) => `${c.knee} at ${show(c.at)} [${show(c.low)}, ${show(c.high)}], ${show(c.throughputPerS)}/s`,
  ],
  [
    'short-ladder',
    '/pool',
    'not reached within 5: too few loads beyond 4',
    ({ capacity: c }) => `${c.knee}: ${c.note.slice(0, 40)}`,
  ],
  ['ramp', '/pool', '200/s', ({ capacity: c }) => `${c.knee} at ${show(c.at)} [${show(c.low)}, ${show(c.high)}]`],
  [
    'spike',
    '/pool',
    '1,000 wait, gone 7 s later',
    ({ recovery: r }) =>
      `${r.backlogMax} waited, recovered after ${show(r.recoveredAfterS)} s, back: ${r.backToBaseline}`,
  ],
  ['hold', '/leak', 'grows by 7.2 GB/h', ({ trends }) => memory(trends)],
  ['hold', '/kept', 'does not grow', ({ trends }) => memory(trends)],
]

export async function run({ work }) {
  process.stdout.write('\n| load | asked for | truth | found | type |\n|---|---|---|---|---|\n')
  const out = []
  for (const [shape, target, truth, found] of cases) {
    const analysis = await analysed(work, shape, target)
    const row = { shape, target, truth, found: found(analysis), type: analysis.testType }
    process.stdout.write(`| ${row.shape} | ${row.target} | ${row.truth} | ${row.found} | ${row.type} |\n`)
    out.push(row)
  }
  return out
}

async function analysed(work, shape, target) {
  const port = await freePort()
  const server = spawn(process.execPath, [join(root, 'test', 'targets', 'limited-server.mjs'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await new Promise((resolve) => server.stdout.once('data', resolve))
    const record = join(work, `${shape}${target.replace('/', '-')}`)
    spawnSync(
      process.execPath,
      [
        join(root, 'bin', 'perfwright.js'),
        'run',
        '--record',
        record,
        '--target-pid',
        String(server.pid),
        ...Object.entries({ SHAPE: shape, PORT: port, TARGET: target }).flatMap(([key, value]) => [
          '-e',
          `${key}=${value}`,
        ]),
        join(root, 'bench', 'scripts', 'answers.js'),
      ],
      { stdio: 'ignore' },
    )
    return JSON.parse(readFileSync(join(record, 'analysis.json'), 'utf8'))
  } finally {
    server.kill()
  }
}

function memory(trends) {
  const seen = trends.filter(({ source }) => /heap_after_gc_bytes|external_bytes|rss_bytes/.test(source))
  return seen
    .map(
      ({ source, verdict, slopePerH }) =>
        `${source.split(' ').at(-1)} ${verdict} (${(slopePerH / 1e9).toFixed(1)} GB/h)`,
    )
    .join(', ')
}

function show(value) {
  return value === null ? '-' : Number(value.toPrecision(3))
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

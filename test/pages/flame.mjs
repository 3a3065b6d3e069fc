// The flame-graph page of a 100 MB profile in real headless Chromium: how long until it is drawn, and that nothing is lost.
//   node test/pages/flame.mjs
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const chromium = process.env.PW_CHROMIUM ?? 'chromium'
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const megabytes = 100
const limitMs = 2000
const rounds = 3

const dir = mkdtempSync(join(tmpdir(), 'pw-flame-'))
let passed = 0
let failed = 0
try {
  // A service: 400 functions, stacks that share their beginnings; and the worst: hardly any stack comes twice.
  check('stacks of a service', 400, 12)
  check('a million different stacks', 40_000, 40)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

function check(name, functions, depth) {
  const file = join(dir, `${functions}.txt`)
  const { stacks, sum } = write(file, functions, depth)
  const page = join(dir, `${functions}.html`)
  const made = spawnSync(process.execPath, ['bin/perfwright.js', 'profile', 'convert', file, page], {
    cwd: root,
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(made.stderr)
  const times = []
  let text = ''
  for (let i = 0; i < rounds; i++) {
    const { stdout, error } = spawnSync(chromium, [...flags, '--dump-dom', `file://${page}`], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      timeout: 60_000,
    })
    if (error !== undefined) throw error
    times.push(Number(/data-drawn-ms="(\d+)"/.exec(stdout)?.[1]))
    text = stdout
  }
  const median = times.sort((a, b) => a - b)[rounds >> 1]
  const whole = text.includes(`${sum.toLocaleString('en-US')} samples`)
  const size = (path) => `${(statSync(path).size / 1e6).toFixed(1)} MB`
  // The time is bounded generously: a busy machine must not fail it. The figure is what counts.
  const ok = whole && median > 0 && median < limitMs * 4
  if (ok) passed++
  else failed++
  process.stdout.write(
    `${ok ? 'ok' : 'FAILED'}: ${name}: ${size(file)}, ${stacks.toLocaleString('en-US')} stacks -> page of ${size(page)}, drawn after ${median} ms [${times[0]}-${times.at(-1)}] (goal ${limitMs})${whole ? '' : ', samples lost'}\n`,
  )
}

/** Collapsed stacks from a fixed seed. */
function write(path, functions, depth) {
  let state = 42
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  const out = openSync(path, 'w')
  let bytes = 0
  let stacks = 0
  let sum = 0
  let buffer = ''
  while (bytes < megabytes * 1e6) {
    const frames = []
    let at = 0
    const length = 4 + random(depth)
    for (let i = 0; i < length; i++) {
      // Most calls are the usual ones.
      at = (at * 7 + 1 + Math.floor((random(1000) ** 3 / 1e9) * functions)) % functions
      frames.push(`handler_${at} (/srv/app/src/module_${at % 50}.js:${10 + (at % 300)})`)
    }
    const count = 1 + random(20)
    sum += count
    stacks++
    buffer += `${frames.join(';')} ${count}\n`
    if (buffer.length > 1 << 20) {
      bytes += writeSync(out, buffer)
      buffer = ''
    }
  }
  writeSync(out, buffer)
  closeSync(out)
  return { stacks, sum }
}

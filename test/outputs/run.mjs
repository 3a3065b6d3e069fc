// Outputs against the real receivers, and beside real k6: the same script, the same names, labels, types and values.
//   npm run outputs [-- NAME ...]      names filter the parts
// A receiver that is not installed leaves its part out, with the line that installs it. PW_K6 names a k6 to compare with.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { influxdb, influxdbDashboard, influxdbV2 } from './influxdb.mjs'
import { otlp, otlpGrpc } from './otlp.mjs'
import { parquet } from './parquet.mjs'
import {
  prometheus,
  prometheusDashboard,
  prometheusHistograms,
  prometheusScrape,
  prometheusStale,
} from './prometheus.mjs'
import { statsd } from './statsd.mjs'
import { target } from './target.mjs'
import { trouble } from './trouble.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const perfwright = process.env['PW_BIN'] ?? join(here, '..', '..', 'bin', 'perfwright.js')
const k6 = find('k6', process.env['PW_K6'])
const wanted = process.argv.slice(2)

const apt = (name) => `apt-get install ${name}`
const parts = [
  { name: 'trouble', needs: {}, run: trouble },
  { name: 'prometheus', needs: { prometheus: apt('prometheus') }, run: prometheus },
  { name: 'prometheus-histograms', needs: { prometheus: apt('prometheus') }, run: prometheusHistograms },
  { name: 'prometheus-stale', needs: { prometheus: apt('prometheus') }, run: prometheusStale },
  { name: 'prometheus-scrape', needs: { prometheus: apt('prometheus') }, run: prometheusScrape },
  { name: 'prometheus-dashboard', needs: { prometheus: apt('prometheus') }, run: prometheusDashboard },
  { name: 'influxdb', needs: { influxd: apt('influxdb') }, run: influxdb },
  { name: 'influxdb-dashboard', needs: { influxd: apt('influxdb') }, run: influxdbDashboard },
  { name: 'influxdb-v2', needs: { 'victoria-metrics': apt('victoria-metrics') }, run: influxdbV2 },
  {
    name: 'statsd',
    needs: { statsd_exporter: 'go install github.com/prometheus/statsd_exporter@latest' },
    run: statsd,
  },
  { name: 'otlp', needs: { k6: 'go install go.k6.io/k6@latest' }, run: otlp },
  {
    name: 'otlp-grpc',
    needs: {
      telegraf:
        'go install -tags custom,inputs.opentelemetry,outputs.file,serializers.json github.com/influxdata/telegraf/cmd/telegraf@latest',
    },
    run: otlpGrpc,
  },
  { name: 'parquet', needs: { 'python3 pyarrow': 'pip install pyarrow' }, run: parquet },
]

const work = mkdtempSync(join(tmpdir(), 'pw-outputs-'))
const counts = { passed: 0, failed: 0, skipped: 0 }
const shop = await target()
for (const part of parts.filter(({ name }) => wanted.length === 0 || wanted.some((one) => name.includes(one)))) {
  const programs = {}
  const missing = []
  for (const [program, install] of Object.entries(part.needs)) {
    const path = program === 'k6' ? k6 : find(program)
    if (path === undefined) missing.push(`${program} (${install})`)
    else programs[program] = path
  }
  if (missing.length > 0) {
    counts.skipped++
    process.stdout.write(`- ${part.name}: left out, not found: ${missing.join(', ')}\n`)
    continue
  }
  const running = []
  const dir = mkdtempSync(join(work, `${part.name}-`))
  try {
    const note = await part.run({
      dir,
      programs,
      k6,
      url: shop.url,
      start: starter(dir, running),
      load: loader(dir, shop.url),
    })
    counts.passed++
    process.stdout.write(`ok ${part.name}${note === undefined ? '' : `: ${note}`}\n`)
  } catch (error) {
    counts.failed++
    process.stdout.write(`FAILED ${part.name}: ${error.stack ?? error}\n`)
  } finally {
    for (const child of running) child.kill('SIGKILL')
  }
}
await shop.close()
rmSync(work, { recursive: true, force: true })
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
process.exitCode = counts.failed > 0 ? 1 : 0

/** Where a program is: the given path, PATH, the folder that .ci/run fills, Debian's for daemons. */
function find(program, given) {
  if (program === 'python3 pyarrow')
    return spawnSync('python3', ['-c', 'import pyarrow'], { stdio: 'ignore' }).status === 0 ? 'python3' : undefined
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    join(homedir(), '.cache', 'perfwright', 'bin'),
    join(homedir(), 'go', 'bin'),
    '/usr/sbin',
  ]
  return given ?? folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

/** Starts a daemon of this part; it ends with the part. */
function starter(dir, running) {
  return (program, args) => {
    const child = spawn(program, args, { cwd: dir, stdio: 'ignore' })
    running.push(child)
    return child
  }
}

/** Runs a script on perfwright, or on k6, and fails when it does. */
function loader(dir, url) {
  return (tool, { outs = [], env = {}, args = [], testid = tool, script = 'script.js' }) => {
    const common = [
      'run',
      '-q',
      '-e',
      `URL=${url}`,
      '-e',
      `TESTID=${testid}`,
      ...args,
      ...outs.flatMap((out) => ['--out', out]),
    ]
    const command =
      tool === 'k6' ? [k6, ...common] : [process.execPath, perfwright, ...common, '--no-observe', '--no-report']
    return new Promise((resolve, reject) => {
      const child = spawn(command[0], [...command.slice(1), join(here, script)], {
        cwd: dir,
        env: { ...process.env, ...env },
        timeout: 120_000,
      })
      let text = ''
      child.stdout.on('data', (chunk) => (text += chunk))
      child.stderr.on('data', (chunk) => (text += chunk))
      child.on('error', reject)
      child.on('close', (code) => {
        if (code === 0) resolve(text)
        else reject(new Error(`${command.join(' ')} ended with ${code}:\n${text}`))
      })
    })
  }
}

// Speed and memory of the generator, side by side with its rivals in one run on one machine.
//   npm run bench                 the table: requests per CPU second of the generator, interleaved rounds, median and spread
//   npm run bench -- --short      fewer and shorter rounds (CI): the same table, wider spread
//   npm run bench -- --soak N     memory over N requests (default 10,000,000)
// The server (nginx where installed, else Node) is pinned to core 0, the generator to core 1. Rivals that are not
// installed are named as missing. Nothing here passes or fails on time: it prints ratios and writes bench/results/.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { cpus, homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..')
const short = process.argv.includes('--short')
const soakAt = process.argv.indexOf('--soak')
const seconds = short ? 3 : 8
const rounds = short ? 2 : 5
const vus = 50
const work = mkdtempSync(join(tmpdir(), 'pw-bench-'))
const perfwright = [process.execPath, join(root, 'bin', 'perfwright.js')]
const k6 =
  [process.env.PW_K6, join(homedir(), '.cache', 'perfwright', 'bin', 'k6')].find((path) => path && existsSync(path)) ??
  (has('k6', ['version']) ? 'k6' : undefined)
const script = join(here, 'http-get-check.js')

// The kernel's own account of a command and its threads: CPU seconds and peak memory.
const account = `
import json, os, resource, subprocess, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
p = subprocess.run(['taskset', '-c', '1'] + sys.argv[1:], stdin=subprocess.DEVNULL)
u = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.flush()
print('@@' + json.dumps({'cpuS': u.ru_utime + u.ru_stime, 'maxRssKb': u.ru_maxrss}))
sys.exit(0 if p.returncode in (0, 99) else 1)
`

const server = await startServer()
try {
  const report = { at: new Date().toISOString(), machine: machine(), server: server.name, seconds, rounds, vus }
  if (soakAt >= 0) report.soak = await soak(Number(process.argv[soakAt + 1] ?? 10_000_000))
  else {
    report.speed = await speed()
    report.coldStartMs = await coldStart()
    report.memory = await memory()
  }
  mkdirSync(join(here, 'results'), { recursive: true })
  const file = join(here, 'results', `${report.at.replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  process.stdout.write(`\nWritten to ${file}\n`)
} finally {
  server.stop()
  rmSync(work, { recursive: true, force: true })
}

async function speed() {
  const url = `${server.url}/products`
  const contenders = {
    'perfwright (script: get + check)': async () => {
      const cpu = await timed([
        ...perfwright,
        'run',
        '--quiet',
        '--no-summary',
        '--vus',
        vus,
        '--duration',
        `${seconds}s`,
        '-e',
        `URL=${url}`,
        '--record',
        join(work, 'r'),
        '--summary-export',
        join(work, 's.json'),
        script,
      ])
      rmSync(join(work, 'r'), { recursive: true, force: true })
      return { ...cpu, requests: JSON.parse(readFileSync(join(work, 's.json'), 'utf8')).metrics.http_reqs.count }
    },
    ...(k6 && {
      'k6 (same script)': async () => {
        const cpu = await timed([
          k6,
          'run',
          '--quiet',
          '--no-usage-report',
          '--vus',
          vus,
          '--duration',
          `${seconds}s`,
          '-e',
          `URL=${url}`,
          '--summary-export',
          join(work, 's.json'),
          script,
        ])
        return { ...cpu, requests: JSON.parse(readFileSync(join(work, 's.json'), 'utf8')).metrics.http_reqs.count }
      },
    }),
    'bare Node socket loop (no parsing)': async () => {
      const cpu = await timed([process.execPath, join(here, 'bare-loop.mjs'), url, vus, seconds])
      return { ...cpu, requests: Number(/requests (\d+)/.exec(cpu.stdout)[1]) }
    },
    ...(has('wrk', ['-v']) && {
      wrk: async () => {
        const cpu = await timed(['wrk', '-t1', `-c${vus}`, `-d${seconds}s`, url])
        return { ...cpu, requests: Number(/(\d+) requests in/.exec(cpu.stdout)[1]) }
      },
    }),
    autocannon: async () => {
      const cpu = await timed([
        process.execPath,
        join(root, 'node_modules', 'autocannon', 'autocannon.js'),
        '-c',
        vus,
        '-d',
        seconds,
        '-j',
        url,
      ])
      return { ...cpu, requests: JSON.parse(cpu.stdout.slice(cpu.stdout.indexOf('{'))).requests.total }
    },
  }
  for (const [name, there] of [
    ['k6', k6],
    ['wrk', has('wrk', ['-v'])],
  ])
    if (!there) process.stdout.write(`left out: ${name} is not installed\n`)
  const results = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const { requests, cpuS, maxRssKb } = await run()
      results[name].push({ perCpuS: requests / cpuS, perS: requests / seconds, rssMb: maxRssKb / 1024 })
      process.stderr.write(
        `round ${round + 1}/${rounds} ${name}: ${Math.round(requests / cpuS)} requests per CPU second\n`,
      )
    }
  }
  const base = results['k6 (same script)']
  const bare = results['bare Node socket loop (no parsing)']
  const rows = Object.entries(results).map(([name, runs]) => ({
    name,
    perCpuS: spread(runs.map((run) => run.perCpuS)),
    perS: spread(runs.map((run) => run.perS)),
    rssMb: Math.round(median(runs.map((run) => run.rssMb))),
    timesK6: base && spread(runs.map((run, i) => run.perCpuS / base[i].perCpuS)),
    timesBare: spread(runs.map((run, i) => run.perCpuS / bare[i].perCpuS)),
  }))
  const show = (s, digits = 0) =>
    s === undefined ? '-' : `${format(s.median, digits)} [${format(s.min, digits)}-${format(s.max, digits)}]`
  process.stdout.write(
    `\n${vus} connections, ${seconds} s a run, ${rounds} interleaved rounds, server: ${server.name} on core 0, generator on core 1\n\n`,
  )
  process.stdout.write(
    '| Tool | requests per CPU second | x k6 | x bare loop | requests/s | MB |\n|---|---|---|---|---|---|\n',
  )
  for (const row of rows)
    process.stdout.write(
      `| ${row.name} | ${show(row.perCpuS)} | ${show(row.timesK6, 2)} | ${show(row.timesBare, 2)} | ${show(row.perS)} | ${row.rssMb} |\n`,
    )
  return rows
}

/** Milliseconds from the start of the process to its first request, for a small script. */
async function coldStart() {
  const times = { perfwright: [], k6: [] }
  for (let i = 0; i < (short ? 3 : 7); i++) {
    times.perfwright.push(
      await firstRequest([...perfwright, 'run', '--quiet', '--iterations', '1', '--record', join(work, 'c')]),
    )
    rmSync(join(work, 'c'), { recursive: true, force: true })
    if (k6) times.k6.push(await firstRequest([k6, 'run', '--quiet', '--no-usage-report', '--iterations', '1']))
  }
  const out = { perfwright: spread(times.perfwright), ...(k6 && { k6: spread(times.k6) }) }
  process.stdout.write(
    `\nCold start to the first request, ms: perfwright ${format(out.perfwright.median)} [${format(out.perfwright.min)}-${format(out.perfwright.max)}]${k6 ? `, k6 ${format(out.k6.median)}` : ''}\n`,
  )
  return out
}

function firstRequest(head) {
  return new Promise((resolve, reject) => {
    let started
    const probe = createServer((_, response) => {
      const ms = performance.now() - started
      response.end('[]')
      child.on('close', () => probe.close(() => resolve(ms)))
    }).listen(0, '127.0.0.1', () => {
      started = performance.now()
      child = spawn(head[0], [...head.slice(1), '-e', `URL=http://127.0.0.1:${probe.address().port}/`, script], {
        stdio: 'ignore',
      })
      child.on('error', reject)
    })
    let child
  })
}

/** Kilobytes a VU, from the peak memory of a few and of many VUs of the same script. */
async function memory() {
  const many = short ? 2000 : 9000
  const measure = async (tool, count) => {
    const args =
      tool === 'k6'
        ? [k6, 'run', '--quiet', '--no-usage-report']
        : [...perfwright, 'run', '--quiet', '--no-summary', '--record', join(work, 'm')]
    const { maxRssKb } = await timed([
      ...args,
      '--vus',
      count,
      '--duration',
      `${short ? 5 : 15}s`,
      '-e',
      `URL=${server.url}/products`,
      '-e',
      'SLEEP=1',
      script,
    ])
    rmSync(join(work, 'm'), { recursive: true, force: true })
    return maxRssKb
  }
  const out = {}
  for (const tool of ['perfwright', ...(k6 ? ['k6'] : [])]) {
    const few = await measure(tool, 50)
    const lots = await measure(tool, many)
    out[tool] = { few: 50, many, rssMbFew: few / 1024, rssMbMany: lots / 1024, kbPerVu: (lots - few) / (many - 50) }
    process.stdout.write(
      `Memory, ${tool}: ${format(few / 1024)} MB at 50 VUs, ${format(lots / 1024)} MB at ${many} VUs: ${format(out[tool].kbPerVu, 1)} KB a VU\n`,
    )
  }
  return out
}

/** Resident memory along a long run; flat when the slope of its second half is nothing. */
async function soak(requests) {
  const child = spawn(
    'taskset',
    [
      '-c',
      '1',
      ...perfwright,
      'run',
      '--quiet',
      '--vus',
      String(vus),
      '--iterations',
      String(requests),
      '-e',
      `URL=${server.url}/products`,
      '--record',
      join(work, 'soak'),
      script,
    ].map(String),
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const samples = []
  const started = performance.now()
  const timer = setInterval(() => {
    try {
      const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1])
      samples.push([(performance.now() - started) / 1000, rss / 1024])
    } catch {
      // The process is gone; the close event follows.
    }
  }, 1000)
  await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  const half = samples.slice(Math.floor(samples.length / 2))
  const slope = regression(half)
  process.stdout.write(
    `Soak: ${requests} requests in ${format(samples.at(-1)[0])} s; MB at 10 %, 50 %, 90 %: ${[0.1, 0.5, 0.9].map((q) => format(samples[Math.floor(q * (samples.length - 1))][1])).join(', ')}; slope of the second half ${slope.slope.toFixed(4)} MB/s, 95 % interval [${slope.low.toFixed(4)}, ${slope.high.toFixed(4)}]\n`,
  )
  return { requests, samples, slope }
}

function regression(points) {
  const n = points.length
  const mx = points.reduce((sum, [x]) => sum + x, 0) / n
  const my = points.reduce((sum, [, y]) => sum + y, 0) / n
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx
  const error = Math.sqrt(
    points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0) / Math.max(1, n - 2) / sxx,
  )
  return { slope, low: slope - 1.96 * error, high: slope + 1.96 * error }
}

/** Runs a command on core 1; CPU seconds and peak memory are the kernel's own account of it and its threads. */
async function timed(command) {
  const child = spawn('python3', ['-c', account, ...command.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  const line = /@@(\{.*\})\s*$/.exec(stdout)
  if (code !== 0 || line === null) throw new Error(`${command.join(' ')} exited ${code}\n${stdout}`)
  return { ...JSON.parse(line[1]), stdout: stdout.slice(0, line.index) }
}

async function startServer() {
  const body = JSON.stringify([
    { id: 1, name: 'lamp', price: 12.5 },
    { id: 2, name: 'desk', price: 99 },
  ])
  const nginx = ['nginx', '/usr/sbin/nginx'].find((path) => has(path, ['-v']))
  if (nginx) {
    const port = 18000 + Math.floor(Math.random() * 2000)
    writeFileSync(
      join(work, 'nginx.conf'),
      `daemon off; worker_processes 1; worker_cpu_affinity 01; pid ${work}/nginx.pid; error_log ${work}/error.log; worker_rlimit_nofile 65536;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; server { listen 127.0.0.1:${port} backlog=16384; location / { default_type application/json; return 200 '${body}'; } } }`,
    )
    const child = spawn('taskset', ['-c', '0', nginx, '-p', work, '-c', join(work, 'nginx.conf')], { stdio: 'ignore' })
    const url = `http://127.0.0.1:${port}`
    await untilUp(url)
    return { name: 'nginx', url, stop: () => child.kill('SIGQUIT') }
  }
  const child = spawn('taskset', ['-c', '0', process.execPath, join(root, 'test', 'targets', 'web-server.mjs')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const { url } = JSON.parse(await new Promise((resolve) => child.stdout.once('data', resolve)))
  return { name: 'Node http (nginx is not installed)', url, stop: () => child.stdin.end() }
}

async function untilUp(url) {
  for (let i = 0; i < 100; i++) {
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`the server did not come up at ${url}`)
}

function machine() {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    k6: k6 && spawnSync(k6, ['version'], { encoding: 'utf8' }).stdout.trim(),
  }
}

function has(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined
}

function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const mid = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2
}

function format(value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

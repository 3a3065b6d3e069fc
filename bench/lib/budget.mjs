// Where each microsecond of an iteration (http.get + check) goes, and the same for the bare Node socket loop.
//   node bench/lib/budget.mjs [SECONDS]       needs Linux, perf and a built dist; nginx for a server that keeps up
// `perf` samples the load thread in the steady state; the server counts requests; time by function gives the shares.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startHttpServer } from './http-server.mjs'
import { has, perfwright, root } from './tools.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const seconds = Number(process.argv[2] ?? 4)
const warmRequests = 80_000

/** In this order: the first pattern that a sample's chain (kernel) or function (rest) matches names its place. */
const kernelPlaces = [
  ['kernel: write, and the way to the server', /ksys_write|sock_write_iter|tcp_sendmsg|sys_send/],
  ['kernel: read', /ksys_read|sock_read_iter|tcp_recvmsg/],
  ['kernel: epoll', /ep_poll|epoll/],
]
const userPlaces = [
  ['garbage collection', /Scaveng|SemiSpace|Sweep|Evacuat|MarkCompact|RootVisitor|ConcurrentMark|YoungGen/],
  ['clock', /clock_gettime|vdso|PerformanceNow|nowMs|nowNs|uv__?hrtime/],
  ['promises and resuming the script', /Promise|Microtask|Await|Generator|AsyncFunction/],
  ['samples', /JS:.(?:add|#makeRoom|#empty|addAll|emit|#tagSet|emitTransfer|named|matches) /],
  [
    'script, check, response',
    /JS:.(?:\$default|check|record|get|has|bareGet|_Response|makeResponse|isPersonsAsync) |Proxy|ObjectKeys|JS:.get status/,
  ],
  [
    'HTTP: request out, answer parsed',
    /JS:.(?:directRead|onDirectBytes|onBytes|feed|#wholeHead|#knownHead|sameWords|#begin|#fixedBody|#complete|#write|#writeDirect|start|send|begin|take|release|remove|#received) /,
  ],
  [
    'iteration: start, end, loop',
    /JS:.(?:run|#run|#call|#settle|next|#start|#back|#onFulfilled|#onIdle|whenIdle|reset|hold|resolveHeld|#letGo|started|ended|leaveGroups|iterate|turnVu) /,
  ],
  ['libuv and Node glue', /uv__|uv_|node::|v8::|CallApiCallback|CallFunction|libc|JS:.*node:internal/],
  ['other JavaScript and V8 builtins', /JS:|Builtins_/],
]

if (!has('perf', ['--version'])) {
  process.stderr.write('budget: perf is not installed (Debian: linux-perf)\n')
  process.exit(2)
}
const work = mkdtempSync(join(tmpdir(), 'pw-budget-'))
const server = await startHttpServer(work)
const url = `${server.url}/products`
try {
  const script = join(root, 'bench', 'scripts', 'http-get-check.js')
  const run = [
    'run',
    '--quiet',
    '--no-summary',
    '--no-observe',
    '--no-report',
    '--record',
    join(work, 'record'),
    '--vus',
    '50',
    '--duration',
    '120s',
  ]
  await measure('perfwright: http.get + check, 50 VUs', [...perfwright.slice(1), ...run, '-e', `URL=${url}`, script])
  await measure('bare Node socket loop, 50 connections', [join(here, 'bare-loop.mjs'), url, '50', '120'])
} finally {
  server.stop()
  rmSync(work, { recursive: true, force: true })
}

async function measure(title, args) {
  const command = ['-c', '1', process.execPath, '--perf-basic-prof', ...args]
  const child = spawn('taskset', command, { stdio: 'ignore', cwd: work })
  const closed = new Promise((resolve) => child.on('close', resolve))
  const before = await server.seen()
  while ((await server.seen()) < before + warmRequests) await new Promise((resolve) => setTimeout(resolve, 100))
  const tid = busiestThread(child.pid)
  const data = join(work, 'perf.data')
  const cpu0 = threadCpuS(child.pid, tid)
  const seen0 = await server.seen()
  const perf = spawn('perf', [
    'record',
    '-q',
    '-o',
    data,
    '-F',
    '4000',
    '-g',
    '-t',
    tid,
    '--',
    'sleep',
    String(seconds),
  ])
  await new Promise((resolve) => perf.on('close', resolve))
  const requests = (await server.seen()) - seen0
  const usPerRequest = ((threadCpuS(child.pid, tid) - cpu0) / requests) * 1e6
  const shares = sharesOf(data)
  child.kill('SIGKILL')
  await closed
  rmSync(join('/tmp', `perf-${child.pid}.map`), { force: true })
  print(title, usPerRequest, shares)
}

/** Place -> share of the thread's time. */
function sharesOf(data) {
  const text = spawnSync('perf', ['script', '-i', data, '-F', 'ip,sym,dso'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  }).stdout
  const counts = new Map()
  let total = 0
  for (const sample of text.split('\n\n')) {
    const frames = sample.split('\n').filter((line) => line.trim() !== '')
    if (frames.length === 0) continue
    const top = `${frames[0]} `
    const isKernel = /\(\[kernel|\(\[unknown\]\)$|\.ko\)/.test(frames[0].trim()) && /^\s*f{4}/.test(frames[0])
    const [places, subject, rest] = isKernel
      ? [kernelPlaces, frames.join('\n'), 'kernel: the rest']
      : [userPlaces, top, 'libuv and Node glue']
    const place = places.find(([, pattern]) => pattern.test(subject))?.[0] ?? rest
    counts.set(place, (counts.get(place) ?? 0) + 1)
    total++
  }
  return [...counts].map(([place, count]) => [place, count / total]).sort((a, b) => b[1] - a[1])
}

function print(title, usPerRequest, shares) {
  process.stdout.write(
    `\n${title}: ${usPerRequest.toFixed(2)} us of the load thread a request\n\n| Where | us | share |\n|---|---|---|\n`,
  )
  for (const [place, share] of shares)
    process.stdout.write(`| ${place} | ${(share * usPerRequest).toFixed(2)} | ${(share * 100).toFixed(1)} % |\n`)
}

function busiestThread(pid) {
  const times = readdirSync(`/proc/${pid}/task`).map((tid) => [tid, threadCpuS(pid, tid)])
  return times.sort((a, b) => b[1] - a[1])[0][0]
}

function threadCpuS(pid, tid) {
  const fields = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

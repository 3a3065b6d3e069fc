// Eight agents in network namespaces of their own against a real nats-server, and every fault at once: one killed, one
// stopped for some seconds, one cut off, one late, clocks off by minutes, the server killed and started again, the
// coordinator killed and started again. Then four real k6 by execution segment. Needs root, `ip`, nats-server; k6 (PW_K6)
// for the last part.
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..')
const bin = join(root, 'bin', 'perfwright.js')
const script = join(root, 'test', 'cluster', 'script.js')
const dir = mkdtempSync(join(tmpdir(), 'perfwright-cluster-'))
const net = `pw${process.pid % 10_000}`
const subnet = '10.213.77'
const here = `${subnet}.1`
const agents = 8
const rate = 160
const seconds = 26
let failed = 0
const children = []

const counts = new Map()
const target = createServer((request, response) => {
  const from = request.socket.remoteAddress.replace('::ffff:', '')
  counts.set(from, (counts.get(from) ?? 0) + 1)
  response.end(from)
})

try {
  if (process.getuid() !== 0) throw new Error('needs root, for network namespaces')
  const server = process.env.PW_NATS ?? 'nats-server'
  if (spawnSync(server, ['--version']).error)
    throw new Error('needs nats-server (apt-get install nats-server, or PW_NATS)')
  makeNetwork()
  await new Promise((resolve) => target.listen(9180, '0.0.0.0', resolve))
  await faults(server)
  await realK6(server)
} catch (error) {
  say(false, error.stack)
} finally {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  target.closeAllConnections()
  target.close()
  removeNetwork()
  rmSync(dir, { recursive: true, force: true })
}
process.exit(failed > 0 ? 1 : 0)

async function faults(serverProgram) {
  const url = `nats://${here}:14233`
  let server = startServer(serverProgram, 14233, 'one')
  await sleep(1000)
  const running = []
  for (let i = 1; i < agents; i++) running[i] = startAgent(i, url)
  await sleep(4000)
  const record = join(dir, 'record')
  const again = join(dir, 'again')
  const first = coordinator(url, record)
  const id = await until(() => /This run is ([0-9a-f]+)/.exec(first.text)?.[1], 60, 'the run has an id')
  await until(() => sum() > 0, 60, 'the load begins')

  await sleep(2500)
  running[agents] = startAgent(agents, url)
  server.kill('SIGKILL')
  await sleep(2000)
  server = startServer(serverProgram, 14233, 'one')
  await sleep(4000)
  running[2].kill('SIGKILL')
  running[3].kill('SIGSTOP')
  ip(`link set ${net}h4 down`)
  await sleep(4500)
  running[3].kill('SIGCONT')
  ip(`link set ${net}h4 up`)
  await sleep(2000)
  first.child.kill('SIGKILL')
  await sleep(2000)
  const second = coordinator(url, again, ['--cluster-take-up', id])
  const code = await second.ended
  if (process.env.PW_VERBOSE) console.log(second.text)
  say(code === 35, `the run ends with exit code 35, partial data (was ${code})`)
  server.kill('SIGTERM')

  const run = JSON.parse(readFileSync(join(again, 'run.json'), 'utf8'))
  const events = readFileSync(join(again, 'events.ndjson'), 'utf8')
  const before = readFileSync(join(record, 'events.ndjson'), 'utf8')
  const named = (what, agent) =>
    `${before}\n${events}`
      .split('\n')
      .some((line) => line.includes(`"${what}"`) && (agent === undefined || line.includes(`agent${agent}"`)))
  say(named('agent-lost', 2), 'the record names the agent that was killed')
  say(named('agent-stood-still', 3), 'the record names the agent that was stopped')
  say(named('agent-lost', 4) && named('agent-back', 4), 'the record names the agent that was cut off and came back')
  say(named('agent-late', 8), 'the record names the agent that came late')
  say(named('agent-clock-off', 5) && named('agent-clock-off', 6), 'the record names clocks that are off by minutes')
  say(named('server-away'), 'the record names the outage of the server')
  say(named('coordinator-taken-up'), 'the record names the change of the coordinator')
  const missing = run.missing.map(({ what, why }) => `${what} (${why})`)
  say(
    missing.some((text) => text.includes('agent2 was lost')),
    'the seconds of the killed agent are missing, by name',
  )
  say(
    missing.some((text) => text.includes('came late')),
    'the seconds before the late one are missing, by name',
  )

  const told = answeredBy(again)
  for (let i = 1; i <= agents; i++) {
    const from = `${subnet}.${10 + i}`
    const [got, sent] = [told.get(from) ?? 0, counts.get(from) ?? 0]
    const text = `agent ${i}: ${got} acknowledged, the target counted ${sent}`
    // The killed one had not told its last second or two; of the one that was cut off some answers were lost on the way.
    if (i === 2) say(got > 0 && got <= sent && sent - got <= (rate / agents) * 3, text)
    else if (i === 4) say(got > 0 && got <= sent && sent - got <= 20, text)
    else say(got > 0 && got === sent, text)
  }
  for (const child of running) if (child !== undefined && child.exitCode === null) child.kill('SIGTERM')
  await sleep(1500)
}

async function realK6(serverProgram) {
  const k6 = process.env.PW_K6 ?? 'k6'
  if (spawnSync(k6, ['version']).error) return console.log('left out: real k6 (PW_K6 names it)')
  counts.clear()
  const url = 'nats://127.0.0.1:14234'
  const server = startServer(serverProgram, 14234, 'two')
  await sleep(1000)
  const running = [1, 2, 3, 4].map((i) =>
    start(process.execPath, [bin, 'cluster', 'agent', '--cluster', url, '--id', `k6-${i}`], `k6-${i}`),
  )
  await sleep(3000)
  const record = join(dir, 'k6')
  const own = coordinator(url, record, ['--engine', 'k6', '-e', 'TARGET=127.0.0.1:9180', '-e', 'SECONDS=6'], 4)
  const code = await own.ended
  if (process.env.PW_VERBOSE || code !== 0) console.log(own.text)
  say(code === 0, `four real k6 end with one verdict (exit code ${code})`)
  const run = JSON.parse(readFileSync(join(record, 'run.json'), 'utf8'))
  const total = run.summary.metrics.find(({ name }) => name === 'http_reqs')?.values.count
  say(total === sum() && total > 0, `four real k6: ${total} requests in the summary, the target counted ${sum()}`)
  say(run.thresholds.length === 1 && run.thresholds[0].ok === true, 'the threshold is judged on the whole')
  for (const child of running) child.kill('SIGTERM')
  await sleep(1500)
  server.kill('SIGTERM')
}

function coordinator(url, record, more = [], count = agents) {
  const args = [bin, 'run', '--cluster', url, '--cluster-agents', String(count), '--cluster-wait', '5s']
  args.push('--record', record, '--no-observe', '--no-report', '--no-color', '-e', `TARGET=${here}:9180`)
  args.push('-e', `RATE=${rate}`, '-e', `SECONDS=${seconds}`, ...more, script)
  const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const own = { child, text: '', ended: new Promise((resolve) => child.once('close', resolve)) }
  child.stdout.on('data', (piece) => (own.text += piece))
  child.stderr.on('data', (piece) => (own.text += piece))
  return own
}

function startAgent(i, url) {
  const off = i === 5 ? 300_000 : i === 6 ? -180_000 : 0
  const args = ['netns', 'exec', `${net}n${i}`, process.execPath, bin, 'cluster', 'agent', '--cluster', url]
  // `ip netns exec` replaces itself by the program, so the signals reach the agent.
  return start('ip', [...args, '--id', `agent${i}`], `agent${i}`, { PW_CLOCKOFF: String(off) })
}

function startServer(program, port, name) {
  return start(program, ['--jetstream', '--store_dir', join(dir, name), '-p', String(port)], `nats-${port}`)
}

function start(program, args, name, env = {}) {
  const child = spawn(program, args, { cwd: dir, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  if (process.env.PW_VERBOSE) child.stderr.on('data', (piece) => console.log(name, String(piece).trim()))
  else child.stderr.resume()
  child.stdout.resume()
  children.push(child)
  return child
}

/** The counter `answered` by the address in its tag, from the series of a record. */
function answeredBy(record) {
  const tags = new Map()
  const totals = new Map()
  let metric
  for (const name of readdirSync(join(record, 'series')).sort()) {
    for (const line of readFileSync(join(record, 'series', name), 'utf8').split('\n')) {
      if (line.length < 10) continue
      const frame = JSON.parse(line.slice(9))
      for (const [id, called] of frame.metrics ?? []) if (called === 'answered') metric = id
      for (const [id, entries] of frame.tagSets ?? []) tags.set(id, entries)
      for (const [id, set, , value] of frame.rows ?? []) {
        if (id !== metric) continue
        const { from } = tags.get(set)
        totals.set(from, (totals.get(from) ?? 0) + value)
      }
    }
  }
  return totals
}

function makeNetwork() {
  ip(`link add ${net}br type bridge`)
  ip(`addr add ${here}/24 dev ${net}br`)
  ip(`link set ${net}br up`)
  for (let i = 1; i <= agents; i++) {
    ip(`netns add ${net}n${i}`)
    ip(`link add ${net}h${i} type veth peer name eth0 netns ${net}n${i}`)
    ip(`link set ${net}h${i} master ${net}br up`)
    ip(`-n ${net}n${i} addr add ${subnet}.${10 + i}/24 dev eth0`)
    ip(`-n ${net}n${i} link set eth0 up`)
    ip(`-n ${net}n${i} link set lo up`)
  }
}

function removeNetwork() {
  for (let i = 1; i <= agents; i++) spawnSync('ip', ['netns', 'del', `${net}n${i}`])
  spawnSync('ip', ['link', 'del', `${net}br`])
}

function ip(words) {
  const { status, stderr } = spawnSync('ip', words.split(' '))
  if (status !== 0) throw new Error(`ip ${words}: ${stderr}`)
}

function sum() {
  return [...counts.values()].reduce((all, one) => all + one, 0)
}

async function until(probe, limitS, what) {
  for (let i = 0; i < limitS * 10; i++) {
    const found = probe()
    if (found) return found
    await sleep(100)
  }
  throw new Error(`not in ${limitS} s: ${what}`)
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function say(isOk, text) {
  if (!isOk) failed++
  console.log(`${isOk ? 'ok  ' : 'FAIL'} ${text}`)
}

// The REST API of real k6 and ours, request by request: status, content type and body, with measured values masked.
//   PW_K6=/path/to/k6 node test/conformance/control.mjs
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const k6 = process.env.PW_K6 ?? 'k6'
const version = spawnSync(k6, ['version'], { encoding: 'utf8' })
if (version.error !== undefined) {
  process.stderr.write('control conformance: left out, because real k6 was not found (PW_K6, PATH)\n')
  process.exit(0)
}

const external = `
import { sleep, check, group } from 'k6'
import { Trend, Counter, Rate, Gauge } from 'k6/metrics'
const t = new Trend('my_trend', true), c = new Counter('my_counter'), r = new Rate('my_rate'), g = new Gauge('my_gauge')
export const options = {
  scenarios: { e: { executor: 'externally-controlled', vus: 2, maxVUs: 10, duration: '5m' } },
  thresholds: { my_trend: ['avg<1000'], 'my_counter{a:b}': ['count>=0'] },
}
export function setup() { return { a: 1, html: '<&>' } }
export function teardown() {}
export default function () {
  group('outer <1>', () => {
    check(1, { 'ok': (x) => x === 1, 'bad': (x) => x === 2 })
    group('inner', () => c.add(1))
  })
  t.add(3); r.add(true); g.add(2); sleep(0.1)
}`
const fixed = `
import { sleep } from 'k6'
export const options = { vus: 2, duration: '5m' }
export default function () { sleep(0.1) }`

const patch = (attributes) => [
  'PATCH',
  '/v1/status',
  JSON.stringify({ data: { type: 'status', id: 'default', attributes } }),
]
const cases = [
  {
    name: 'externally-controlled',
    script: external,
    flags: [],
    requests: [
      ['GET', '/v1/status'],
      ['GET', '/v1/metrics'],
      ['GET', '/v1/metrics/my_trend'],
      ['GET', '/v1/metrics/my_counter%7Ba:b%7D'],
      ['GET', '/v1/metrics/none'],
      ['GET', '/v1/groups'],
      ['GET', '/v1/groups/d41d8cd98f00b204e9800998ecf8427e'],
      ['GET', '/v1/groups/none'],
      ['GET', '/v1/setup'],
      ['PUT', '/v1/setup', '{"b":[1,"<x>"]}'],
      ['GET', '/v1/setup'],
      ['PUT', '/v1/setup', '{'],
      ['PUT', '/v1/setup', 'null'],
      ['PUT', '/v1/setup', ''],
      ['POST', '/v1/setup'],
      ['POST', '/v1/teardown'],
      ['GET', '/v1/teardown'],
      ['GET', '/'],
      ['GET', '/any'],
      ['GET', '/v1/any'],
      ['GET', '/v1/status/'],
      ['DELETE', '/v1/status'],
      ['POST', '/v1/status', '{}'],
      ['OPTIONS', '/v1/status'],
      ['POST', '/v1/metrics'],
      patch({ paused: true }),
      'settle',
      ['GET', '/v1/status'],
      patch({ vus: 3, 'vus-max': 20 }),
      patch({ vus: 30 }),
      patch({ paused: false }),
      'settle',
      ['GET', '/v1/status'],
      ['PATCH', '/v1/status', '{'],
      ['PATCH', '/v1/status', '5'],
      ['PATCH', '/v1/status', ''],
      ['PATCH', '/v1/status', '{}'],
      patch({ vus: 'x' }),
      patch({ vus: 1.5 }),
      patch({ paused: 'x' }),
      patch({ stopped: 'x' }),
      patch({ paused: null }),
      patch(3),
      patch({ vus: 4 }),
      'settle',
      ['GET', '/v1/status'],
      patch({ stopped: true }),
    ],
  },
  {
    name: 'constant-vus, held',
    script: fixed,
    flags: ['--paused'],
    requests: [
      ['GET', '/v1/status'],
      ['GET', '/v1/setup'],
      ['GET', '/v1/groups'],
      patch({ vus: 3 }),
      patch({ paused: false }),
      'settle',
      ['GET', '/v1/status'],
      patch({ paused: true }),
      patch({ vus: 3 }),
      ['POST', '/v1/setup'],
      ['POST', '/v1/teardown'],
      patch({ stopped: true }),
    ],
  },
]

// k6 watches no target and writes no page.
const alone = ['--no-observe', '--no-report']
// k6 v2 has given up the externally-controlled executor, and with it pause and scale.
const isV1 = /v1\./.test(version.stdout)

let failed = 0
let compared = 0
for (const { name, script, flags, requests } of isV1 ? cases : cases.slice(1)) {
  const work = mkdtempSync(join(tmpdir(), 'pw-control-'))
  writeFileSync(join(work, 'script.js'), script)
  const [theirs, ours] = [
    await play(k6, [], flags, requests, work),
    await play(process.execPath, [join(root, 'bin', 'perfwright.js')], [...alone, ...flags], requests, work),
  ]
  requests.forEach((sent, i) => {
    if (sent === 'settle' || (!isV1 && sent[2]?.includes('"vus"'))) return
    compared++
    if (theirs.answers[i] === ours.answers[i]) return
    failed++
    process.stdout.write(
      `DIFFERS ${name}: ${sent.join(' ')}\n  k6    ${theirs.answers[i]}\n  ours  ${ours.answers[i]}\n`,
    )
  })
  compared++
  if (theirs.code !== ours.code) {
    failed++
    process.stdout.write(`DIFFERS ${name}: exit code ${theirs.code} and ${ours.code}\n`)
  }
}
process.stdout.write(`control conformance: ${compared - failed} of ${compared} agree\n`)
process.exitCode = failed === 0 ? 0 : 1

async function play(command, before, flags, requests, cwd) {
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(command, [...before, 'run', '--quiet', '--address', address, ...flags, 'script.js'], {
    cwd,
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2500))
  for (let tries = 0; tries < 100; tries++) {
    if ((await call(address, 'GET', '/v1/status').catch(() => undefined)) !== undefined) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await settle()
  // Windows are a second long, thresholds are judged every two.
  await settle()
  const answers = []
  try {
    for (const sent of requests)
      answers.push(sent === 'settle' ? await settle() : mask(sent, await call(address, ...sent)))
    return { answers, code: await ended }
  } finally {
    child.kill('SIGKILL')
  }
}

/** Order of metrics is random in k6; measured values differ by nature. VUs that run are compared after they have settled. */
function mask([method, path], { status, type, body }) {
  let text = body
  if (path === '/v1/metrics' && status === 200) {
    const { data } = JSON.parse(body)
    data.sort((a, b) => (a.id < b.id ? -1 : 1))
    text = JSON.stringify({ data })
  }
  if (path.startsWith('/v1/metrics') || path.startsWith('/v1/groups'))
    text = text.replace(/("(?:count|rate|value|avg|max|med|min|p\(\d+\)|passes|fails)":)[-\d.e+]+/g, '$1N')
  if (method === 'PATCH') text = text.replace(/"vus":\d+/, '"vus":N')
  return `${status} ${type} ${text}`
}

function call(address, method, path, body = '') {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${address}${path}`, { method }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], body: text }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

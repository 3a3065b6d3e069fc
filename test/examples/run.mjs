// Every example runs as its README says, shortened by SCALE, against a real service: the demo shop, an HTTP/2 server, a chat, a
// gRPC service. With PW_K6 set, on the real k6 too.
//   node test/examples/run.mjs [PART]
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import grpc from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { freePort } from '../targets/servers/process.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const bin = join(root, 'bin', 'perfwright.js')
const examples = join(root, 'examples', 'k6')
const work = mkdtempSync(join(tmpdir(), 'pw-examples-'))
const only = process.argv[2]
const k6 = process.env.PW_K6 && spawnSync(process.env.PW_K6, ['version']).status === 0 ? process.env.PW_K6 : undefined
const closers = []
let [passed, failed] = [0, 0]
try {
  const env = {
    BASE_URL: await startShop(),
    WS_URL: await startChat(),
    GRPC_ADDRESS: await startGreeter(),
  }
  const http2 = await startHttp2()
  for (const file of readdirSync(examples).filter((name) => name.endsWith('.js') && name !== 'lib.js')) {
    if (only !== undefined && !file.includes(only)) continue
    const variables = {
      ...env,
      ...(file === 'http2.js' ? { BASE_URL: http2 } : {}),
      SCALE: scaleOf(file),
      MESSAGES: '3',
    }
    await tryOut(
      file,
      [process.execPath, bin, 'run', '--quiet', '--no-observe', '--no-report', '--record', join(work, file)],
      variables,
    )
    if (k6 !== undefined) await tryOut(`${file} on k6`, [k6, 'run', '--quiet', '--no-usage-report'], variables, file)
  }
} finally {
  for (const close of closers.reverse()) await close()
  rmSync(work, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** Some seconds each. */
function scaleOf(file) {
  return (
    { 'soak.js': '0.0003', 'load.js': '0.006', 'stress.js': '0.02', 'spike.js': '0.02', 'breakpoint.js': '0.004' }[
      file
    ] ?? '0.05'
  )
}

async function tryOut(name, [program, ...args], variables, file = name) {
  const flags = Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`])
  const child = spawn(program, [...args, ...flags, join(examples, file)], {
    cwd: work,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  const code = await new Promise((resolve) => child.on('close', resolve))
  // A search for the limit may find it: that its threshold ended the run is the answer. Latency is the machine's.
  const good = code === 0 || code === 99
  const counted =
    good && /(?:iterations|checks_total)\.+: [1-9]/.test(text) && !/level=error msg="(?!thresholds)/.test(text)
  if (counted) passed++
  else failed++
  process.stdout.write(`${counted ? 'ok  ' : 'FAIL'} ${name}${counted ? '' : ` (exit ${code})\n${text}`}\n`)
}

async function startShop() {
  const port = await freePort()
  const child = spawn(process.execPath, [bin, 'demo', '--serve', '--port', String(port), '--products', '2000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  closers.push(() => void child.kill('SIGINT'))
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`${url}/products/1`).catch(() => undefined)
    if (answer?.status === 200) return url
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the shop did not open within a minute')
}

async function startChat() {
  const port = await freePort()
  const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/chat' })
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))))
  closers.push(() => server.close())
  return `ws://127.0.0.1:${port}/chat`
}

async function startGreeter() {
  const types = protobuf.parse(readFileSync(join(examples, 'hello.proto'), 'utf8')).root
  const [request, reply] = [types.lookupType('hello.HelloRequest'), types.lookupType('hello.HelloReply')]
  const server = new grpc.Server()
  server.addService(
    {
      sayHello: {
        path: '/hello.Greeter/SayHello',
        requestStream: false,
        responseStream: false,
        requestSerialize: (value) => Buffer.from(request.encode(value).finish()),
        requestDeserialize: (bytes) => request.decode(bytes),
        responseSerialize: (value) => Buffer.from(reply.encode(value).finish()),
        responseDeserialize: (bytes) => reply.decode(bytes),
      },
    },
    { sayHello: (call, done) => done(null, { message: `Hello ${call.request.name}` }) },
  )
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  closers.push(() => server.forceShutdown())
  return `127.0.0.1:${port}`
}

async function startHttp2() {
  const [key, cert] = [join(work, 'key.pem'), join(work, 'cert.pem')]
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=localhost',
  ])
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`)
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.end('ok'),
  )
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return `https://127.0.0.1:${server.address().port}`
}

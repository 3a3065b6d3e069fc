// The built perfwright against WebSocket servers of other makes: gorilla/websocket (Go), `websockets` (Python), and nginx
// as a TLS proxy before one of them. What is not installed is left out and named.
//   npm run build && node test/interop/websocket.mjs
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const work = mkdtempSync(join(tmpdir(), 'pw-interop-'))
const children = []
let failed = 0

const script = join(work, 'echo.js')
writeFileSync(
  script,
  `import ws from 'k6/ws'
import { check } from 'k6'
import { WebSocket } from 'k6/websockets'
export const options = { insecureSkipTLSVerify: true, vus: 2, iterations: 4, thresholds: { checks: ['rate==1'], ws_ping: ['max>=0'] } }
const lengths = [0, 1, 125, 126, 5461, 65535, 65536, 300000]
const text = (n) => 'aé€'.repeat(n / 3 + 1).slice(0, n)
export default function () {
  for (const compression of ['', 'deflate']) {
    const heard = []
    const r = ws.connect(__ENV.URL, { compression }, (s) => {
      s.on('open', () => { s.ping(); for (const n of lengths) s.send(text(n)); s.sendBinary(new Uint8Array([0, 255]).buffer) })
      s.on('message', (m) => heard.push(m))
      s.on('binaryMessage', (m) => { heard.push([...new Uint8Array(m)].join()); s.close(1000) })
      s.on('error', (e) => console.error(e.error()))
    })
    check(r, { 'opened': () => r.status === 101, 'echoed': () => heard.length === 9 && lengths.every((n, i) => heard[i] === text(n)) && heard[8] === '0,255' })
  }
  const w = new WebSocket(__ENV.URL, 'pick-me')
  w.onopen = () => w.send('browser')
  w.onmessage = (e) => { check(e, { 'browser api': () => e.data === 'browser' }); w.close(3000, 'bye') }
  w.onclose = (e) => check(e, { 'closed as asked': () => e.code === 3000 })
}
`,
)

try {
  await gorilla()
  await python()
} finally {
  for (const child of children) child.kill()
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1

async function gorilla() {
  const program = join(work, 'server')
  if (!has('go', ['version'])) return leftOut('gorilla/websocket', 'Go')
  const folder = join(root, 'test', 'targets', 'websocket-server')
  spawnSync('go', ['build', '-o', program, '.'], { cwd: folder, stdio: 'inherit' })
  const url = `${await started(program, [])}/echo`
  await tryServer('gorilla/websocket', url)
  await nginx(url)
}

async function python() {
  if (spawnSync('python3', ['-c', 'import websockets'], { stdio: 'ignore' }).status !== 0)
    return leftOut('websockets (Python)', 'pip install websockets')
  const server = `
import asyncio, json, websockets
async def echo(ws):
    async for message in ws:
        await ws.send(message)
async def main():
    async with websockets.serve(echo, '127.0.0.1', 0, max_size=None) as s:
        print(json.dumps({'url': 'ws://127.0.0.1:%d' % s.sockets[0].getsockname()[1]}), flush=True)
        await asyncio.get_running_loop().create_future()
asyncio.run(main())`
  await tryServer('websockets (Python)', await started('python3', ['-c', server]))
}

/** TLS before a plain server. */
async function nginx(url) {
  if (!has('nginx', ['-v']) || !has('openssl', ['version'])) return leftOut('nginx with TLS', 'nginx and openssl')
  const [key, cert] = [join(work, 'key.pem'), join(work, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  spawnSync('openssl', ['req', '-x509', ...curve, '-days', '2', '-keyout', key, '-out', cert, '-subj', '/CN=localhost'])
  const port = await freePort()
  writeFileSync(
    join(work, 'nginx.conf'),
    `daemon off; pid ${work}/nginx.pid; error_log ${work}/error.log; events {}
http { access_log off; client_body_temp_path ${work}; proxy_temp_path ${work}; fastcgi_temp_path ${work}; uwsgi_temp_path ${work}; scgi_temp_path ${work};
server { listen 127.0.0.1:${port} ssl http2; ssl_certificate ${cert}; ssl_certificate_key ${key};
location / { proxy_pass ${url.replace('ws:', 'http:').replace(/\/echo$/, '')}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; } } }`,
  )
  children.push(spawn('nginx', ['-p', work, '-c', join(work, 'nginx.conf')], { stdio: 'ignore' }))
  await new Promise((resolve) => setTimeout(resolve, 500))
  await tryServer('nginx with TLS before gorilla/websocket', `wss://127.0.0.1:${port}/echo`)
}

async function tryServer(name, url) {
  const record = join(work, 'record')
  const args = [
    'run',
    '--quiet',
    '--no-summary',
    '--no-observe',
    '--no-report',
    '--record',
    record,
    '-e',
    `URL=${url}`,
    script,
  ]
  const run = spawn(process.execPath, [join(root, 'bin', 'perfwright.js'), ...args], { stdio: 'inherit' })
  const [code] = await once(run, 'close')
  rmSync(record, { recursive: true, force: true })
  process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}\n`)
  if (code !== 0) failed++
}

async function started(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  const [line] = await once(child.stdout, 'data')
  return JSON.parse(line).url
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

function has(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined
}

function leftOut(name, what) {
  process.stdout.write(`left out: ${name}, because ${what} is not installed\n`)
}

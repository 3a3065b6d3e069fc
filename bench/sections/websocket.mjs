// WebSocket echo: messages per CPU second of the generator beside k6, the npm package `ws` and a bare socket.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { contest } from '../lib/contest.mjs'
import { timed, timedScript } from '../lib/timed.mjs'
import { has, k6, leftOut, root } from '../lib/tools.mjs'

const vus = 50
const bytes = 64

export async function run({ work, seconds, rounds }) {
  const server = await startEchoServer(work)
  if (!k6) leftOut('k6')
  const script = (tool, name) => async () => {
    const file = join(root, 'bench', 'scripts', name)
    const env = ['-e', `URL=${server.url}`, '-e', `SECONDS=${seconds}`, '-e', `BYTES=${bytes}`]
    const out = await timedScript(tool, ['--vus', vus, '--iterations', vus, ...env, file], { work })
    return { ...out, count: out.metrics.ws_msgs_received.count }
  }
  const ceiling = (kind) => async () => {
    const program = join(root, 'bench', 'lib', 'bare-websocket.mjs')
    const out = await timed([process.execPath, program, kind, server.url, vus, seconds, bytes])
    return { ...out, count: Number(/messages (\d+)/.exec(out.stdout)[1]) }
  }
  try {
    return await contest({
      unit: 'messages',
      rounds,
      seconds,
      caption: `WebSocket echo of ${bytes} bytes, ${vus} connections, server: ${server.name} on core 0, generator on core 1`,
      ratios: {
        'x k6': 'k6 (k6/ws)',
        'x ws client': 'npm ws, no load tool',
        'x bare': 'bare Node socket loop (no parsing)',
      },
      contenders: {
        'perfwright (k6/ws)': script('perfwright', 'ws-echo.js'),
        'perfwright (k6/websockets)': script('perfwright', 'websockets-echo.js'),
        ...(k6 && {
          'k6 (k6/ws)': script('k6', 'ws-echo.js'),
          'k6 (k6/websockets)': script('k6', 'websockets-echo.js'),
        }),
        'npm ws, no load tool': ceiling('ws'),
        'bare Node socket loop (no parsing)': ceiling('bare'),
      },
    })
  } finally {
    server.stop()
  }
}

/** gorilla/websocket where Go is installed, else the npm package `ws`; on core 0. */
async function startEchoServer(work) {
  let name = 'gorilla/websocket'
  let command = [join(work, 'websocket-server')]
  const folder = join(root, 'test', 'targets', 'websocket-server')
  const built =
    has('go', ['version']) &&
    spawnSync('go', ['build', '-o', command[0], '.'], { cwd: folder, stdio: 'inherit' }).status === 0
  if (!built) {
    name = 'npm ws (Go is not installed)'
    command = [process.execPath, join(root, 'test', 'targets', 'web-server.mjs')]
  }
  const child = spawn('taskset', ['-c', '0', ...command], { stdio: ['pipe', 'pipe', 'ignore'] })
  const { url } = JSON.parse(await new Promise((resolve) => child.stdout.once('data', resolve)))
  const path = built ? '/echo' : '/ws-echo'
  return { name, url: url.replace(/^http/, 'ws') + path, stop: () => child.stdin.end() }
}

// Programs that some conformance scripts need beside the target: `// needs-redis` (redis-server), `// needs-browser`
// (Chromium), `// needs-grpc` (a grpc-go server, built by Go). Each side of a comparison has a server of its own, started by its first script that asks for it.
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { missingGrpcServer, protoFolder, startGrpcServer } from '../targets/grpc-server/start.mjs'

const needs = {
  redis: {
    missing: () => (has('redis-server') ? undefined : 'needs redis-server (apt-get install redis-server)'),
    start: startRedis,
  },
  grpc: {
    missing: missingGrpcServer,
    start: async () => {
      const { addresses, stop } = await startGrpcServer()
      return { env: { GRPC_SERVER: JSON.stringify(addresses), GRPC_PROTOS: protoFolder }, stop }
    },
  },
  browser: {
    missing: () =>
      chromium() === undefined ? 'needs Chromium (apt-get install chromium, or K6_BROWSER_EXECUTABLE_PATH)' : undefined,
    start: async () => ({
      env: {
        K6_BROWSER_EXECUTABLE_PATH: chromium(),
        // Chromium's sandbox does not work for root.
        ...(process.getuid?.() === 0 ? { K6_BROWSER_ARGS: 'no-sandbox' } : {}),
      },
      stop: () => {},
    }),
  },
}

/** Why a script cannot run on this machine; undefined when it can. */
export function missingNeed(directives) {
  return asked(directives)
    .map((name) => needs[name].missing())
    .find((why) => why !== undefined)
}

/** Starts what the script asks for on this side; answers the environment that tells the script of it. */
export async function provide(directives, side) {
  side.provided ??= new Map()
  const env = {}
  for (const name of asked(directives)) {
    if (!side.provided.has(name)) side.provided.set(name, await needs[name].start())
    Object.assign(env, side.provided.get(name).env)
  }
  return env
}

export function stopProvided(side) {
  for (const { stop } of side.provided?.values() ?? []) stop()
}

function asked(directives) {
  return Object.keys(needs).filter((name) => directives.has(`needs-${name}`))
}

async function startRedis() {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    child.stdout.on('data', (chunk) => /ready to accept connections/i.test(String(chunk)) && resolve())
  })
  return { env: { REDIS_URL: `redis://127.0.0.1:${port}` }, stop: () => child.kill() }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(String(port)))
    })
  })
}

function has(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

let found
function chromium() {
  found ??= [process.env.K6_BROWSER_EXECUTABLE_PATH, 'chromium', 'chromium-browser', 'google-chrome']
    .filter(Boolean)
    .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim())
    .find((path) => path !== undefined && path !== '')
  return found
}

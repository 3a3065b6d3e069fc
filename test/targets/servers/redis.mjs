// A real redis-server on a free port in a temporary folder, in memory only, for tests.
//   const server = await startRedis(); ...; await server.stop()
import { spawnSync } from 'node:child_process'
import { findProgram, freePort, serverFolder, startServer } from './process.mjs'

/** @type {string | undefined} why there is none here, with the line that installs it */
export const redisMissing =
  findProgram('redis-server') && findProgram('redis-cli')
    ? undefined
    : 'Redis is not installed: apt-get install redis-server'

/** @param {{ settings?: Record<string, string> }} [options]  `settings` of redis.conf (`maxmemory: '20mb'`) */
export async function startRedis({ settings = {} } = {}) {
  if (redisMissing) throw new Error(redisMissing)
  const dir = serverFolder('pw-redis-', {})
  const port = await freePort()
  const all = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir, ...settings }
  const server = await startServer({
    program: findProgram('redis-server'),
    args: Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]),
    dir,
    user: {},
    isReady: (text) => /ready to accept connections/i.test(text()),
  })
  const password = settings.requirepass
  const cli = (...words) => {
    const done = spawnSync('redis-cli', ['-p', String(port), ...words], {
      encoding: 'utf8',
      env: { ...process.env, ...(password === undefined ? {} : { REDISCLI_AUTH: password }) },
    })
    if (done.status !== 0) throw new Error(`redis-cli: ${done.stderr}${done.stdout}`)
    return done.stdout.trim()
  }
  const url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}/0`
  return { url, host: '127.0.0.1', port, dir, pid: server.pid, cli, stop: server.stop }
}

// What the helpers for real servers have in common: a program that may be missing, a free port, a folder that goes away,
// a process that is waited for until it is ready and is surely gone afterwards.
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** @returns {string | undefined} path of the program: from PATH, else the last of the given places (`*` = any folder) */
export function findProgram(name, places = []) {
  const onPath = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/usr/local/sbin')
  const found = onPath.map((folder) => join(folder, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  for (const place of places) {
    const [base, rest] = place.split('*')
    if (rest === undefined) {
      if (existsSync(join(place, name))) return join(place, name)
    } else if (existsSync(base)) {
      // The newest version that is installed.
      const folders = readdirSync(base).sort((a, b) => Number(b) - Number(a))
      const path = folders.map((folder) => join(base, folder, rest, name)).find((one) => existsSync(one))
      if (path !== undefined) return path
    }
  }
  return undefined
}

/** Servers that refuse to run as root run as this user: the first of `names` that the machine has, else `nobody`. */
export function serverUser(...names) {
  if (process.getuid() !== 0) return {}
  for (const name of [...names, 'nobody']) {
    const uid = spawnSync('id', ['-u', name], { encoding: 'utf8' })
    const gid = spawnSync('id', ['-g', name], { encoding: 'utf8' })
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  }
  return {}
}

/** A fresh folder under the system's one for temporary files, owned by `user`. */
export function serverFolder(prefix, user) {
  const dir = mkdtempSync(join(tmpdir(), prefix))
  if (user.uid !== undefined) chownSync(dir, user.uid, user.gid)
  return dir
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Runs a preparing command to its end. @throws with what it said */
export function prepare(program, args, options) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000, ...options })
  if (done.status !== 0) {
    throw new Error(
      `${program} ended with ${done.status ?? done.signal}: ${done.error ?? ''}${done.stdout}${done.stderr}`,
    )
  }
  return done.stdout
}

/**
 * Starts a server and waits until `isReady` says so.
 * @returns {Promise<{ pid: number, stop(): Promise<void>, text(): string }>}
 */
export async function startServer({ program, args, dir, user, isReady, timeoutMs = 60_000, stopSignal = 'SIGTERM' }) {
  const child = spawn(program, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'], ...user })
  let said = ''
  const note = (chunk) => {
    said = (said + chunk).slice(-20_000)
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  let failure
  child.once('error', (error) => {
    failure = error
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  // A test that breaks off must not leave a server behind.
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  const stop = async () => {
    process.removeListener('exit', atExit)
    child.kill(stopSignal)
    const forced = delay(10_000, 'late', { ref: false }).then(() => child.kill('SIGKILL'))
    await Promise.race([ended, forced])
    if (failure === undefined) await ended
    rmSync(dir, { recursive: true, force: true })
  }
  const limit = Date.now() + timeoutMs
  for (;;) {
    if (failure !== undefined || child.exitCode !== null || Date.now() > limit) {
      await stop()
      throw new Error(`${program} did not start: ${failure ?? said}`)
    }
    if (await isReady(() => said)) return { pid: child.pid, stop, text: () => said }
    await delay(50)
  }
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { sampleCount } from '../model.js'
import { top } from '../views/top.js'
import { takeProfile } from './index.js'
import { inspectProcess, isAlive, listeningPorts } from './process.js'
import type { TakeOptions, Taken } from './types.js'

let dir: string
const children: ChildProcess[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pw-take-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const pySpy = { program: 'py-spy', native: false }
const hasPySpy = spawnSync('py-spy', ['--version']).error === undefined

function options(change: Partial<TakeOptions> = {}): TakeOptions {
  return {
    kind: 'cpu',
    durationMs: 1500,
    rateHz: undefined,
    clock: systemClock,
    signal: new AbortController().signal,
    ...change,
  }
}

/** Starts a program and waits for its first line. */
async function start(
  command: string,
  args: readonly string[],
  file: string,
  code: string,
): Promise<ChildProcess & { readonly pid: number }> {
  const path = join(dir, file)
  writeFileSync(path, code)
  const child = spawn(command, [...args, path], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (exit) => reject(new Error(`${command} ended with ${exit}`)))
  })
  return child as ChildProcess & { readonly pid: number }
}

const app = `import { Worker, isMainThread } from 'node:worker_threads'
function plantedHot(n) {
  let sum = 0
  for (let i = 0; i < n; i++) sum += Math.sqrt(i) % 3
  return sum
}
function plantedKeeper() { for (let i = 0; i < 3000; i++) kept.push({ i, text: ['entry', i] }) }
function workerHot() { return plantedHot(2e5) }
const kept = (globalThis.kept = [])
if (isMainThread) {
  if (process.argv[2] !== 'alone') new Worker(new URL(import.meta.url))
  setInterval(async () => { await null; plantedHot(2e5); plantedKeeper() }, 2)
  setTimeout(() => console.log('up'), 300)
} else setInterval(workerHot, 10)
`

describe('a running Node process', () => {
  it('shows its hot function with file and line, and its worker by a label; it is left as it was', async () => {
    const child = await start(process.execPath, [], 'app.mjs', app)
    const before = listeningPorts(child.pid)
    const taken = await takeProfile({ pid: child.pid, pySpy }, options())
    expect(taken.partial).toBeUndefined()
    const { rows } = top(taken.profile)
    expect(rows[0]).toMatchObject({ name: 'plantedHot', file: join(dir, 'app.mjs') })
    expect(rows[0]?.line).toBeGreaterThanOrEqual(2)
    expect(rows[0]?.line).toBeLessThanOrEqual(6)
    const workers = new Set(taken.profile.labelSets.map(({ thread }) => thread))
    expect([...workers].some((thread) => String(thread).startsWith('worker'))).toBe(true)
    expect(taken.profile.times?.[0]).toBeGreaterThan(Date.now() - 60_000)
    await expect.poll(() => listeningPorts(child.pid), { timeout: 5000 }).toEqual(before)
    expect(isAlive(child.pid)).toBe(true)
  }, 30_000)

  it('shows what keeps its memory', async () => {
    const child = await start(process.execPath, [], 'app.mjs', app)
    const taken = await takeProfile({ pid: child.pid, pySpy }, options({ kind: 'heap' }))
    expect(top(taken.profile).rows[0]?.name).toBe('plantedKeeper')
  }, 30_000)

  it('that ends meanwhile leaves its profile, and ends as it would have', async () => {
    const code = `${app}\nif (isMainThread) setTimeout(() => process.exit(3), 1500)`
    const child = await start(process.execPath, [], 'ends.mjs', code)
    const exit = new Promise((resolve) => child.once('exit', resolve))
    const taken = await takeProfile({ pid: child.pid, pySpy }, options({ durationMs: 20_000 }))
    expect(taken.partial).toContain('ended')
    expect(top(taken.profile).rows[0]?.name).toBe('plantedHot')
    expect(await exit).toBe(3)
  }, 30_000)

  it('keeps what was taken when the person stops it', async () => {
    const child = await start(process.execPath, [], 'app.mjs', app)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 1000)
    const taken = await takeProfile({ pid: child.pid, pySpy }, options({ durationMs: 60_000, signal: stop.signal }))
    expect(taken.partial).toBe('it was stopped')
    expect(taken.profile.leaves.length).toBeGreaterThan(10)
  }, 30_000)

  it('is found in a bundle by its own source line', async () => {
    const { build } = await import('esbuild')
    writeFileSync(
      join(dir, 'work.ts'),
      `export function priceCart(n: number): number {\n  let s = 0\n  for (let i = 0; i < n; i++) s += Math.sqrt(i) % 3\n  return s\n}\n`,
    )
    writeFileSync(
      join(dir, 'main.ts'),
      `import { priceCart } from './work'\nsetInterval(() => priceCart(3e5), 2)\nsetTimeout(() => console.log('up'), 200)\n`,
    )
    const out = await build({
      entryPoints: [join(dir, 'main.ts')],
      bundle: true,
      minify: true,
      sourcemap: true,
      outfile: join(dir, 'bundle.cjs'),
      platform: 'node',
      write: true,
    })
    expect(out.errors).toEqual([])
    const child = spawn(process.execPath, [join(dir, 'bundle.cjs')], { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(child)
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const { profile } = await takeProfile({ pid: child.pid as number, pySpy }, options())
    expect(top(profile).rows[0]).toMatchObject({
      name: 'priceCart',
      file: expect.stringMatching(/work\.ts$/),
      line: expect.any(Number),
    })
  }, 30_000)
})

describe('targets that cannot be profiled', () => {
  const refused = (taking: Promise<Taken>): Promise<{ code: string; exitCode: number; fix: string }> =>
    taking.then(
      () => Promise.reject(new Error('it was taken')),
      (error: { code: string; exitCode: number; fix: string }) => error,
    )

  it('no such process', async () => {
    expect(await refused(takeProfile({ pid: 2 ** 22 - 1, pySpy }, options()))).toMatchObject({
      code: 'PW_PROFILE_NO_PROCESS',
      exitCode: 34,
    })
  })

  it('a process of another runtime is never signalled', async () => {
    const child = spawn('sleep', ['30'])
    children.push(child)
    await new Promise((resolve) => child.once('spawn', resolve))
    expect(await refused(takeProfile({ pid: child.pid as number, pySpy }, options()))).toMatchObject({
      code: 'PW_PROFILE_RUNTIME',
      exitCode: 34,
    })
    expect(isAlive(child.pid as number)).toBe(true)
  })

  it('a Node process that would die of the signal is left alone', async () => {
    const child = await start(
      process.execPath,
      [],
      'own.cjs',
      `process.on('SIGUSR1', () => console.log('mine')); setInterval(() => {}, 100); console.log('up')`,
    )
    expect(inspectProcess(child.pid).runtime).toBe('node')
    const error = await refused(takeProfile({ pid: child.pid, pySpy }, options()))
    expect(error).toMatchObject({ code: 'PW_PROFILE_NO_INSPECTOR', exitCode: 34 })
    expect(isAlive(child.pid)).toBe(true)
  }, 20_000)

  it('a kind that the runtime does not have', async () => {
    expect(await refused(takeProfile({ pid: process.pid, pySpy }, options({ kind: 'goroutine' })))).toMatchObject({
      code: 'PW_PROFILE_KIND',
      exitCode: 34,
    })
  })

  it('a web page that answers 200 to everything is no pprof', async () => {
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<html></html>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const error = await refused(takeProfile({ url }, options({ kind: 'heap' })))
      expect(error).toMatchObject({ code: 'PW_PROFILE_NO_PPROF', exitCode: 34 })
      expect(error.fix).toContain('net/http/pprof')
    } finally {
      server.close()
    }
  })

  it('no py-spy', async () => {
    const found = spawnSync('python3', ['--version']).error === undefined
    if (!found) return expect(found, 'python3 is not installed: left out').toBe(false)
    const child = await start('python3', ['-u'], 'idle.py', 'import time\nprint("up")\ntime.sleep(30)\n')
    const error = await refused(
      takeProfile({ pid: child.pid, pySpy: { program: join(dir, 'nowhere'), native: false } }, options()),
    )
    expect(error).toMatchObject({ code: 'PW_PROFILE_NO_PY_SPY', exitCode: 34 })
  })
})

describe.skipIf(!hasPySpy)('a running Python process (left out: py-spy is not installed, pip install py-spy)', () => {
  it('shows its hot function with file and line', async () => {
    const code =
      'import threading, time\ndef planted_hot(n):\n    s = 0\n    for i in range(n): s += i * i % 7\n    return s\ndef io_wait():\n    while True: time.sleep(1)\nthreading.Thread(target=io_wait, daemon=True).start()\nprint("up")\nwhile True: planted_hot(100000)\n'
    const child = await start('python3', ['-u'], 'hot.py', code)
    const { profile } = await takeProfile({ pid: child.pid, pySpy }, options({ durationMs: 2000 }))
    expect(top(profile).rows[0]).toMatchObject({
      name: 'planted_hot',
      file: expect.stringMatching(/hot\.py$/),
      line: 4,
    })
    expect(sampleCount(profile)).toBeGreaterThan(20)
    const wall = await takeProfile({ pid: child.pid, pySpy }, options({ kind: 'wall', durationMs: 2000 }))
    expect(top(wall.profile).rows.map(({ name }) => name)).toContain('io_wait')
  }, 30_000)
})

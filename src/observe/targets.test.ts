import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { listeningPorts } from '#profile/take/process.js'
import { describeTarget, targetOnPort } from './find-target.js'
import { dependencyAt } from './local/dependencies.js'
import { TargetCollector } from './local/target.js'
import { GoCollector } from './runtimes/go.js'
import { NodeCollector } from './runtimes/node.js'

const hasRedis = spawnSync('redis-server', ['--version']).error === undefined
const context = { clock: systemClock, signal: new AbortController().signal, event() {} }
let dir: string
const children: ChildProcess[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pw-targets-'))
})
afterEach(() => {
  for (const child of children.splice(0)) {
    // Each leads a group of its own, with its children in it.
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Starts a program and waits for its first line, a number. */
async function start(program: string, args: readonly string[]): Promise<{ pid: number; first: number }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  children.push(child)
  const first = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(Number(text)))
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)))
  })
  return { pid: child.pid as number, first }
}

function file(name: string, code: string): string {
  const path = join(dir, name)
  writeFileSync(path, code)
  return path
}

/** Until it is so, for at most a quarter of a minute. */
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (await what()) return
    await new Promise<void>((resolve) => systemClock.at(systemClock.nowNs() + 0.1e9, resolve))
  }
  throw new Error('it did not come to that')
}

const server = `const server = require('node:http').createServer((_, response) => response.end('ok'))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))`

describe('a target with many children', () => {
  it('is counted with all of them', async () => {
    const many = file(
      'many.cjs',
      `const { spawn } = require('node:child_process')
for (let i = 0; i < 40; i++) spawn('sleep', ['60'])
${server}`,
    )
    const { pid } = await start(process.execPath, [many])
    const target = new TargetCollector(pid, 'many')
    await target.open(context)
    expect(await target.read()).toMatchObject({ processes: 41, restarts: 0 })
  })

  it('that are workers of a cluster is profiled where its code runs', async () => {
    const cluster = file(
      'cluster.cjs',
      `const cluster = require('node:cluster')
if (cluster.isPrimary) { cluster.fork(); cluster.on('message', (_, port) => console.log(port)) }
else { const server = require('node:http').createServer((_, response) => response.end(String(process.pid)))
  server.listen(0, '127.0.0.1', () => process.send(server.address().port)) }`,
    )
    const { pid, first: port } = await start(process.execPath, [cluster])
    const worker = Number(await (await fetch(`http://127.0.0.1:${port}`)).text())
    expect(targetOnPort(port)).toMatchObject({ pid, runtimePid: worker, runtime: 'node' })
  })

  it('that a command started, as npm start does, is observed where it listens', async () => {
    const app = file('app.cjs', server)
    const parent = file(
      'parent.cjs',
      `require('node:child_process').spawn(process.execPath, [${JSON.stringify(app)}], { stdio: 'inherit' })`,
    )
    const { pid, first: port } = await start(process.execPath, [parent])
    const { runtimePid } = describeTarget(pid, '--target-pid')
    expect(runtimePid).not.toBe(pid)
    expect(listeningPorts(runtimePid)).toEqual([port])
  })
})

describe('connections that wait to be accepted', () => {
  it('are counted beside what the queue holds', async () => {
    const full = file(
      'full.py',
      `import socket, time
listening = socket.socket()
listening.bind(('127.0.0.1', 0))
listening.listen(7)
waiting = [socket.create_connection(listening.getsockname()) for _ in range(3)]
print(listening.getsockname()[1], flush=True)
time.sleep(60)
`,
    )
    const { pid } = await start('python3', [full])
    const target = new TargetCollector(pid, 'full')
    await target.open(context)
    const readings = await target.read()
    expect(readings['accept_queue']).toBe(3)
    if (spawnSync('ss', ['-V']).error === undefined) expect(readings['accept_queue_limit']).toBe(7)
  })
})

describe('Node targets', () => {
  it('are observed two at a time, though both open the same port', async () => {
    const app = file('two.cjs', server)
    const nodes: NodeCollector[] = []
    const targets = [await start(process.execPath, [app]), await start(process.execPath, [app])]
    try {
      for (const { pid } of targets) {
        const node = new NodeCollector(pid)
        await node.open(context)
        nodes.push(node)
      }
      for (const node of nodes) expect((await node.read())['heap_used_bytes']).toBeGreaterThan(1e6)
    } finally {
      for (const node of nodes) await node.close()
    }
    for (const { pid, first } of targets) await until(() => listeningPorts(pid).join() === String(first))
  })

  it('that cannot be attached to is signalled once', async () => {
    const handled = file(
      'handled.cjs',
      `let signals = 0
process.on('SIGUSR1', () => signals++)
const server = require('node:http').createServer((_, response) => response.end(String(signals)))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))`,
    )
    const { pid, first: port } = await start(process.execPath, [handled])
    const node = new NodeCollector(pid)
    for (let i = 0; i < 3; i++)
      await expect(node.open(context)).rejects.toMatchObject({ code: 'PW_PROFILE_NO_INSPECTOR' })
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('1')
  })
})

describe.skipIf(process.getuid?.() !== 0)('a process of another user', () => {
  it('shows what everybody may see, and nothing is guessed at', async () => {
    const { pid } = await start(process.execPath, [file('other.cjs', server)])
    const target = new TargetCollector(pid, 'other')
    process.seteuid?.(65_534)
    try {
      await target.open(context)
      const readings = await target.read()
      expect(readings['rss_bytes']).toBeGreaterThan(1e6)
      for (const name of ['open_fds', 'pss_bytes', 'sockets']) expect(readings[name]).toBeUndefined()
    } finally {
      process.seteuid?.(0)
    }
  })
})

describe.skipIf(!hasRedis)('a Redis that the target talks to', () => {
  it('is known, with what observes it, unless it wants a password', async () => {
    for (const password of ['', 'secret']) {
      const port = 20_000 + (process.pid % 20_000) + password.length
      const child = spawn(
        'redis-server',
        ['--port', String(port), '--save', '', ...(password === '' ? [] : ['--requirepass', password])],
        {
          stdio: 'ignore',
          detached: true,
        },
      )
      children.push(child)
      const peer = `127.0.0.1:${port}`
      await until(async () => (await dependencyAt(peer, systemClock))?.pid === child.pid)
      const dependency = await dependencyAt(peer, systemClock)
      expect(dependency).toMatchObject({ kind: 'redis', command: 'redis-server' })
      expect(dependency?.uri).toBe(password === '' ? `redis://${peer}` : undefined)
    }
  })
})

const goProgram = `package main

import (
	_ "expvar"
	"fmt"
	"net"
	"net/http"
	PPROF"runtime"
	"sync"
)

var kept [][]byte
var lock sync.Mutex

func waitsHere() { lock.Lock() }

func main() {
	lock.Lock()
	for i := 0; i < 5; i++ {
		go waitsHere()
	}
	for i := 0; i < 200; i++ {
		kept = append(kept, make([]byte, 1<<16))
	}
	runtime.GC()
	http.HandleFunc("/collect", func(w http.ResponseWriter, _ *http.Request) { runtime.GC() })
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`

describe.skipIf(spawnSync('go', ['version']).error !== undefined)('Go', () => {
  for (const [name, has] of [
    ['pprof', '_ "net/http/pprof"\n\t'],
    ['expvar', ''],
  ] as const) {
    it(`shows its memory, collections and threads by ${name}`, async () => {
      const source = file(`${name}.go`, goProgram.replace('PPROF', has))
      const binary = join(dir, name)
      const built = spawnSync('go', ['build', '-o', binary, source], { encoding: 'utf8', cwd: dir })
      expect(built.stderr).toBe('')
      expect(existsSync(binary)).toBe(true)
      const { pid, first: port } = await start('env', ['GOMAXPROCS=3', 'GOGC=300', binary])
      expect(targetOnPort(port)).toMatchObject({ pid, runtime: 'go', version: expect.stringMatching(/^go1\.\d+/) })
      const go = new GoCollector({ pid })
      await go.open(context)
      for (let i = 0; i < 3; i++) await fetch(`http://127.0.0.1:${port}/collect`)
      let readings = await go.read()
      while (readings['heap_inuse_bytes'] === undefined) readings = await go.read()
      expect(readings['gomaxprocs']).toBe(3)
      expect(readings['heap_after_gc_bytes']).toBeGreaterThan(200 << 16)
      // Four times what lives, by GOGC, would be 52 MB.
      expect(readings['heap_after_gc_bytes']).toBeLessThan(30e6)
      expect(readings['gc_per_s']).toBeGreaterThan(0)
      expect(readings['gc_pause_max_ms']).toBeGreaterThan(0)
      expect(readings['gc_ratio']).toBeGreaterThanOrEqual(0)
      if (name === 'pprof')
        expect(readings['goroutines_at']).toContainEqual({
          tags: { function: 'main.waitsHere', waits: 'lock' },
          value: 5,
        })
    })
  }
})

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SimClock, systemClock } from '#base/clock.js'
import { listeningPorts } from '#profile/take/process.js'
import type { Readings } from '#record/observed.js'
import { catalogue, type ObservedPart } from './catalogue.js'
import { loopbackPorts, targetOnPort } from './find-target.js'
import { HostCollector } from './local/host.js'
import { address } from './local/sockets.js'
import { TargetCollector } from './local/target.js'
import { collectorOf } from './registry.js'
import { CollectorRunner } from './runner.js'
import { NodeCollector } from './runtimes/node.js'
import { PythonCollector } from './runtimes/python.js'
import type { Collector } from './types.js'

const hasPySpy = spawnSync('py-spy', ['--version']).error === undefined
let dir: string
const children: ChildProcess[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pw-observe-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function start(
  program: string,
  file: string,
  code: string,
): Promise<{ pid: number; port: number; child: ChildProcess }> {
  const path = join(dir, file)
  writeFileSync(path, code)
  const child = spawn(program, [path], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))))
  return { pid: child.pid as number, port, child }
}

const app = `const http = require('node:http')
const kept = []
http.createServer((request, response) => {
  if (request.url === '/block') { const end = Date.now() + 120; while (Date.now() < end); }
  if (request.url === '/garbage') for (let i = 0; i < 200; i++) kept[i % 50] = Array.from({ length: 5000 }, () => ({}))
  response.end('ok')
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

const context = { clock: systemClock, signal: new AbortController().signal, event() {} }

function seconds(n: number): Promise<void> {
  return new Promise((resolve) => systemClock.at(systemClock.nowNs() + n * 1e9, resolve))
}

/** Every name that a collector writes is one that rules and reports know. */
function inCatalogue(part: ObservedPart, readings: Readings): void {
  const known = new Map(catalogue[part].map((metric) => [metric.name, metric.tags ?? []]))
  for (const [name, reading] of Object.entries(readings)) {
    expect(known.has(name), `${part} ${name}`).toBe(true)
    if (typeof reading === 'number') expect(Number.isFinite(reading), name).toBe(true)
    if (reading === undefined || typeof reading === 'number') continue
    for (const { tags } of reading) expect(Object.keys(tags).sort()).toEqual([...(known.get(name) ?? [])].sort())
  }
}

describe('the machine', () => {
  it('is read in shares and rates that can be', async () => {
    const host = new HostCollector({ expected: [process.pid] })
    await host.open(context)
    await seconds(0.3)
    const readings = await host.read()
    inCatalogue('host', readings)
    for (const name of ['cpu_ratio', 'cpu_user_ratio', 'memory_used_ratio']) {
      expect(readings[name]).toBeGreaterThanOrEqual(0)
      expect(readings[name]).toBeLessThanOrEqual(1)
    }
    expect(readings['cores']).toBeGreaterThanOrEqual(1)
  })
})

describe('a target', () => {
  it('is found by the port on which it listens, and known by its runtime', async () => {
    const { pid, port } = await start(process.execPath, 'found.cjs', app)
    expect(targetOnPort(port)).toMatchObject({ pid, runtime: 'node', command: 'node found.cjs' })
  })

  it('is never this process', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    expect(targetOnPort((server.address() as AddressInfo).port)).toBeUndefined()
    server.close()
  })

  it('shows its CPU, memory, descriptors and connections', async () => {
    const { pid, port } = await start(process.execPath, 'read.cjs', app)
    const target = new TargetCollector(pid, 'app')
    await target.open(context)
    let readings: Readings = {}
    // On a busy machine a second has less of the target in it, and what is dear to read is read less often.
    for (let i = 0; i < 30 && !(Number(readings['main_thread_cpu_ratio']) > 0.02); i++) {
      const ends = systemClock.nowNs() + 0.5e9
      while (systemClock.nowNs() < ends) await (await fetch(`http://127.0.0.1:${port}/block`)).text()
      readings = await target.read()
      inCatalogue('target', readings)
    }
    expect(readings['cpu_cores']).toBeGreaterThan(0.02)
    expect(readings['cpu_user_cores']).toBeGreaterThan(0.02)
    expect(readings['main_thread_cpu_ratio']).toBeGreaterThan(0.02)
    expect(readings['rss_bytes']).toBeGreaterThan(10e6)
    expect(readings['open_fds']).toBeGreaterThan(5)
    expect(readings['processes']).toBe(1)
  })

  it('that is gone says so', async () => {
    const { pid, child } = await start(process.execPath, 'gone.cjs', app)
    const target = new TargetCollector(pid, 'app')
    await target.open(context)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    await expect(target.read()).rejects.toThrow('has ended')
  })
})

describe('Node', () => {
  it('shows a blocked event loop and its collections, and is left without an inspector or a sampler', async () => {
    const { pid, port } = await start(process.execPath, 'node.cjs', app)
    const node = new NodeCollector(pid)
    await node.open(context)
    for (const path of ['/block', '/garbage', '/garbage']) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    await seconds(0.1)
    const readings = await node.read()
    inCatalogue('node', readings)
    expect(readings['event_loop_lag_max_ms']).toBeGreaterThan(80)
    expect(readings['event_loop_utilization_ratio']).toBeGreaterThan(0.1)
    expect(readings['gc_minor_per_s']).toBeGreaterThan(0)
    expect(readings['heap_used_bytes']).toBeGreaterThan(1e6)
    await node.close()
    await seconds(0.2)
    expect(listeningPorts(pid)).toEqual([port])
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('ok')
  })
})

describe.skipIf(!hasPySpy)('Python', () => {
  it('shows who runs and where the others wait', async () => {
    const code = `import threading
lock = threading.Lock()
def waits_here():
    with lock: pass
lock.acquire()
for i in range(3): threading.Thread(target=waits_here, daemon=True).start()
print(1, flush=True)
n = 0
while True: n += 1
`
    const { pid } = await start('python3', 'app.py', code)
    const python = new PythonCollector(pid, { program: 'py-spy', native: false })
    await python.open(context)
    const readings = await python.read()
    inCatalogue('python', readings)
    expect(readings['threads']).toBe(4)
    expect(readings['threads_waiting']).toEqual([
      { tags: { function: 'waits_here (app.py:4)', waits: 'lock' }, value: 3 },
    ])
  })
})

describe('ports in a text', () => {
  it('are those of this machine', () => {
    const text = `http.get('http://localhost:3000/x'); const u = "https://127.0.0.1/y"; ws://[::1]:81 http://example.com:9 10.127.0.0.1`
    expect(loopbackPorts(text)).toEqual([3000, 443, 81])
  })
})

it('addresses are read as the kernel prints them', () => {
  expect(address('0100007F')).toBe('127.0.0.1')
  expect(address('0000000000000000FFFF00000100007F')).toBe('127.0.0.1')
  expect(address('00000000000000000000000001000000')).toBe('::1')
})

it('what cannot be observed is refused with what can', async () => {
  await expect(collectorOf('ftp://x')).rejects.toMatchObject({ code: 'PW_OBSERVE_SCHEME' })
})

class Fake implements Collector {
  readonly part = 'host'
  readonly describes = 'a thing under test'
  readonly costly = false
  opened = 0
  closed = 0
  readonly #read: () => Promise<Readings>

  constructor(read: () => Promise<Readings>) {
    this.#read = read
  }

  async open(): Promise<void> {
    this.opened++
  }

  read(): Promise<Readings> {
    return this.#read()
  }

  async close(): Promise<void> {
    this.closed++
  }
}

describe('collectors of a run', () => {
  function run(clock: SimClock): {
    runner: CollectorRunner
    seen: [string, number, number][]
    events: [string, unknown][]
  } {
    const seen: [string, number, number][] = []
    const events: [string, unknown][] = []
    const runner = new CollectorRunner(clock, {
      observe: (part, _, { fromNs, toNs }) => seen.push([part, fromNs / 1e9, toNs / 1e9]),
      event: (type, detail) => events.push([type, detail['state']]),
    })
    return { runner, seen, events }
  }

  it('are read once a second from the start of the load, each under its own name', async () => {
    const clock = new SimClock()
    const { runner, seen } = run(clock)
    await runner.add(new Fake(async () => ({ cores: 2 })))
    await runner.add(new Fake(async () => ({ cores: 2 })))
    await clock.advanceTo(1e9)
    runner.start()
    await clock.advanceTo(3e9)
    expect(seen).toEqual([
      ['host', 0, 1],
      ['host-2', 0, 1],
      ['host', 1, 2],
      ['host-2', 1, 2],
    ])
  })

  it('that take seconds to open are opened once', async () => {
    const clock = new SimClock()
    const { runner } = run(clock)
    await runner.add(new Fake(async () => ({ cores: 2 })))
    const slow = new Fake(async () => ({ cores: 2 }))
    const open = slow.open.bind(slow)
    slow.open = async () => {
      await open()
      await new Promise<void>((resolve) => clock.at(clock.nowNs() + 3e9, resolve))
    }
    const added = runner.add(slow)
    await clock.advanceTo(10e9)
    await added
    expect(slow.opened).toBe(1)
  })

  it('that fail or hang end alone, are noted once, and are tried again', async () => {
    const clock = new SimClock()
    const { runner, seen, events } = run(clock)
    const failing = new Fake(() => Promise.reject(new Error('it broke')))
    const hanging = new Fake(() => new Promise(() => {}))
    for (const collector of [failing, hanging, new Fake(async () => ({ cores: 2 }))]) await runner.add(collector)
    runner.start()
    await clock.advanceTo(20e9)
    expect(failing.opened).toBeGreaterThan(1)
    expect(hanging.opened).toBeGreaterThan(1)
    expect(events.filter(([, state]) => state === 'failed')).toHaveLength(2)
    expect(seen.filter(([part]) => part === 'host-3')).toHaveLength(20)
  })
})

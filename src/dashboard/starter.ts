/**
 * Starts runs that a page asks for, as child processes of their own: only scripts below the folder in which the
 * dashboard was started, and only with --allow-start. A child is told its record's folder, by which its page follows it,
 * and an address of its REST API, by which it is controlled.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#base/clock.js'
import { packageRoot } from '#base/package-root.js'
import { changeStatus, readStatus } from '#control/client.js'
import { nodeDisk } from '#record/index.js'
import { Refusal } from './errors.js'
import type { RemoteControl } from './follow.js'
import type { ControlRequest, Controls, StartRequest } from './wire.js'

const MAX_SCRIPTS = 500
const MAX_DEPTH = 6
/** Runs at once: they share the machine and would measure each other. */
const MAX_RUNS = 1
const SCRIPT = /\.(?:js|mjs|ts)$/
const NO_SCRIPT = /\.(?:test|spec|d|config)\.(?:js|mjs|ts)$/
/** How long a run may take until its record is there. */
const START_NS = 60e9

interface Started {
  readonly child: ChildProcess
  readonly address: string
}

export class Starter {
  readonly #folder: string
  readonly #records: string
  readonly #clock: Clock
  readonly #runs = new Map<string, Started>()
  #isStarting = false

  /** @param folder  in which scripts are looked for; @param records  where the runs' records go */
  constructor(folder: string, records: string, clock: Clock) {
    this.#folder = folder
    this.#records = records
    this.#clock = clock
  }

  /** Paths of scripts below the folder. What imports nothing of k6 is no script of ours. */
  async scripts(): Promise<string[]> {
    const found: string[] = []
    const walk = async (below: string, depth: number): Promise<void> => {
      const at = join(this.#folder, below)
      for (const name of await nodeDisk.list(at).catch(() => [])) {
        if (found.length >= MAX_SCRIPTS) return
        if (!SCRIPT.test(name) || NO_SCRIPT.test(name)) continue
        if (await isScript(join(at, name))) found.push(join(below, name))
      }
      if (depth === 0) return
      for (const name of await nodeDisk.folders(at).catch(() => []))
        if (!name.startsWith('.') && name !== 'node_modules') await walk(join(below, name), depth - 1)
    }
    await walk('', MAX_DEPTH)
    return found
  }

  /** @returns name of the record @throws Refusal */
  async start(request: StartRequest): Promise<string> {
    const running = [...this.#runs.values()].filter(({ child }) => child.exitCode === null && child.signalCode === null)
    if (this.#isStarting || running.length >= MAX_RUNS) throw new Refusal(409, 'a run goes on already')
    this.#isStarting = true
    try {
      // Only what the list shows: no path that a page makes up.
      if (!(await this.scripts()).includes(request.script))
        throw new Refusal(404, 'there is no such script below the folder')
      return await this.#start(request)
    } finally {
      this.#isStarting = false
    }
  }

  /** Control of a run that was started here. */
  remote(id: string): RemoteControl | undefined {
    const started = this.#runs.get(id)
    if (started === undefined) return undefined
    const { address, child } = started
    return {
      controls: () => controlsOf(address),
      async control(request) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('the run is over')
        await changeStatus(address, changeOf(request))
      },
    }
  }

  /** Ends what still runs, as Ctrl-C would. */
  close(): void {
    for (const { child } of this.#runs.values()) if (child.exitCode === null) child.kill('SIGINT')
  }

  async #start(request: StartRequest): Promise<string> {
    const time = new Date(this.#clock.unixMs()).toISOString().replace(/[-:]|\.\d+/g, '')
    const name = (request.name ?? request.script.replace(/^.*\//, '').replace(/\.\w+$/, '')).replace(/[^\w.-]+/g, '-')
    const id = `${time}-${name}`.slice(0, 100)
    const dir = join(this.#records, id)
    await mkdir(this.#records, { recursive: true })
    const address = `127.0.0.1:${await freePort()}`
    const flags = [
      'run',
      '--address',
      address,
      '--record',
      dir,
      '--name',
      request.name ?? name,
      '--quiet',
      '--no-color',
    ]
    if (request.vus !== undefined) flags.push('--vus', String(request.vus))
    if (request.duration !== undefined) flags.push('--duration', request.duration)
    for (const [key, value] of Object.entries(request.env ?? {})) flags.push('--env', `${key}=${value}`)
    if (request.iterations !== undefined) flags.push('--iterations', String(request.iterations))
    const child = spawn(
      process.execPath,
      [join(packageRoot(), 'bin', 'perfwright.js'), ...flags, '--', request.script],
      {
        cwd: this.#folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    this.#runs.set(id, { child, address })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 4000) said += chunk.toString()
    })
    await this.#untilThere(dir, child, () => said)
    return id
  }

  /** Waits until the record is open, so that the page can follow it. */
  async #untilThere(dir: string, child: ChildProcess, said: () => string): Promise<void> {
    const untilNs = this.#clock.nowNs() + START_NS
    for (;;) {
      if ((await nodeDisk.stat(join(dir, 'run.json'))) !== undefined) return
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Refusal(
          422,
          `the run did not start: ${said()
            .replace(/\p{Cc}+/gu, ' ')
            .slice(0, 1000)}`,
        )
      if (this.#clock.nowNs() > untilNs) {
        child.kill('SIGKILL')
        throw new Refusal(504, 'the run did not start within a minute')
      }
      await new Promise<void>((resolve) => void this.#clock.coarseAt(this.#clock.nowNs() + 1e8, resolve))
    }
  }
}

async function isScript(path: string): Promise<boolean> {
  try {
    for await (const piece of nodeDisk.read(path))
      return /\bfrom\s*['"]k6(?:\/[\w/-]+)?['"]|\brequire\(\s*['"]k6/.test(
        Buffer.from(piece).toString('utf8', 0, 64_000),
      )
  } catch {
    // A file that cannot be read is none that could be run.
  }
  return false
}

async function controlsOf(address: string): Promise<Controls> {
  const status = await readStatus(address)
  const over = status.stopped ? 'the run is being stopped' : undefined
  return {
    stop: over ?? true,
    pause: over ?? (status.paused ? 'it is paused already' : true),
    resume: over ?? (status.paused ? true : 'it is not paused'),
    scale: over ?? true,
    vus: status.vus,
    maxVus: status['vus-max'],
  }
}

function changeOf(request: ControlRequest): Parameters<typeof changeStatus>[1] {
  switch (request.action) {
    case 'stop':
      return { stopped: true }
    case 'pause':
      return { paused: true }
    case 'resume':
      return { paused: false }
    case 'scale':
      return { vus: request.vus, ...(request.max === undefined ? {} : { 'vus-max': request.max }) }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

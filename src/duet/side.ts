/** One side of a duet as a process: started on a free port, waited for, ended with all that it started. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { Clock } from '#base/clock.js'
import { processTree } from '#observe/local/proc.js'
import { listeningPorts } from '#profile/take/process.js'
import { unusable } from './errors.js'
import type { SideName, SideSpec } from './types.js'

const readyWithinNs = 30e9
const pollNs = 20e6
const patienceNs = 5e9
const logBytes = 8192

export interface RunningSide {
  readonly name: SideName
  readonly base: URL
  /** Root of its process tree; undefined when it was running already and no pid is known. */
  readonly pid: number | undefined
  /** How it ended, if it has. */
  ended(): string | undefined
  log(): string
  stop(): Promise<void>
}

/** @throws PW_DUET_SIDE_ENDED, PW_DUET_SIDE_NOT_READY */
export async function startSide(
  name: SideName,
  spec: SideSpec,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunningSide> {
  const extra = (await spec.prepare?.()) ?? {}
  const dispose = async (): Promise<void> => await spec.dispose?.()
  if (spec.command === undefined) {
    const base = new URL(spec.url as string)
    return { name, base, pid: undefined, ended: () => undefined, log: () => '', stop: dispose }
  }
  const port = spec.url === undefined ? await freePort() : portOf(new URL(spec.url))
  const child = spawn('/bin/sh', ['-c', spec.command], {
    cwd: spec.cwd,
    env: { ...spec.env, PORT: String(port), ...extra },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const side = new Child(name, child, clock)
  try {
    await side.ready(port, signal)
  } catch (error) {
    await side.end()
    await dispose()
    throw error
  }
  return {
    name,
    base: new URL(spec.url ?? `http://127.0.0.1:${port}`),
    pid: child.pid,
    ended: () => side.exit,
    log: () => side.log,
    stop: async () => {
      await side.end()
      await dispose()
    },
  }
}

class Child {
  exit: string | undefined
  log = ''
  readonly #name: SideName
  readonly #child: ChildProcess
  readonly #clock: Clock

  constructor(name: SideName, child: ChildProcess, clock: Clock) {
    this.#name = name
    this.#child = child
    this.#clock = clock
    const keep = (chunk: Buffer): void => void (this.log = (this.log + chunk.toString('utf8')).slice(-logBytes))
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('exit', (code, signal) => (this.exit = signal === null ? `exit code ${code}` : `signal ${signal}`))
    child.on('error', (error) => (this.exit = error.message))
  }

  async ready(port: number, signal: AbortSignal): Promise<void> {
    const root = this.#child.pid
    const until = this.#clock.nowNs() + readyWithinNs
    let others: number[] = []
    while (this.#clock.nowNs() < until && !signal.aborted) {
      if (this.exit !== undefined || root === undefined)
        throw unusable(
          'PW_DUET_SIDE_ENDED',
          `Side ${this.#name} ended (${this.exit ?? 'it could not be started'}) before it listened.${this.#tail()}`,
          'run the command by itself, with PORT set',
        )
      // Its own process must hold the port: a stale server there would be measured instead.
      const open = processTree(root).flatMap(listeningPorts)
      if (open.includes(port)) return
      others = open
      await pause(this.#clock, pollNs)
    }
    if (signal.aborted) return
    const heard = others.length === 0 ? '' : ` It listens on ${[...new Set(others)].join(', ')} instead.`
    throw unusable(
      'PW_DUET_SIDE_NOT_READY',
      `Side ${this.#name} did not listen on port ${port} within ${readyWithinNs / 1e9} s.${heard}${this.#tail()}`,
      `let the command heed PORT, or name its address: --${this.#name}-url http://127.0.0.1:3000`,
    )
  }

  /** TERM, five seconds, KILL, to the whole group. */
  async end(): Promise<void> {
    const group = this.#child.pid
    if (group === undefined) return
    send(-group, 'SIGTERM')
    const until = this.#clock.nowNs() + patienceNs
    while (send(-group, 0) && this.#clock.nowNs() < until) await pause(this.#clock, pollNs)
    send(-group, 'SIGKILL')
  }

  #tail(): string {
    const lines = this.log.trimEnd().split('\n').slice(-20).join('\n')
    // Text of a target reaches a terminal: without its control characters.
    return lines === '' ? '' : ` Its last output:\n${lines.replace(/[^\n\x20-\x7e\xa0-\uffff]/g, '?')}`
  }
}

export function pause(clock: Clock, ns: number): Promise<void> {
  return new Promise((resolve) => clock.coarseAt(clock.nowNs() + ns, resolve))
}

/** A port that nobody holds now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

function send(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

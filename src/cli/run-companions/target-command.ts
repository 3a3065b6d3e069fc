/** `--target-cmd`: the target as a child of ours, in a group of its own, its output in the record. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { processTree } from '#observe/local/proc.js'
import { listeningPorts } from '#profile/take/process.js'

const readyWithinNs = 60e9
const pollNs = 50e6
const patienceNs = 5e9
const logLines = 20

export class TargetCommand {
  readonly #clock: Clock
  readonly #command: string
  readonly #log: string
  #child: ChildProcess | undefined
  #exit: string | undefined

  /** @param dir  the record's folder */
  constructor(clock: Clock, command: string, dir: string) {
    this.#clock = clock
    this.#command = command
    this.#log = join(dir, 'target.log')
  }

  /**
   * Starts it and waits until it listens.
   * @param ports  where the script expects it; with none, any port will do
   * @returns the process that listens
   * @throws PW_TARGET_ENDED, PW_TARGET_NOT_READY
   */
  async start(ports: readonly number[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
    const log = openSync(this.#log, 'w')
    // A shell, as in a package.json's scripts; a group, so that all it starts can be ended.
    const child = spawn('/bin/sh', ['-c', this.#command], { cwd, env, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    this.#child = child
    child.on('exit', (code, signal) => (this.#exit = signal === null ? `exit code ${code}` : `signal ${signal}`))
    child.on('error', (error) => (this.#exit = error.message))
    const until = this.#clock.nowNs() + readyWithinNs
    while (this.#clock.nowNs() < until) {
      if (this.#exit !== undefined) throw this.#refused('PW_TARGET_ENDED', `ended (${this.#exit}) before it listened`)
      const pid = this.#listener(child.pid as number, ports)
      if (pid !== undefined) return pid
      await this.#wait(pollNs)
    }
    const where = ports.length === 0 ? 'any port' : `port ${ports.join(' or ')}`
    throw this.#refused('PW_TARGET_NOT_READY', `did not listen on ${where} within ${readyWithinNs / 1e9} s`)
  }

  /** How it ended, if it has; undefined while it runs. */
  get ended(): string | undefined {
    return this.#exit
  }

  /** TERM, five seconds, KILL, to the whole group. */
  async stop(): Promise<void> {
    const group = this.#child?.pid
    this.#child = undefined
    if (group === undefined) return
    signal(-group, 'SIGTERM')
    const until = this.#clock.nowNs() + patienceNs
    while (signal(-group, 0) && this.#clock.nowNs() < until) await this.#wait(pollNs)
    signal(-group, 'SIGKILL')
  }

  #listener(root: number, ports: readonly number[]): number | undefined {
    return processTree(root).find((pid) => {
      const open = listeningPorts(pid)
      return ports.length === 0 ? open.length > 0 : open.some((port) => ports.includes(port))
    })
  }

  #refused(code: string, what: string): PerfwrightError {
    const tail = readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-logLines).join('\n')
    return new PerfwrightError({
      code,
      message: `The target "${this.#command}" ${what}.${tail === '' ? '' : ` Its last output:\n${tail}`}`,
      where: '--target-cmd',
      fix: `run the command by itself; all of its output is in ${this.#log}`,
      exitCode: ExitCode.targetUnusable,
    })
  }

  #wait(ns: number): Promise<void> {
    return new Promise((resolve) => this.#clock.coarseAt(this.#clock.nowNs() + ns, resolve))
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

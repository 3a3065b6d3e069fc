/** Watches what the load goes to: the machine, the target, its runtime, the services that were named. */
import type { RunBeginning, RunCompanion } from '#api/companion.js'
import type { Clock } from '#base/clock.js'
import type { WorkerWindow } from '#engine/native/worker/protocol.js'
import { describeTarget, type FoundTarget, loopbackPorts, targetOnPort } from '#observe/find-target.js'
import { CgroupCollector } from '#observe/local/cgroup.js'
import { HostCollector } from '#observe/local/host.js'
import { listenerOf } from '#observe/local/sockets.js'
import { TargetCollector } from '#observe/local/target.js'
import { collectorOf } from '#observe/registry.js'
import { CollectorRunner } from '#observe/runner.js'
import { GoCollector } from '#observe/runtimes/go.js'
import { NodeCollector } from '#observe/runtimes/node.js'
import { PythonCollector } from '#observe/runtimes/python.js'
import type { Collector } from '#observe/types.js'
import type { PySpy } from '#profile/take/python/py-spy.js'
import { TargetCommand } from './target-command.js'

export interface ObserveSettings {
  readonly targetPids: readonly number[]
  readonly targetCommand: string | undefined
  /** `--observe` */
  readonly uris: readonly string[]
  readonly pySpy: PySpy
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Ports that are looked up while the run goes on: a script may name more. */
const maxPorts = 50

export class ObserveCompanion implements RunCompanion {
  readonly name = 'observe'
  readonly #clock: Clock
  readonly #settings: ObserveSettings
  readonly #ports = new Set<number>()
  readonly #pids = new Set<number>()
  readonly #peers = new Map<string, number | undefined>()
  readonly #targets: TargetCollector[] = []
  #begin: RunBeginning | undefined
  #runner: CollectorRunner | undefined
  #command: TargetCommand | undefined

  constructor(clock: Clock, settings: ObserveSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  async planned(begin: RunBeginning): Promise<void> {
    this.#begin = begin
    const { targetPids, targetCommand, uris, cwd, env } = this.#settings
    // Addresses that cannot be are said before anything starts.
    const named = await Promise.all(uris.map(collectorOf))
    const runner = new CollectorRunner(this.#clock, begin.record)
    this.#runner = runner
    const { code } = begin.plan.compiled
    // Of the environment only what the script names: it may hold addresses of anything.
    const mentioned = Object.entries(env).flatMap(([name, text]) => (code.includes(name) && text ? [text] : []))
    const ports = [code, ...mentioned].flatMap(loopbackPorts)
    if (targetCommand !== undefined) {
      this.#command = new TargetCommand(this.#clock, targetCommand, begin.record.dir)
      const pid = await this.#command.start(ports, cwd, { ...process.env, ...env })
      await this.#watch(describeTarget(pid, '--target-cmd'))
    }
    for (const pid of targetPids) await this.#watch(describeTarget(pid, '--target-pid'))
    if (this.#targets.length === 0) for (const port of ports) await this.#look(port)
    await runner.add(new HostCollector({ expected: () => this.#expected() }))
    for (const collector of named) await runner.add(collector)
    const open = runner.open.filter(({ part }) => part !== 'host').map(({ describes }) => describes)
    if (open.length > 0) begin.note(`observing ${open.join(', ')}`)
  }

  event(type: string, detail: Readonly<Record<string, unknown>>): void {
    if (type === 'phase' && detail['phase'] === 'running') this.#runner?.start()
  }

  window(window: WorkerWindow): void {
    const named = this.#settings.targetPids.length > 0 || this.#settings.targetCommand !== undefined
    for (const { entries } of window.batch.tagSets) {
      if (named || this.#ports.size >= maxPorts) break
      const url = entries.find(([key]) => key === 'url')?.[1]
      if (url === undefined) continue
      for (const port of loopbackPorts(url)) void this.#look(port)
    }
    const end = this.#command?.ended
    if (end !== undefined) {
      this.#command = undefined
      this.#begin?.warn(`the target ended during the run: ${end}; its output is in target.log of the record`)
      this.#begin?.record.event('target-ended', { how: end })
    }
  }

  async loadEnded(): Promise<void> {
    await this.#runner?.close()
    this.#runner = undefined
  }

  async close(): Promise<void> {
    await this.#runner?.close()
    await this.#command?.stop()
  }

  async #look(port: number): Promise<void> {
    if (this.#ports.has(port)) return
    this.#ports.add(port)
    const found = targetOnPort(port)
    if (found !== undefined) await this.#watch(found)
  }

  async #watch(found: FoundTarget): Promise<void> {
    const { pid, runtime, command, how } = found
    const runner = this.#runner
    if (runner === undefined || this.#pids.has(pid)) return
    this.#pids.add(pid)
    const target = new TargetCollector(pid, command)
    this.#targets.push(target)
    const collectors: (Collector | undefined)[] = [target, CgroupCollector.of(pid), this.#ofRuntime(found)]
    for (const collector of collectors) if (collector !== undefined) await runner.add(collector)
    this.#begin?.record.event('target', { pid, command, runtime, how })
    this.#begin?.targets.add({ pid, runtime, command, how })
  }

  #ofRuntime({ pid, runtime }: FoundTarget): Collector | undefined {
    if (runtime === 'node') return new NodeCollector(pid)
    if (runtime === 'python') return new PythonCollector(pid, this.#settings.pySpy)
    return runtime === 'go' ? new GoCollector({ pid }) : undefined
  }

  /** Whose CPU on this machine is no surprise: ourselves, the target, and whom it asks. */
  #expected(): number[] {
    for (const peer of this.#targets.flatMap(({ peers }) => peers)) {
      if (this.#peers.has(peer)) continue
      const [, port] = /^(?:127\.[\d.]+|\[::1?\]|::1):(\d+)$/.exec(peer) ?? []
      this.#peers.set(peer, port === undefined ? undefined : listenerOf(Number(port)))
    }
    return [process.pid, ...this.#pids, ...[...this.#peers.values()].filter((pid) => pid !== undefined)]
  }
}

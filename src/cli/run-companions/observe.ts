/** Watches what the load goes to: the machine, the target, its runtime, the services that were named. */
import type { RunBeginning, RunCompanion } from '#api/companion.js'
import type { Clock } from '#base/clock.js'
import type { WorkerWindow } from '#engine/native/worker/protocol.js'
import { describeTarget, loopbackPorts, targetOnPort } from '#observe/find-target.js'
import { HostCollector } from '#observe/local/host.js'
import { collectorOf } from '#observe/registry.js'
import { CollectorRunner } from '#observe/runner.js'
import type { PySpy } from '#profile/take/python/py-spy.js'
import { ObservedTargets } from './observed-targets.js'
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
  #begin: RunBeginning | undefined
  #runner: CollectorRunner | undefined
  #targets: ObservedTargets | undefined
  #command: TargetCommand | undefined

  constructor(clock: Clock, settings: ObserveSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  async planned(begin: RunBeginning): Promise<void> {
    this.#begin = begin
    const { targetPids, targetCommand, uris, cwd, env, pySpy } = this.#settings
    // Addresses that cannot be are said before anything starts. The machine is observed anyway.
    const named = await Promise.all(uris.filter((uri) => uri !== 'host').map(collectorOf))
    const runner = new CollectorRunner(this.#clock, begin.record)
    this.#runner = runner
    const targets = new ObservedTargets(this.#clock, runner, begin, pySpy)
    this.#targets = targets
    const { code } = begin.plan.compiled
    // Of the environment only what the script names: it may hold addresses of anything.
    const mentioned = Object.entries(env).flatMap(([name, text]) => (code.includes(name) && text ? [text] : []))
    const ports = [code, ...mentioned].flatMap(loopbackPorts)
    if (targetCommand !== undefined) {
      this.#command = new TargetCommand(this.#clock, targetCommand, begin.record.dir)
      const pid = await this.#command.start(ports, cwd, { ...process.env, ...env })
      await targets.add(describeTarget(pid, '--target-cmd'))
    }
    for (const pid of targetPids) await targets.add(describeTarget(pid, '--target-pid'))
    if (targets.count === 0) for (const port of ports) await this.#look(port)
    await runner.add(new HostCollector(targets))
    const open: string[] = []
    for (const collector of named) {
      const why = await runner.add(collector)
      if (why === undefined) open.push(collector.describes)
      else begin.warn(`cannot observe ${collector.describes} yet: ${why}`)
    }
    if (targets.count + open.length > 0) begin.note(`observing ${['host', ...targets.names, ...open].join(', ')}`)
    for (const what of targets.notOpen) begin.note(`not observed: ${what}`)
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
    this.#targets?.look()
    const end = this.#command?.ended
    if (end !== undefined) {
      this.#command = undefined
      this.#begin?.warn(`the command of --target-cmd ended (${end}); its output is in target.log of the record`)
    }
  }

  async loadEnded(): Promise<void> {
    const open = this.#settings.uris.join(' ')
    for (const { kind, port, uri } of this.#targets?.dependencies ?? []) {
      if (uri === undefined || open.includes(`:${port}`)) continue
      this.#begin?.note(`the target talks to ${kind} on port ${port}, which was not observed: --observe ${uri}`)
    }
    await this.#runner?.close()
    this.#runner = undefined
    this.#targets = undefined
  }

  async close(): Promise<void> {
    await this.#runner?.close()
    await this.#command?.stop()
  }

  async #look(port: number): Promise<void> {
    if (this.#ports.has(port)) return
    this.#ports.add(port)
    try {
      const found = targetOnPort(port)
      if (found !== undefined) await this.#targets?.add(found)
    } catch {
      // It ended while we looked.
    }
  }
}

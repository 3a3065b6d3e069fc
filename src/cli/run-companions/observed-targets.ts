/** The processes that a run is about: found, watched, and found again when another takes the place of one that ended. */
import type { RunBeginning } from '#api/companion.js'
import type { Clock } from '#base/clock.js'
import { type FoundTarget, targetOnPort } from '#observe/find-target.js'
import { CgroupCollector } from '#observe/local/cgroup.js'
import { type Dependency, dependencyAt } from '#observe/local/dependencies.js'
import { processStat } from '#observe/local/proc.js'
import { TargetCollector } from '#observe/local/target.js'
import type { CollectorRunner } from '#observe/runner.js'
import { GoCollector } from '#observe/runtimes/go.js'
import { NodeCollector } from '#observe/runtimes/node.js'
import { PythonCollector } from '#observe/runtimes/python.js'
import type { Collector } from '#observe/types.js'
import { listeningPorts } from '#profile/take/process.js'
import type { PySpy } from '#profile/take/python/py-spy.js'

interface Observed {
  readonly found: FoundTarget
  readonly startTicks: number | undefined
  readonly ports: readonly number[]
  readonly target: TargetCollector
  readonly collectors: readonly Collector[]
  readonly restarts: number
  readonly place: number
  endedNs: number | undefined
  lookAgainNs: number
}

/** A supervisor needs a moment to start another; looking through all processes costs some milliseconds. */
const lookEveryNs = 2e9
const lookForNs = 120e9

export class ObservedTargets {
  readonly #clock: Clock
  readonly #runner: CollectorRunner
  readonly #begin: RunBeginning
  readonly #pySpy: PySpy
  readonly #known = new Set<number>()
  readonly #peers = new Map<string, Dependency | undefined>()
  readonly #notOpen: string[] = []
  #observed: readonly Observed[] = []
  #places = 0

  constructor(clock: Clock, runner: CollectorRunner, begin: RunBeginning, pySpy: PySpy) {
    this.#clock = clock
    this.#runner = runner
    this.#begin = begin
    this.#pySpy = pySpy
  }

  get count(): number {
    return this.#observed.length
  }

  /** `node 123 (node server.js)` for each. */
  get names(): string[] {
    return this.#observed.map(({ found: { runtime, pid, command } }) =>
      runtime === 'other' ? `process ${pid} (${command})` : `${runtime} ${pid} (${command})`,
    )
  }

  /** What could not be observed of them, with the reason. */
  get notOpen(): readonly string[] {
    return this.#notOpen
  }

  /** Databases of this machine to which they talk. */
  get dependencies(): readonly Dependency[] {
    return [...this.#peers.values()].filter((peer) => peer !== undefined)
  }

  /** Whose CPU on this machine is no surprise: ourselves, the targets, and whom they ask. */
  get expected(): readonly number[] {
    const asked = this.dependencies.flatMap(({ pid }) => pid ?? [])
    return [process.pid, ...this.#observed.map(({ found }) => found.pid), ...asked]
  }

  /** A process that is known already is passed over. */
  async add(found: FoundTarget): Promise<void> {
    if (!this.#known.has(found.pid)) await this.#add(found, 0, ++this.#places)
  }

  async #add(found: FoundTarget, restarts: number, place: number): Promise<void> {
    const { pid, runtimePid, runtime, command, how } = found
    this.#known.add(pid)
    const target = new TargetCollector(pid, command, restarts)
    const ofRuntime = this.#ofRuntime(found)
    const collectors = [target, CgroupCollector.of(pid), ofRuntime].filter((one) => one !== undefined)
    const startTicks = processStat(pid)?.startTicks
    const ports = listeningPorts(runtimePid)
    const times = { endedNs: undefined, lookAgainNs: 0 }
    const one = { found, startTicks, ports, target, collectors, restarts, place, ...times }
    this.#observed = [...this.#observed, one]
    for (const collector of collectors) {
      const why = await this.#runner.add(collector, place)
      if (why !== undefined) this.#notOpen.push(`${collector.describes}: ${why}`)
    }
    const version = ofRuntime instanceof NodeCollector ? ofRuntime.version : found.version
    this.#begin.record.event('target', {
      pid,
      command,
      runtime,
      how,
      ...(version === undefined ? {} : { version }),
      ...(runtimePid === pid ? {} : { runtimePid }),
    })
    this.#begin.targets.add({ pid: runtimePid, runtime, command, how })
  }

  /** Once a second: who has ended, who has come, whom they talk to. */
  look(): void {
    for (const one of this.#observed) {
      if (one.endedNs === undefined && processStat(one.found.pid)?.startTicks !== one.startTicks) this.#ended(one)
      if (one.endedNs !== undefined) this.#replace(one, one.endedNs)
      else for (const peer of one.target.peers) void this.#meet(peer)
    }
  }

  #ended(one: Observed): void {
    const { pid, command } = one.found
    one.endedNs = this.#clock.nowNs()
    this.#begin.record.event('target-ended', { pid, command })
    this.#begin.warn(`the target ${command} (process ${pid}) ended during the run`)
  }

  #replace(one: Observed, endedNs: number): void {
    const nowNs = this.#clock.nowNs()
    if (nowNs < one.lookAgainNs || nowNs > endedNs + lookForNs) return
    one.lookAgainNs = nowNs + lookEveryNs
    for (const port of one.ports) {
      const found = targetOnPort(port)
      if (found === undefined || this.#known.has(found.pid)) continue
      this.#observed = this.#observed.filter((other) => other !== one)
      void this.#swap(one, found)
      return
    }
  }

  async #swap(one: Observed, found: FoundTarget): Promise<void> {
    try {
      for (const collector of one.collectors) await this.#runner.remove(collector)
      await this.#add({ ...found, how: `took the place of process ${one.found.pid}` }, one.restarts + 1, one.place)
    } catch {
      // It has ended again already; the next look finds the one after.
      this.#observed = [...this.#observed, one]
    }
  }

  async #meet(peer: string): Promise<void> {
    if (this.#peers.has(peer)) return
    this.#peers.set(peer, undefined)
    this.#begin.targets.peers.add(peer)
    const dependency = await dependencyAt(peer, this.#clock).catch(() => undefined)
    if (dependency === undefined) return
    this.#peers.set(peer, dependency)
    const { port: _, ...detail } = dependency
    this.#begin.record.event('dependency', detail)
  }

  #ofRuntime({ runtimePid: pid, runtime }: FoundTarget): Collector | undefined {
    if (runtime === 'node') return new NodeCollector(pid)
    if (runtime === 'python') return new PythonCollector(pid, this.#pySpy)
    return runtime === 'go' ? new GoCollector({ pid }) : undefined
  }
}

/**
 * The load of one worker: the pool of VUs that all scenarios share, and the running of every scenario's executor on it.
 */
import type { Cancel, Clock } from '#base/clock.js'
import type { Scenario } from '#config/types.js'
import type { TagSet } from '#metrics/types.js'
import { Board, type Crew, joinCrew } from '../executors/crew.js'
import { type ControlledExecutor, createExecutor, iterationNumbers, vuIdsOf } from '../executors/index.js'
import type { IterationNumbers } from '../executors/iteration-numbers.js'
import type { ActiveVu, Executor, ScenarioHost } from '../executors/types.js'
import type { Activation, Vu } from '../vu.js'
import type { CrewParams, HandOver, ScenarioState } from './protocol.js'
import type { WorkerShared } from './shared.js'

const SWEEP_NS = 100e6

export class Load {
  readonly #shared: WorkerShared
  readonly #crew: CrewParams
  readonly #scenarios: RunningScenario[]
  readonly #makeVu: (id: number) => Promise<Vu>
  readonly #idle: Vu[] = []
  readonly #all: Vu[] = []
  readonly #active = new Set<Handle>()
  #stopResolve!: () => void
  readonly #stopping: Promise<void>
  #isStopping = false

  constructor(shared: WorkerShared, crew: CrewParams, makeVu: (id: number) => Promise<Vu>) {
    this.#shared = shared
    this.#crew = crew
    this.#makeVu = makeVu
    this.#stopping = new Promise((resolve) => (this.#stopResolve = resolve))
    this.#scenarios = Object.values(shared.options.scenarios).map(
      (config, i) =>
        new RunningScenario(
          config,
          shared,
          joinCrew(new Board(crew.memory, i, crew.index), crew.index, shared.share, crew.plan.offsets[config.name]),
        ),
    )
    for (const peer of crew.peers)
      peer?.on('message', ([scenario, dueNs]: HandOver) => this.#scenarios[scenario]?.handedOver(dueNs))
  }

  /** Initialises the VUs that the plan gives this worker, so that over all workers `__VU` counts from 1. */
  async initialise(): Promise<void> {
    for (const [i, id] of vuIdsOf(this.#crew.plan.plannedVus, this.#crew.index).entries()) {
      await this.#make(id)
      // Initialising thousands of VUs must not hold up messages.
      if (i % 64 === 63) await new Promise<void>((resolve) => this.#shared.clock.soon(resolve))
    }
  }

  /** Of the externally-controlled scenarios. */
  setPaused(paused: boolean): void {
    for (const scenario of this.#scenarios) scenario.setPaused(paused)
  }

  /** Resolves when the VUs that `max` asks for are there. */
  async setVus(name: string, vus: number, max: number): Promise<void> {
    const scenario = this.#scenarios.find(({ config }) => config.name === name)
    if (scenario === undefined) return
    const missing = scenario.setMax(max)
    for (let i = 0; i < missing; i++) await this.#make(this.#nextId())
    scenario.setVus(vus, max)
  }

  async #make(id: number): Promise<void> {
    const vu = await this.#makeVu(id)
    this.#all.push(vu)
    this.#idle.push(vu)
    this.#shared.totals.vusInitialized.add(1)
  }

  // Beyond the plan, numbers go to whichever worker needs one first.
  #nextId(): number {
    return Atomics.add(new Int32Array(this.#crew.memory.vuIds), 0, 1) + 1
  }

  /** Resolves when all scenarios have ended. */
  async run(startNs: number): Promise<void> {
    this.#shared.startedNs = startNs
    const endSweep = this.#sweep()
    await Promise.all(
      this.#scenarios.map(async (scenario) => {
        await this.#waitUntil(startNs + scenario.config.startTimeNs)
        if (!this.#isStopping) await scenario.start(this.#host(scenario), startNs + scenario.config.startTimeNs)
        scenario.state = 'done'
      }),
    )
    endSweep()
  }

  /** No new iterations from now on; `now` also ends those that run. */
  stop(now: boolean): void {
    this.#isStopping = true
    this.#stopResolve()
    if (now) for (const handle of this.#active) handle.interrupt()
  }

  states(): ScenarioState[] {
    const nowNs = this.#shared.clock.nowNs()
    return this.#scenarios.map((scenario) => scenario.snapshot(nowNs))
  }

  async close(): Promise<void> {
    for (const peer of this.#crew.peers) peer?.close()
    await Promise.all(this.#all.map((vu) => vu.close()))
  }

  // Looks for iterations that wait for nothing. Rare and seldom, so that it costs the load nothing.
  #sweep(): Cancel {
    const { clock } = this.#shared
    let cancel: Cancel
    const arm = (): void => {
      cancel = clock.coarseAt(clock.nowNs() + SWEEP_NS, () => {
        for (const handle of this.#active) handle.endIfStalled()
        arm()
      })
    }
    arm()
    return () => cancel()
  }

  #waitUntil(atNs: number): Promise<void> {
    if (atNs <= this.#shared.clock.nowNs()) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#shared.clock.at(atNs, resolve)
      void this.#stopping.then(() => {
        cancel()
        resolve()
      })
    })
  }

  #host(scenario: RunningScenario): ScenarioHost {
    const shared = this.#shared
    const clock: Clock = shared.clock
    return {
      clock,
      take: () => {
        const vu = this.#idle.pop()
        if (vu === undefined) return undefined
        const handle = new Handle(vu, scenario, shared, () => {
          this.#active.delete(handle)
          this.#idle.push(vu)
        })
        this.#active.add(handle)
        return handle
      },
      growPool: () => this.#make(this.#nextId()),
      dropped: (count) => {
        scenario.crew.board.dropped.add(count)
        shared.samples.add(shared.builtin.dropped_iterations, scenario.tags, count)
      },
      warn: (message) =>
        shared.log.warn(message, { executor: scenario.config.executor, scenario: scenario.config.name }),
      stopping: this.#stopping,
      isStopping: () => this.#isStopping,
      handOver: (worker, dueNs) =>
        this.#crew.peers[worker]?.postMessage([this.#scenarios.indexOf(scenario), dueNs] satisfies HandOver),
      onHandedOver: (fn) => (scenario.handedOver = fn),
    }
  }
}

/** One scenario while it runs: its executor and what its VUs share. */
class RunningScenario implements Activation {
  readonly config: Scenario
  readonly openModel: boolean
  readonly tags: TagSet
  readonly run: { name: string; config: Scenario; startTimeMs: number }
  hardEndNs = Number.POSITIVE_INFINITY
  state: ScenarioState['state'] = 'waiting'
  readonly crew: Crew
  /** Starts an iteration that another worker could not. */
  handedOver: (dueNs: number) => void = () => {}
  readonly #shared: WorkerShared
  readonly #executor: Executor
  readonly #numbers: IterationNumbers
  #startNs = 0
  #maxVus: number
  #vusMade: number

  constructor(config: Scenario, shared: WorkerShared, crew: Crew) {
    this.config = config
    this.crew = crew
    this.#shared = shared
    this.#executor = createExecutor(config, crew)
    this.#numbers = iterationNumbers(config, crew)
    this.#maxVus = this.#executor.maxVus
    this.#vusMade = this.#executor.plannedVus
    this.openModel = config.executor === 'constant-arrival-rate' || config.executor === 'ramping-arrival-rate'
    let tags = shared.runTags.withAll(config.tags)
    if (shared.hasSystemTag('scenario')) tags = tags.with('scenario', config.name)
    if (shared.hasSystemTag('group')) tags = tags.with('group', '')
    this.tags = tags
    this.run = { name: config.name, config, startTimeMs: 0 }
  }

  async start(host: ScenarioHost, startNs: number): Promise<void> {
    this.#startNs = startNs
    this.hardEndNs = startNs + this.#executor.maxDurationNs
    this.run.startTimeMs = host.clock.unixMs()
    this.state = 'running'
    await this.#executor.run(host, startNs)
  }

  setPaused(paused: boolean): void {
    if (this.config.executor !== 'externally-controlled') return
    ;(this.#executor as ControlledExecutor).setPaused(paused)
    this.hardEndNs = this.#startNs + this.#executor.maxDurationNs
  }

  /** The most VUs that there may be; answers how many must still be made for it on this worker. */
  setMax(max: number): number {
    const own = this.crew.own.scale(max)
    const missing = Math.max(0, own - this.#vusMade)
    this.#vusMade += missing
    // What a smaller maximum leaves over stays in the pool, and is not counted, as in k6.
    this.#shared.totals.vusInitialized.add(own - this.#maxVus - missing)
    this.#maxVus = own
    return missing
  }

  setVus(vus: number, max: number): void {
    if (this.config.executor === 'externally-controlled') (this.#executor as ControlledExecutor).setVus(vus, max)
  }

  started(vu: Vu, startNs: number): void {
    if (this.#shared.tagStages) this.#tagStage(vu, startNs)
    if (this.openModel) this.#shared.totals.vusActive.add(1)
    this.crew.board.started.add(1)
    vu.iterationNumber = this.#numbers.next()
  }

  // `--summary-by stage`: the stage in which an iteration begins is a tag of all its samples.
  #tagStage(vu: Vu, startNs: number): void {
    if (!('stages' in this.config)) return
    let leftNs = startNs - this.#startNs
    let stage = 0
    for (const { durationNs } of this.config.stages) {
      if (leftNs < durationNs || stage === this.config.stages.length - 1) break
      leftNs -= durationNs
      stage++
    }
    vu.setTag('stage', String(stage))
  }

  ended(complete: boolean): void {
    const { totals } = this.#shared
    if (this.openModel) totals.vusActive.add(-1)
    if (complete) totals.iterationsCompleted.add(1)
    else totals.iterationsInterrupted.add(1)
  }

  iterationOf(vu: Vu): number {
    return vu.iterationNumber
  }

  iterationInTestOf(vu: Vu): number {
    return this.#numbers.inTest(this.iterationOf(vu))
  }

  progress(): number {
    return this.#executor.progress(this.#shared.clock.nowNs()).done
  }

  snapshot(nowNs: number): ScenarioState {
    const progress = this.#executor.progress(nowNs)
    return {
      name: this.config.name,
      state: this.state,
      done: progress.done,
      labels: progress.labels,
      askedPerS: progress.askedPerS,
      started: this.crew.board.started.total,
      dropped: this.crew.board.dropped.total,
    }
  }
}

/** An executor's hold on one VU, from `take` to `release`. */
class Handle implements ActiveVu {
  readonly #vu: Vu
  readonly #shared: WorkerShared
  readonly #onRelease: () => void
  readonly #closedModel: boolean

  constructor(vu: Vu, scenario: RunningScenario, shared: WorkerShared, onRelease: () => void) {
    this.#vu = vu
    this.#shared = shared
    this.#onRelease = onRelease
    vu.bind(scenario)
    // In an open model a VU counts as active only while an iteration runs (`started`, `ended`).
    this.#closedModel = !scenario.openModel
    if (this.#closedModel) shared.totals.vusActive.add(1)
  }

  iterate(intendedStartNs: number): Promise<boolean> {
    return this.#vu.iterate(intendedStartNs)
  }

  run(intendedStartNs: number, back: (complete: boolean, endNs: number) => void): void {
    this.#vu.run(intendedStartNs, back)
  }

  interrupt(): void {
    this.#vu.interrupt('stopped')
  }

  endIfStalled(): void {
    this.#vu.endIfStalled()
  }

  release(): void {
    this.#vu.unbind()
    if (this.#closedModel) this.#shared.totals.vusActive.add(-1)
    this.#onRelease()
  }
}

import type { Clock } from '#base/clock.js'
import type { LoadEngine } from '#engine/load-engine.js'
import { cannotPause, cannotScale, type RunControl, RunState, type RunStatus } from './run-control.js'
import type { RunPlan } from './run-test.js'

/** What `TestRun` does on behalf of a controller. */
export interface ControlledRun {
  /** Ends the run as its API was told to. */
  stop(): void
  readonly isStopping: () => boolean
}

/** The state of a run as its API shows it, and the few things that can be changed about it. */
export class RunController implements RunControl {
  state: RunState = RunState.created
  setupData: string | undefined
  readonly #clock: Clock
  readonly #run: ControlledRun
  #engine: LoadEngine | undefined
  #plan: RunPlan | undefined
  #held = false
  #letGo: (() => void) | undefined
  #pausedSinceNs: number | undefined
  #pausedNs = 0
  /** VUs of the externally-controlled scenario as they were set last. */
  #vus: { vus: number; max: number } | undefined

  constructor(clock: Clock, run: ControlledRun) {
    this.#clock = clock
    this.#run = run
  }

  attach(engine: LoadEngine, plan: RunPlan): void {
    this.#engine = engine
    this.#plan = plan
    this.#held = plan.options.paused || this.#held
  }

  /** Waits while the run is held before its start. */
  async whileHeld(): Promise<void> {
    if (!this.#held || this.#run.isStopping()) return
    this.state = RunState.pausedBeforeRun
    await new Promise<void>((resolve) => (this.#letGo = resolve))
  }

  /** A stop does not wait for a held run to be resumed. */
  release(): void {
    this.#letGo?.()
  }

  /** Time that the run stood still after its start. */
  pausedNs(): number {
    return (
      this.#pausedNs + (this.#pausedSinceNs === undefined ? 0 : Math.max(0, this.#clock.nowNs() - this.#pausedSinceNs))
    )
  }

  status(): RunStatus {
    const totals = this.#engine?.totals
    return {
      status: this.state,
      paused: this.#held || this.#pausedSinceNs !== undefined,
      vus: totals?.vusActive.total ?? 0,
      vusMax: totals?.vusInitialized.total ?? 0,
      stopped: this.#run.isStopping(),
      running: this.#hasStarted && this.state !== RunState.ended,
      tainted: (this.#plan?.gate.last.breached.length ?? 0) > 0,
    }
  }

  async pause(): Promise<void> {
    if (!this.#hasStarted) {
      if (this.#held) throw cannotPause('execution is already paused')
      this.#held = true
      return
    }
    this.#mustBeControlled()
    if (this.#pausedSinceNs !== undefined) throw cannotPause('test execution was already paused')
    this.#pausedSinceNs = this.#clock.nowNs()
    await this.#engine?.setPaused(true)
  }

  async resume(): Promise<void> {
    if (!this.#hasStarted) {
      if (!this.#held) throw cannotPause("test execution wasn't paused")
      this.#held = false
      this.#letGo?.()
      return
    }
    this.#mustBeControlled()
    if (this.#pausedSinceNs === undefined) throw cannotPause("test execution wasn't paused")
    this.#pausedNs = this.pausedNs()
    this.#pausedSinceNs = undefined
    await this.#engine?.setPaused(false)
  }

  async scale(to: { readonly vus?: number; readonly max?: number }): Promise<void> {
    const scenario = Object.values(this.#plan?.options.scenarios ?? {}).find(
      ({ executor }) => executor === 'externally-controlled',
    )
    if (scenario?.executor !== 'externally-controlled') {
      throw cannotScale('an externally-controlled executor needs to be configured for live configuration updates')
    }
    const now = this.#vus ?? { vus: scenario.vus, max: scenario.maxVUs }
    const { vus = now.vus, max = now.max } = to
    if (vus < 0) throw cannotScale("invalid configuration supplied: the number of VUs can't be negative")
    if (vus > max) {
      throw cannotScale(
        `invalid configuration supplied: the number of active VUs (${vus}) must be less than or equal to the number of maxVUs (${max})`,
      )
    }
    if (max < scenario.maxVUs) {
      throw cannotScale(
        `the new number of max VUs cannot be lower than the starting number of max VUs (${scenario.maxVUs})`,
      )
    }
    this.#vus = { vus, max }
    await this.#engine?.setVus(scenario.name, vus, max)
  }

  stop(): void {
    this.#run.stop()
  }

  setSetupData(json: string | undefined): void {
    this.setupData = json
    void this.#engine?.setSetupData(json).catch(() => {})
  }

  async runSetup(): Promise<string | undefined> {
    const data = this.#plan?.loaded.functions.includes('setup') ? (await this.#engine?.setup())?.data : undefined
    this.setSetupData(data)
    return data
  }

  async runTeardown(): Promise<void> {
    if (this.#plan?.loaded.functions.includes('teardown')) await this.#engine?.teardown(this.setupData)
  }

  get #hasStarted(): boolean {
    return this.state >= RunState.started
  }

  #mustBeControlled(): void {
    for (const { executor, name } of Object.values(this.#plan?.options.scenarios ?? {})) {
      if (executor === 'externally-controlled') continue
      throw cannotPause(`${executor} executor '${name}' doesn't support pause and resume operations after its start`)
    }
  }
}

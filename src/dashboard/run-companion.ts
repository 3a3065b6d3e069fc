/**
 * The dashboard of a run in its own process. It is told what the run does and never asked: no request of a page, no
 * slow reader and no failure in here holds the load up.
 */
import type { RunBeginning, RunCompanion } from '#api/companion.js'
import { type RunControl, RunState } from '#api/run-control.js'
import type { RunPlan, RunResult } from '#api/run-test.js'
import type { Clock } from '#base/clock.js'
import type { Scenario } from '#config/types.js'
import { type Answering, answering } from './routes.js'
import { RecordShelf } from './records.js'
import { type DashboardServer, startServer } from './server.js'
import { LiveSession, type RunView } from './session.js'
import { plannedScenario } from './plan.js'
import { ThresholdLog } from './threshold-log.js'
import type { ControlRequest, Controls, ThresholdState } from './wire.js'
import { basename, dirname } from 'node:path'

export interface DashboardOptions {
  readonly address: string | undefined
  readonly allowRemote: boolean
  readonly version: string
  readonly clock: Clock
  /** It stays open when the run is over. */
  readonly stays: boolean
  /** Told the URL as soon as somebody may open it. */
  readonly opened: (url: string) => void
}

type LiveState = Parameters<NonNullable<RunCompanion['live']>>[0]
type Window = Parameters<NonNullable<RunCompanion['window']>>[0]
type Time = Parameters<NonNullable<RunCompanion['window']>>[1]

export class DashboardCompanion implements RunCompanion {
  readonly name = 'dashboard'
  readonly #options: DashboardOptions
  #session: LiveSession | undefined
  #server: DashboardServer | undefined
  #view: OwnRun | undefined

  constructor(options: DashboardOptions) {
    this.#options = options
  }

  /** @throws PW_DASHBOARD_LISTEN, PW_DASHBOARD_REMOTE */
  async planned(begin: RunBeginning): Promise<void> {
    const { plan, record } = begin
    const view = new OwnRun(begin)
    const session = new LiveSession(
      {
        name: basename(record.dir).replace(/^\d{8}T\d{6}Z-(?=.)/, ''),
        script: begin.script,
        engine: 'native',
        startedUnixMs: plan.startedUnixMs,
        record: basename(record.dir),
        totalS: plan.vus.totalDurationNs / 1e9,
        scenarios: Object.values(plan.options.scenarios).map(plannedScenario),
        source: 'run',
        stays: this.#options.stays,
      },
      view,
    )
    const routes: Answering = {
      version: this.#options.version,
      clock: this.#options.clock,
      run: session,
      shelf: new RecordShelf(dirname(record.dir), this.#options.clock),
      follower: undefined,
      starter: undefined,
    }
    this.#server = await startServer(
      { address: this.#options.address, allowRemote: this.#options.allowRemote, isMain: false },
      answering(routes),
    )
    this.#session = session
    this.#view = view
    record.tap({ observed: (part, values) => session.observed(part, values), event: (event) => session.event(event) })
    this.#options.opened(this.#server.url)
  }

  window(window: Window, time: Time): void {
    this.#view?.pace(window, (time.toNs - time.fromNs) / 1e9)
    this.#session?.window(window.batch, { ...time, unixMs: window.unixMs }, this.#view?.lastPace)
  }

  live(state: LiveState): void {
    const view = this.#view
    if (view === undefined) return
    const before = view.live?.phase
    const wasAt = Math.floor(view.live?.elapsedS ?? 0)
    view.live = state
    // Before the load and after it there are no windows that would bring the state along.
    const isQuiet = state.phase !== 'running' && Math.floor(state.elapsedS) !== wasAt
    if (state.phase !== before || isQuiet) this.#session?.feed.state()
  }

  async recordClosed(_dir: string, result: RunResult): Promise<undefined> {
    this.#view?.judge()
    this.#session?.end({
      exitCode: result.end.code,
      reason: result.end.text ?? null,
      trust: result.trust.verdict,
    })
  }

  async close(): Promise<void> {
    this.#session?.end({ exitCode: null, reason: 'the run broke off', trust: null })
    await this.#server?.close()
  }
}

/** What the run itself knows, asked when a page wants it. */
class OwnRun implements RunView {
  live: LiveState | undefined
  lastPace: { readonly askedPerS: number | undefined; readonly startedPerS: number | undefined } | undefined
  readonly #plan: RunPlan
  readonly #control: RunControl
  readonly #record: RunBeginning['record']
  readonly #thresholds = new ThresholdLog()
  #judged: readonly ThresholdState[]
  #started = 0

  constructor({ plan, control, record }: RunBeginning) {
    this.#plan = plan
    this.#control = control
    this.#record = record
    this.#judged = this.#thresholds.states(plan.gate.last.results, 0)
  }

  /** A second has passed. */
  pace(window: Window, lengthS: number): void {
    const started = window.scenarios.reduce((sum, scenario) => sum + scenario.started, 0)
    const asked = window.scenarios.filter(({ state, askedPerS }) => state === 'running' && askedPerS !== undefined)
    this.lastPace = {
      askedPerS: asked.length === 0 ? undefined : asked.reduce((sum, { askedPerS = 0 }) => sum + askedPerS, 0),
      startedPerS: (started - this.#started) / Math.max(0.001, lengthS),
    }
    this.#started = started
    this.judge()
  }

  /** Whether a page looks or not: since when a threshold does not hold is asked later. */
  judge(): void {
    this.#judged = this.#thresholds.states(this.#plan.gate.last.results, this.live?.elapsedS ?? 0)
  }

  progress(): ReturnType<RunView['progress']> {
    const { live } = this
    return {
      phase: live?.phase ?? 'init',
      paused: this.#control.status().paused,
      scenarios: (live?.scenarios ?? []).map((scenario) => ({
        name: scenario.name,
        state: scenario.state,
        done: scenario.done,
        labels: scenario.labels,
        askedPerS: scenario.askedPerS ?? null,
        gotPerS: scenario.gotPerS,
        dropped: scenario.dropped,
      })),
      thresholds: this.#judged,
      controls: this.#controls(),
    }
  }

  async control(request: ControlRequest): Promise<void> {
    switch (request.action) {
      case 'stop':
        return this.#control.stop()
      case 'pause':
        return await this.#control.pause()
      case 'resume':
        return await this.#control.resume()
      case 'scale':
        return await this.#control.scale({
          vus: request.vus,
          ...(request.max === undefined ? {} : { max: request.max }),
        })
    }
  }

  annotate(text: string): void {
    this.#record.event('annotation', { text, by: 'dashboard' })
  }

  #controls(): Controls {
    const status = this.#control.status()
    const scenarios = Object.values(this.#plan.options.scenarios)
    return controlsOf(scenarios, {
      isOver: status.status >= RunState.teardown,
      isPaused: status.paused,
      hasStarted: status.status >= RunState.started,
      isStopping: status.stopped,
      vus: status.vus,
      vusMax: status.vusMax,
    })
  }
}

interface Now {
  readonly isOver: boolean
  readonly isPaused: boolean
  readonly hasStarted: boolean
  readonly isStopping: boolean
  readonly vus: number
  readonly vusMax: number
}

/** What may be done about a run of these scenarios now. */
function controlsOf(scenarios: readonly Scenario[], now: Now): Controls {
  const over = now.isStopping ? 'the run is being stopped' : now.isOver ? 'the load is over' : undefined
  const plan = scenarios.find(({ executor }) => executor !== 'externally-controlled')
  const fixed =
    plan === undefined
      ? undefined
      : `the plan sets the pace: ${plan.executor} (${plan.name}) follows its stages; only externally-controlled scenarios can be`
  const controlled = scenarios.find(({ executor }) => executor === 'externally-controlled')
  const pause = now.hasStarted && fixed !== undefined ? `${fixed} paused after their start` : undefined
  return {
    stop: over ?? true,
    pause: over ?? pause ?? (now.isPaused ? 'it is paused already' : true),
    resume: over ?? pause ?? (now.isPaused ? true : 'it is not paused'),
    scale: over ?? (controlled === undefined ? `${fixed} changed while they run` : true),
    vus: controlled === undefined ? null : now.vus,
    maxVus: controlled === undefined ? null : now.vusMax,
  }
}

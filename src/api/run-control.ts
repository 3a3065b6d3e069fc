/**
 * Control of a run while it runs: what k6's REST API and its commands `pause`, `resume`, `scale` and `status` do, as
 * methods of `TestRun`. Whoever serves them over a network adds nothing but the transport.
 */
import { ExitCode, PerfwrightError } from '#base/errors.js'

export interface RunControl {
  /** Now; at any time, before the start and after the end too. */
  status(): RunStatus
  /**
   * Holds the run. Before its start always possible; afterwards only when every scenario is externally-controlled,
   * whose running iterations finish.
   * @throws PW_CONTROL_PAUSE in k6's words
   */
  pause(): Promise<void>
  /** Starts a held run, or lets a paused one go on. @throws PW_CONTROL_PAUSE in k6's words */
  resume(): Promise<void>
  /**
   * Sets the VUs of the first externally-controlled scenario; what is left out stays. Resolves when the VUs that `max`
   * asks for beyond those that exist are initialised.
   * @throws PW_CONTROL_SCALE in k6's words
   */
  scale(to: { readonly vus?: number; readonly max?: number }): Promise<void>
  /** Ends the run as k6's `PATCH /v1/status {stopped: true}` does: running iterations are interrupted, exit code 103. */
  stop(): void
  /** What setup() answered, as JSON text; undefined before it ran, and when it answered nothing. */
  readonly setupData: string | undefined
  /** Replaces it, for iterations that begin on a VU which has not read it yet, and for teardown(). */
  setSetupData(json: string | undefined): void
  /** Runs setup() once more, and keeps its answer. @throws ScriptFailure */
  runSetup(): Promise<string | undefined>
  /** Runs teardown() now. @throws ScriptFailure */
  runTeardown(): Promise<void>
}

/** k6's `ExecutionStatus`, whose number its REST API shows. */
export const RunState = {
  created: 0,
  initVus: 1,
  initExecutors: 2,
  initDone: 3,
  pausedBeforeRun: 4,
  started: 5,
  setup: 6,
  running: 7,
  teardown: 8,
  ended: 9,
  interrupted: 10,
  markedAsFailed: 11,
} as const
export type RunState = (typeof RunState)[keyof typeof RunState]

export interface RunStatus {
  readonly status: RunState
  readonly paused: boolean
  /** VUs that have work now, and VUs that exist. */
  readonly vus: number
  readonly vusMax: number
  readonly stopped: boolean
  readonly running: boolean
  /** A threshold is crossed. */
  readonly tainted: boolean
}

export function cannotPause(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONTROL_PAUSE',
    message,
    fix: 'only externally-controlled scenarios can be paused after their start; start any run held with --paused',
    exitCode: ExitCode.usage,
  })
}

export function cannotScale(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONTROL_SCALE',
    message,
    fix: 'scale works on a scenario with the externally-controlled executor',
    exitCode: ExitCode.usage,
  })
}

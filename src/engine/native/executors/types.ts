/**
 * An executor decides when iterations start and on which VU; it knows nothing of scripts, metrics or HTTP. It runs on
 * any `Clock`, so its start instants can be compared with a closed form for equality.
 */
import type { Clock } from '#base/clock.js'

export interface Executor {
  /** Runs the scenario from `startNs` (its startTime already added) to its end, gracefulStop included; resolves when no VU of it runs. */
  run(host: ScenarioHost, startNs: number): Promise<void>
  /** For the progress line; read at any time. */
  progress(nowNs: number): ScenarioProgress
  /** VUs that must exist before the start, and that may exist at most (k6's "max VUs"). */
  readonly plannedVus: number
  readonly maxVus: number
  /** Longest it may last, gracefulStop included. */
  readonly maxDurationNs: number
}

export interface ScenarioProgress {
  /** 0..1. */
  readonly done: number
  /** k6's words at the right of the bar: `10 VUs`, `05.0s/10s`, `120/200 shared iters`, `300.00 iters/s`. */
  readonly labels: readonly string[]
  /** Arrival rate asked now, per second; undefined in a closed model. */
  readonly askedPerS: number | undefined
}

export interface ScenarioHost {
  readonly clock: Clock
  /** Takes an idle VU of the run's shared pool and binds it to this scenario; undefined when none is idle. */
  take(): ActiveVu | undefined
  /** Initialises one VU beyond the plan in the background and puts it into the pool. */
  growPool(): Promise<void>
  /** Iterations that were due and had no VU, or were never attempted (`dropped_iterations`). */
  dropped(count: number): void
  warn(message: string): void
  /**
   * Has another worker of the crew start the iteration that was due at `dueNs`, on a VU that was claimed there
   * (`Board.claimIdle`).
   */
  handOver(worker: number, dueNs: number): void
  /** Called for every iteration that another worker hands over. */
  onHandedOver(fn: (dueNs: number) => void): void
  /** Resolves when the whole run is told to stop (Ctrl-C, abort, threshold): no new iterations from then on. */
  readonly stopping: Promise<void>
  readonly isStopping: () => boolean
}

export interface ActiveVu {
  /**
   * Runs one iteration; never rejects. `intendedStartNs` is the instant at which the plan wanted it to begin (a closed
   * model passes the clock's now). Resolves false when it was interrupted, true otherwise (a thrown error is a complete iteration).
   */
  iterate(intendedStartNs: number): Promise<boolean>
  /**
   * As `iterate`, for the hot path: `back` gets the same and the clock's time of the end. It is called before `run` comes
   * back when the iteration waited for nothing.
   */
  run(intendedStartNs: number, back: (complete: boolean, endNs: number) => void): void
  /** Ends a running iteration now. */
  interrupt(): void
  /** Gives the VU back to the pool; only between iterations. */
  release(): void
}

/**
 * What goes along with a run: watches the target, takes profiles, serves a page, diagnoses at the end. No companion may
 * end a run or hold it up: one that fails is noted in the record, and the run goes on without it.
 */
import type { RecordWriter } from '#record/record-writer.js'
import type { LiveState } from '#report/live/render.js'
import type { WorkerWindow } from '#engine/native/worker/protocol.js'
import type { RunControl } from './run-control.js'
import type { RunPlan, RunResult } from './run-test.js'
import type { RunTargets } from './targets.js'

export interface RunCompanion {
  /** In messages and in the record: `observe`, `profile`, `dashboard`, `diagnose`. */
  readonly name: string
  /**
   * The plan is valid, the record is open, nothing has been sent yet; the load waits for it.
   * @throws PerfwrightError only for what the person asked for and cannot be had (`--target-pid` of no process): the run
   *   then does not start
   */
  planned?(begin: RunBeginning): Promise<void> | void
  /** One second of load has passed. `fromNs` and `toNs` count from the start of the load. */
  window?(window: WorkerWindow, time: { readonly fromNs: number; readonly toNs: number }): void
  /** Four times a second. */
  live?(state: LiveState): void
  /** `phase` (initialising, setup, running, stopping, teardown, done), threshold crossings, errors with samples. */
  event?(type: string, detail: Readonly<Record<string, unknown>>): void
  /** The load is over and the record still open: last readings. */
  loadEnded?(result: RunResult): Promise<void> | void
  /** The record is closed: work on it (diagnosis, report). What it returns is shown after the summary. */
  recordClosed?(dir: string, result: RunResult): Promise<CompanionAnswer | undefined>
  /** Always called last, also when the run broke off. */
  close?(): Promise<void>
}

export interface RunBeginning {
  readonly plan: RunPlan
  /** As the person named it. */
  readonly script: string
  readonly record: RecordWriter
  readonly control: RunControl
  /** Who finds a process that the run is about adds it here. */
  readonly targets: RunTargets
  readonly warn: (message: string) => void
  /** A line for the person, no warning. */
  readonly note: (message: string) => void
}

export interface CompanionAnswer {
  /** For the terminal, after the summary. */
  readonly text?: string
  /** Exit code when the run itself passed (30..35). */
  readonly exitCode?: number
  /** Under this name in the answer of `--json`. */
  readonly json?: Readonly<Record<string, unknown>>
}

/** Calls every companion; the first failure of one ends that one alone. */
export class Companions {
  readonly #all: Set<RunCompanion>
  readonly #failed: (name: string, error: unknown) => void

  /** @param failed  told once of each companion that broke */
  constructor(companions: readonly RunCompanion[], failed: (name: string, error: unknown) => void) {
    this.#all = new Set(companions)
    this.#failed = failed
  }

  async planned(begin: RunBeginning): Promise<void> {
    for (const companion of this.#all) await companion.planned?.(begin)
  }

  /** Tells all, and waits for none. */
  tell(what: (companion: RunCompanion) => void): void {
    for (const companion of this.#all) {
      try {
        what(companion)
      } catch (error) {
        this.#drop(companion, error)
      }
    }
  }

  /** In turn, each waited for. */
  async ask<T>(what: (companion: RunCompanion) => Promise<T> | T): Promise<T[]> {
    const answers: T[] = []
    for (const companion of this.#all) {
      try {
        answers.push(await what(companion))
      } catch (error) {
        this.#drop(companion, error)
      }
    }
    return answers
  }

  #drop(companion: RunCompanion, error: unknown): void {
    this.#all.delete(companion)
    this.#failed(companion.name, error)
    void Promise.resolve(companion.close?.()).catch(() => {})
  }
}

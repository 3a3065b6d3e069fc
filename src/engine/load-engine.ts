/**
 * What a run needs of whatever carries its load: threads of this process (`native/engine.ts`), or many machines
 * (`src/cluster`). The order of the calls is the run's own (`api/run-test.ts`).
 */
import type { Options } from '#config/types.js'
import type { Missing } from '#record/types.js'
import type { LoadedScript, LoadParams, WorkerEvent } from './native/worker/protocol.js'

export interface LoadEngine {
  /** In the record: `native`, `cluster`. */
  readonly name: string
  /** More threads than one are possible here. */
  readonly canHaveMore: boolean
  /** Whoever runs setup, teardown and handleSummary is there. */
  readonly canRunOnce: boolean
  /** VUs now; undefined before `divide`. */
  readonly totals: LiveTotals | undefined
  /** Runs the init context once, for the options. */
  load(params: Omit<LoadParams, 'stopFlag'>): Promise<LoadedScript>
  divide(options: Options, exported: Record<string, unknown>, workers: number): Promise<void>
  initVus(): Promise<void>
  setup(): Promise<{ data: string | undefined }>
  /** Resolves when the load is over. */
  run(setupData: string | undefined): Promise<void>
  teardown(data: string | undefined): Promise<void>
  handleSummary(data: string): Promise<{ outputs: Record<string, string | Uint8Array> | undefined }>
  /** Brings home what was measured and not yet told. */
  drain(): Promise<void>
  setSetupData(data: string | undefined): Promise<void>
  setPaused(paused: boolean): Promise<void>
  setVus(scenario: string, vus: number, max: number): Promise<void>
  stop(mode: 'graceful' | 'now', reason: string): void
  clearStop(): void
  close(): Promise<void>
  /** How long the load has lasted, where that is not the time since `run` was called; undefined before it began. */
  elapsedNs?(): number | undefined
  /** What was not measured although it should have been. */
  missing?(): readonly Missing[]
}

export interface LiveTotals {
  readonly vusActive: { readonly total: number }
  readonly vusInitialized: { readonly total: number }
}

export type StartEngine = (onEvent: (event: WorkerEvent) => void) => Promise<LoadEngine>

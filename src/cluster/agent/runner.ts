/** What carries a share on an agent: our own engine, or the real k6. */
import type { WorkerEvent } from '#engine/native/worker/protocol.js'

export interface ShareRunner {
  /** Loads the script and initialises the share's VUs. */
  prepare(): Promise<void>
  setup(): Promise<{ data: string | undefined }>
  teardown(data: string | undefined): Promise<void>
  /** Resolves when the share is done. @param atNs  monotonic instant of the start */
  run(setupData: string | undefined, atNs: number): Promise<void>
  drain(): Promise<void>
  stop(mode: 'graceful' | 'now', reason: string): void
  setVus(scenario: string, vus: number, max: number): Promise<void>
  setPaused(paused: boolean): Promise<void>
  close(): Promise<void>
}

export type Tell = (event: WorkerEvent) => void

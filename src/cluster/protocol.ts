/**
 * Who says what to whom, and where. Commands travel as plain messages and are answered; what must outlive anybody
 * (leases, the start instant, a stop) lies in a key-value bucket of the run; what was measured lies in a stream, where
 * the message id lets the server drop a resend.
 */
import type { ExecutorName } from '#config/types.js'

/** Agents that are there; entries expire. */
export const AGENTS_BUCKET = 'perfwright_agents'
/** Runs that are under way. */
export const RUNS_BUCKET = 'perfwright_runs'
/** An agent renews its entry this often; it expires after three times that. */
export const REGISTER_NS = 2e9
/** Both sides give a sign of life this often. */
export const BEAT_NS = 500e6
/** After so long without one an agent is lost. */
export const LOST_NS = 2e9
/** Beats, but no window for so long: it hangs. */
export const STALLED_NS = 3e9
/** Lead of the start instant: a command has reached everybody by then. */
export const START_AHEAD_NS = 1.5e9
/** An agent that no coordinator speaks to for so long ends its load. */
export const ORPHANED_NS = 120e9
/** An agent that cannot reach the message system for so long ends its load: nobody could stop it. */
export const ISOLATED_NS = 20e9
/** Resends within it count once on the server; the coordinator's own ledger has no limit. */
export const DUPLICATE_WINDOW_NS = 120e9
/** What a run leaves behind when nobody tidies up, at most. */
export const KEEP_NS: number = 24 * 3600e9

export const beatSubject = 'pw.beat'
export const agentSubject = (agent: string): string => `pw.agent.${agent}`
export const runControl = (run: string): string => `pw.run.${run}.ctl`
export const runClock = (run: string): string => `pw.run.${run}.clock`
export const runData = (run: string): string => `pw.run.${run}.m`
export const shareData = (run: string, { segment, epoch }: ShareKey): string => `${runData(run)}.${segment}.${epoch}`
export const runStore = (run: string): string => `pw_${run}`
export const runStream = (run: string): string => `PW_${run}`

/** A share of a run in the hands of one agent; another agent's taking it over is another epoch. */
export interface ShareKey {
  readonly segment: number
  readonly epoch: number
}

export interface AgentEntry {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly cores: number
  readonly version: string
  readonly sinceUnixMs: number
  /** The run that it works for; null = idle. */
  readonly run: string | null
}

/** To every coordinator, by plain message: loss of one does no harm. */
export interface Beat {
  readonly agent: string
  readonly run: string | null
  readonly share: ShareKey | null
  readonly state: 'idle' | 'preparing' | 'ready' | 'running' | 'done' | 'failed'
  /** Why it failed. */
  readonly error?: string
  /** Round trip of the best clock sample, and how far the agent's wall clock is from the coordinator's. */
  readonly clock?: { readonly rttMs: number; readonly wallClockOffMs: number }
  /** Messages that wait for the server's word. */
  readonly unacknowledged: number
}

/** Request to one agent; answered with `{ok}` or `{error}`. */
export type AgentCall =
  | {
      readonly op: 'take'
      readonly run: string
      readonly share: ShareKey
      /** Seconds of the run that have passed: the share begins there. */
      readonly fromS: number
    }
  | { readonly op: 'setup' }
  /** Another agent has the share now. */
  | { readonly op: 'release'; readonly run: string }
  | { readonly op: 'teardown'; readonly data?: string }

/** To all agents of a run. */
export type RunOrder =
  | { readonly op: 'beat' }
  | { readonly op: 'start' }
  | { readonly op: 'stop'; readonly mode: 'graceful' | 'now'; readonly reason: string }
  | { readonly op: 'setVus'; readonly scenario: string; readonly vus: number; readonly max: number }
  | { readonly op: 'setPaused'; readonly paused: boolean }
  | { readonly op: 'end' }

/** Key `plan` of the run's bucket. */
export interface RunPlanEntry {
  readonly segments: number
  readonly codeSha256: string
  readonly executors: readonly ExecutorName[]
  readonly version: string
}

/** Key `start`. `unixMs` is the coordinator's clock. */
export interface StartEntry {
  readonly unixMs: number
  readonly setupData?: string
}

/** Key `lease.<segment>.<epoch>`: created once, so that of two that ask only one gets it. */
export interface LeaseEntry {
  readonly agent: string
  readonly host: string
  readonly fromS: number
}

/** Key of `RUNS_BUCKET`. */
export interface RunEntry {
  readonly id: string
  readonly name: string
  readonly state: 'preparing' | 'running'
  readonly segments: number
  readonly startedUnixMs: number
  readonly coordinator: { readonly host: string; readonly pid: number }
}

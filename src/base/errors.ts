/**
 * The one error class of perfwright, and its exit codes.
 * Four kinds are kept apart: usage, environment, the target misbehaving (recorded as data, never thrown), our own bug.
 */
export class PerfwrightError extends Error {
  readonly code: string
  readonly where: string | undefined
  readonly fix: string | undefined
  readonly exitCode: ExitCode

  constructor(init: PerfwrightErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.name = 'PerfwrightError'
    this.code = init.code
    this.where = init.where
    this.fix = init.fix
    this.exitCode = init.exitCode ?? ExitCode.usage
  }

  /** The message as a person reads it: code, what and where on the first line, the mend on the next. */
  describe(): string {
    const where = this.where === undefined ? '' : ` (${this.where})`
    const fix = this.fix === undefined ? '' : `\n  Mend: ${this.fix}`
    return `${this.code}  ${this.message}${where}${fix}`
  }
}

export interface PerfwrightErrorInit {
  /** `PW_<STAGE>_<WHAT>`; one code per message, every code documented in docs/errors.md. */
  readonly code: string
  /** What happened and why, one sentence or two. */
  readonly message: string
  /** `file:line:column`, a flag, a config key. */
  readonly where?: string | undefined
  /** How to mend it. */
  readonly fix?: string | undefined
  readonly exitCode?: ExitCode
  readonly cause?: unknown
}

/** Exit codes: ours, and k6's own for what k6 names (grafana.com/docs/k6, "Exit codes"). */
export const ExitCode = {
  ok: 0,
  ourBug: 1,
  usage: 2,
  regression: 30,
  sloMissed: 31,
  inconclusive: 32,
  notTrustworthy: 33,
  targetUnusable: 34,
  partialData: 35,
  thresholdsFailed: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  genericTimeout: 102,
  stoppedByApi: 103,
  invalidConfig: 104,
  interrupted: 105,
  cannotListen: 106,
  scriptException: 107,
  scriptAborted: 108,
  scriptFailed: 110,
  /** k6: file not found, unknown flag. */
  k6Usage: 255,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

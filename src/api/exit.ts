/**
 * How a run ended. k6's rule: the first reason to abort wins over thresholds, which are judged at the end.
 * Source: grafana.com/docs/k6, "Exit codes"; precedence verified on k6 2.2.
 */
import { ExitCode } from '#base/errors.js'
import type { WorkerFailure } from '#engine/native/worker/protocol.js'

export interface EndReason {
  readonly code: ExitCode
  /** For the record and the last line; undefined when all is well. */
  readonly text: string | undefined
}

/** Collects reasons as they come; `code` answers what the process should exit with. */
export class RunEnd {
  #abort: EndReason | undefined
  #verdict: EndReason | undefined
  #failed: EndReason | undefined

  /** Ends the run early; only the first counts. */
  abort(code: ExitCode, text: string): void {
    this.#abort ??= { code, text }
  }

  /** `exec.test.fail()`: the run goes on and exits 110, unless something else ends it. */
  fail(text: string): void {
    this.#failed ??= { code: ExitCode.scriptFailed, text }
  }

  /** Judged at the end; the first verdict given counts. */
  verdict(code: ExitCode, text: string): void {
    this.#verdict ??= { code, text }
  }

  get reason(): EndReason {
    return this.#abort ?? this.#failed ?? this.#verdict ?? { code: ExitCode.ok, text: undefined }
  }
}

/** The exit code of a failed phase of the script. */
export function codeOfFailure(failure: WorkerFailure): ExitCode {
  if (failure.kind === 'timeout') {
    if (failure.phase === 'setup') return ExitCode.setupTimeout
    return failure.phase === 'teardown' ? ExitCode.teardownTimeout : ExitCode.genericTimeout
  }
  if (failure.kind === 'interrupted') return ExitCode.scriptAborted
  // k6 marshals the data outside of the script, and ends as with any error of its own.
  if (failure.kind === 'unmarshalable') return ExitCode.k6Usage
  if (failure.kind === 'internal') return ExitCode.ourBug
  return ExitCode.scriptException
}

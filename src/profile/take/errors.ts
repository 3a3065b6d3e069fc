import { ExitCode, PerfwrightError } from '#base/errors.js'

/** The process cannot be profiled: gone, not permitted, of a runtime that has no such profile. */
export function unusable(code: string, message: string, fix: string, where?: string): PerfwrightError {
  return new PerfwrightError({ code, message, fix, where, exitCode: ExitCode.targetUnusable })
}

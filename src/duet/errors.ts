import { ExitCode, PerfwrightError } from '#base/errors.js'

export function usage(message: string, fix: string, where?: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_DUET_USAGE', message, fix, where, exitCode: ExitCode.usage })
}

export function unusable(code: string, message: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code, message, fix, exitCode: ExitCode.targetUnusable })
}

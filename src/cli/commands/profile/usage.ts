import { ExitCode, PerfwrightError } from '#base/errors.js'

export function usage(message: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CLI_PROFILE', message, fix, exitCode: ExitCode.usage })
}

/** Node's parseArgs says in a sentence what it did not understand. */
export function orUsage<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw usage((error as Error).message, 'see perfwright profile --help')
  }
}

export function pidOf(text: string | undefined): number {
  const pid = Number(text)
  if (Number.isInteger(pid) && pid > 0) return pid
  throw usage(text === undefined ? 'A process is needed.' : `--pid ${text} is no process number.`, 'give --pid PID')
}

export function rowLimit(text: string | undefined): number {
  const limit = Number(text ?? 30)
  if (Number.isInteger(limit) && limit >= 1) return limit
  throw usage(`--limit ${text} is no number of rows.`, 'give 1 or more')
}

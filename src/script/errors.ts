/** Errors of the script stage. */
import { ExitCode, PerfwrightError } from '#base/errors.js'

/** A place in a person's file; line and column count from 1. */
export interface SourcePlace {
  readonly url: string
  readonly line: number
  readonly column: number
}

export function showPlace(place: SourcePlace): string {
  return `${place.url}:${place.line}:${place.column}`
}

/** Any refusal to compile: exit code 107, as k6 for a script that does not load. */
export function scriptError(
  code: string,
  message: string,
  place: SourcePlace | string | undefined,
  fix: string,
): PerfwrightError {
  const where = typeof place === 'object' ? showPlace(place) : place
  return new PerfwrightError({ code, message, where, fix, exitCode: ExitCode.scriptException })
}

export const engineK6Hint: string = 'or run it with --engine k6, which executes scripts in k6 itself'

/** What `convert` says when an input cannot be read. */
import { ExitCode, PerfwrightError } from '#base/errors.js'

/** The input is broken: `where` is a line and column, or a JSON pointer below the file's name. */
export function brokenInput(message: string, where: string, fix: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CONVERT_INPUT', message, where, fix, exitCode: ExitCode.usage, cause })
}

/** The input is larger or deeper than what is read. */
export function tooLarge(message: string, where: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CONVERT_TOO_LARGE', message, where, fix, exitCode: ExitCode.usage })
}

/** Nothing says what the input is. */
export function unknownFormat(where: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONVERT_FORMAT',
    message:
      'This is no HAR, OpenAPI document, Postman collection, curl command or access log that can be told by its look.',
    where,
    fix: 'name the format: --from har|openapi|postman|curl|log',
    exitCode: ExitCode.usage,
  })
}

/** The input is well-formed, and holds no request to write down. */
export function nothingToConvert(message: string, where: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CONVERT_EMPTY', message, where, fix, exitCode: ExitCode.usage })
}

import { ExitCode, PerfwrightError } from '#base/errors.js'

export function invalidMock(problems: readonly string[], name: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_MOCK_INVALID',
    message:
      problems.length === 1
        ? (problems[0] ?? '')
        : `The mock has ${problems.length} problems:\n  ${problems.join('\n  ')}`,
    where: name,
    fix: 'mend these lines; docs/mock.md describes the file',
    exitCode: ExitCode.invalidConfig,
    cause,
  })
}

export function mockUsage(
  message: string,
  fix = 'perfwright mock --help lists the flags',
  cause?: unknown,
): PerfwrightError {
  return new PerfwrightError({ code: 'PW_MOCK_USAGE', message, fix, exitCode: ExitCode.usage, cause })
}

export function cannotListen(where: string, cause: Error): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_MOCK_LISTEN',
    message: `The stand-in cannot listen on ${where}: ${cause.message}.`,
    where: '--port',
    fix: 'another port, or 0 for any free one',
    exitCode: ExitCode.cannotListen,
    cause,
  })
}

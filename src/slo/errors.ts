import { ExitCode, PerfwrightError } from '#base/errors.js'

/** @param problems  each with its `file:line:column` in front */
export function invalidSlo(problems: readonly string[], name: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_SLO_INVALID',
    message:
      problems.length === 1
        ? (problems[0] ?? '')
        : `There are ${problems.length} problems:\n  ${problems.join('\n  ')}`,
    where: name,
    fix: 'mend these lines; perfwright slo init writes a file that holds',
    exitCode: ExitCode.invalidConfig,
    cause,
  })
}

export function sloUsage(message: string, fix = 'perfwright slo --help lists the flags'): PerfwrightError {
  return new PerfwrightError({ code: 'PW_SLO_USAGE', message, fix, exitCode: ExitCode.usage })
}

export function sloFileMissing(name: string, cause: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_SLO_FILE',
    message: `The objectives cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
    where: name,
    fix: 'perfwright slo init --from latest --type user-facing-api writes such a file',
    cause,
  })
}

export function prometheusUnusable(url: string, why: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_SLO_PROMETHEUS',
    message: `Prometheus cannot be asked: ${why}`,
    where: url,
    fix: 'give the address of its web page, for example --prometheus http://127.0.0.1:9090',
    exitCode: ExitCode.targetUnusable,
    cause,
  })
}

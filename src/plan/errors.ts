import { ExitCode, PerfwrightError } from '#base/errors.js'

/** A plan that cannot be read, or does not hold. @param problems  each with its `file:line:column` in front */
export function invalidPlan(problems: readonly string[], name: string, cause?: unknown): PerfwrightError {
  const line = (text: string): number => Number(/:(\d+):\d+: /.exec(text)?.[1] ?? 0)
  const sorted = problems.toSorted((a, b) => line(a) - line(b))
  const [first = ''] = sorted
  return new PerfwrightError({
    code: 'PW_PLAN_INVALID',
    message: problems.length === 1 ? first : `The plan has ${problems.length} problems:\n  ${sorted.join('\n  ')}`,
    where: name,
    fix: 'mend these lines; perfwright plan --check FILE looks again',
    exitCode: ExitCode.invalidConfig,
    cause,
  })
}

export function planUsage(message: string, fix = 'perfwright plan --help lists the flags'): PerfwrightError {
  return new PerfwrightError({ code: 'PW_PLAN_USAGE', message, fix, exitCode: ExitCode.usage })
}

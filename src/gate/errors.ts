import { ExitCode, PerfwrightError } from '#base/errors.js'

const FIX =
  'Write `aggregation operator number`: count or rate for a Counter, value for a Gauge, rate for a Rate; avg, min, max, ' +
  'med or p(0..100) for a Trend.'

/** A threshold that cannot be judged; the message is k6's (v2.2). */
export function invalidThreshold(where: string, message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_THRESHOLD_INVALID',
    message,
    where: `thresholds[${JSON.stringify(where)}]`,
    fix: FIX,
    exitCode: ExitCode.invalidConfig,
  })
}

/** The message is k6's (v2.2). */
export function unknownThresholdMetric(where: string, message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_THRESHOLD_METRIC',
    message,
    where: `thresholds[${JSON.stringify(where)}]`,
    fix: 'Name a built-in metric, or one that the init context defines.',
    exitCode: ExitCode.invalidConfig,
  })
}

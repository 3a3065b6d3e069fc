import { ExitCode, PerfwrightError } from '#base/errors.js'

/** The messages of this stage. Those that a script can cause are k6's words, letter for letter. */
export function invalidMetricName(name: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_METRIC_NAME',
    message:
      `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or ` +
      'underscores and start with a letter or an underscore.',
    fix: 'Rename the metric; two characters at least.',
    exitCode: ExitCode.scriptException,
  })
}

export function metricTypeDiffers(name: string, known: string, asked: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_METRIC_TYPE',
    message: `metric '${name}' already exists but with type ${known}, instead of ${asked}`,
    fix: 'Give one of the two another name.',
    exitCode: ExitCode.scriptException,
  })
}

export function metricContentDiffers(name: string, known: string, asked: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_METRIC_CONTENT',
    message: `metric '${name}' already exists but with a value type ${known}, instead of ${asked}`,
    fix: 'Pass the same isTime flag in both places, or give one of the two another name.',
    exitCode: ExitCode.scriptException,
  })
}

export function invalidMetricSelector(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_METRIC_SELECTOR',
    message,
    fix: 'Write metric_name, or metric_name{tag:value,tag2:value2}.',
    exitCode: ExitCode.invalidConfig,
  })
}

export function invalidTrendStat(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_METRIC_TREND_STAT',
    message,
    fix: 'Use avg, min, med, max, count or p(N) with N from 0 to 100.',
    exitCode: ExitCode.invalidConfig,
  })
}

export function damagedBatch(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_METRIC_BATCH',
    message: `A window of metrics cannot be read: ${message}.`,
    fix: 'This is a defect of perfwright; please report it.',
    exitCode: ExitCode.ourBug,
  })
}

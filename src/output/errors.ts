import { ExitCode, PerfwrightError } from '#base/errors.js'

/** Outputs that k6 has, or that its extensions bring. */
const K6_ONLY = ['cloud', 'web-dashboard', 'summary', 'kafka', 'xk6-kafka', 'timescaledb', 'dynatrace', 'newrelic']

/** k6's words and exit code. */
export function unknownOutput(name: string, known: readonly string[]): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_OUTPUT_UNKNOWN',
    message: `invalid output type '${name}', available types are: ${known.join(', ')}`,
    where: `--out ${name}`,
    fix: K6_ONLY.includes(name) ? 'the real k6 has it: --engine k6' : 'docs/outputs.md has an example of each',
    exitCode: ExitCode.k6Usage,
  })
}

export function outputNotCreated(
  name: string,
  why: string,
  cause?: unknown,
  exitCode: ExitCode = ExitCode.k6Usage,
): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_OUTPUT_CREATE',
    message: `could not create the '${name}' output: ${why}`,
    exitCode,
    cause,
  })
}

/** `open /no/such/file: no such file or directory`, as Go says it. */
export function openReason(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return `open ${path}: ${(code === undefined ? undefined : reasons[code]) ?? message}`
}

/** A failed write, in a few words. */
export function writeReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return (code === undefined ? undefined : reasons[code]) ?? message
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  EPIPE: 'broken pipe',
}

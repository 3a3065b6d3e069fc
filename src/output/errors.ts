import { ExitCode, PerfwrightError } from '#base/errors.js'

/** k6's words and exit code. */
export function unknownOutput(name: string, known: readonly string[]): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_OUTPUT_UNKNOWN',
    message: `invalid output type '${name}', available types are: ${known.join(', ')}`,
    where: `--out ${name}`,
    exitCode: ExitCode.k6Usage,
  })
}

export function outputNotCreated(name: string, why: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_OUTPUT_CREATE',
    message: `could not create the '${name}' output: ${why}`,
    exitCode: ExitCode.k6Usage,
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

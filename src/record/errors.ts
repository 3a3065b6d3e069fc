import { ExitCode, PerfwrightError } from '#base/errors.js'

/** No record at this path, or none that may be read. */
export function recordUnreadable(dir: string, why: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_RECORD_UNREADABLE',
    message: `There is no readable run record here: ${why}.`,
    where: dir,
    fix: 'name the folder that holds run.json, such as .perfwright/runs/20261122T120000Z-name',
    exitCode: ExitCode.usage,
    cause,
  })
}

/** `problems` are lines of `$.path: what is wrong`. */
export function recordInvalid(file: string, problems: readonly string[]): PerfwrightError {
  const shown = problems.slice(0, 50)
  const more = problems.length > shown.length ? [`... and ${problems.length - shown.length} more`] : []
  return new PerfwrightError({
    code: 'PW_RECORD_INVALID',
    message: `The record is not in the form that its version has:\n  ${[...shown, ...more].join('\n  ')}`,
    where: file,
    fix: 'restore the file from a copy; perfwright writes it whole or not at all',
    exitCode: ExitCode.usage,
  })
}

export function recordNewer(file: string, version: unknown, known: number): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_RECORD_NEWER',
    message: `The record has format version ${String(version)}; this perfwright reads versions 1 to ${known}.`,
    where: file,
    fix: 'install the perfwright that wrote it, or a newer one',
    exitCode: ExitCode.usage,
  })
}

export function recordExists(dir: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_RECORD_EXISTS',
    message: 'There is a run record in this folder already; records are never overwritten.',
    where: dir,
    fix: 'name another folder with --record, or leave it out',
    exitCode: ExitCode.usage,
  })
}

/** The system's own words of a failed disk operation, short enough for one line. */
export function diskReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return (code === undefined ? undefined : words[code]) ?? message ?? String(error)
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EIO: 'the disk reports an input/output error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on the system',
  EFBIG: 'the file would exceed the size limit',
  ENOTDIR: 'a part of the path is a file',
}

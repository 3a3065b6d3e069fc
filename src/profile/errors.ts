import { ExitCode, PerfwrightError } from '#base/errors.js'

/** A file that is no profile, or a broken one. @param where  file, with line or byte where it is known */
export function unreadable(where: string, why: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_PROFILE_UNREADABLE',
    message: `This is no profile that perfwright can read: ${why}`,
    where,
    fix: 'give a pprof file, a .cpuprofile or .heapprofile of V8, a speedscope file, collapsed stacks, or the text of `perf script`',
    exitCode: ExitCode.usage,
  })
}

import { ExitCode, PerfwrightError } from '#base/errors.js'

/** In k6 too a run that cannot serve its API does not start: exit code 106. */
export function cannotListen(address: string, reason: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONTROL_LISTEN',
    message: `The REST API cannot listen: ${reason}.`,
    where: `--address ${address}`,
    fix: 'name a free port of this machine: --address 127.0.0.1:6565',
    exitCode: ExitCode.cannotListen,
    cause,
  })
}

export function unreachable(address: string, reason: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONTROL_UNREACHABLE',
    message: `No run answers: ${reason}.`,
    where: address,
    fix: 'start it with perfwright run --address HOST:PORT, and name the same address here',
    exitCode: ExitCode.k6Usage,
    cause,
  })
}

/** The run's own answer, in its words. */
export function refused(address: string, title: string, detail: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONTROL_REFUSED',
    message: `${title}: ${detail}`,
    where: address,
    fix: 'pause and scale need the externally-controlled executor',
    exitCode: ExitCode.k6Usage,
  })
}

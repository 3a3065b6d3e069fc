import { ExitCode, PerfwrightError } from '#base/errors.js'

export function cannotServe(address: string, why: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_DASHBOARD_LISTEN',
    message: `The dashboard cannot listen: ${why}.`,
    where: address,
    fix: 'give another HOST:PORT, or port 0 for any free one',
    exitCode: ExitCode.cannotListen,
    cause,
  })
}

export function remoteRefused(host: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_DASHBOARD_REMOTE',
    message: `The dashboard can stop and start runs, and ${host} is an address that other machines reach.`,
    where: host,
    fix: 'listen on 127.0.0.1 and use ssh -L, or add --dashboard-allow-remote',
    exitCode: ExitCode.usage,
  })
}

/** What a page asked for and cannot have: an HTTP status with its reason. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

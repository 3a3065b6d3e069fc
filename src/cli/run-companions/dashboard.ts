/** The dashboard of a run (`--dashboard`): its code is loaded only when it is asked for. */
import { systemClock } from '#base/clock.js'
import type { RunBeginning, RunCompanion } from '#api/companion.js'
import type { DashboardCompanion } from '#dashboard/run-companion.js'
import type { CommandIo } from '../command.js'
import type { RuntimeSettings } from '../run-flags.js'
import { version } from '../version.js'

export class DashboardHost implements RunCompanion {
  readonly name = 'dashboard'
  readonly #runtime: RuntimeSettings
  readonly #io: CommandIo
  #dashboard: DashboardCompanion | undefined

  constructor(runtime: RuntimeSettings, io: CommandIo) {
    this.#runtime = runtime
    this.#io = io
  }

  /** @throws PW_DASHBOARD_LISTEN, PW_DASHBOARD_REMOTE */
  async planned(begin: RunBeginning): Promise<void> {
    const { dashboard = '', dashboardAllowRemote, dashboardKeep, linger, quiet, json } = this.#runtime
    if (dashboardAllowRemote)
      begin.warn(
        'the dashboard can be reached from other machines: whoever has its URL can stop the run, and HTTP is not encrypted',
      )
    const { DashboardCompanion: Loaded } = await import('#dashboard/run-companion.js')
    this.#dashboard = new Loaded({
      address: dashboard === '' ? undefined : dashboard,
      allowRemote: dashboardAllowRemote,
      version: version(),
      clock: systemClock,
      stays: dashboardKeep || linger === true,
      opened: (url) => {
        const out = quiet || json ? this.#io.stderr : this.#io.stdout
        out.write(`  dashboard  ${url}\n\n`)
      },
    })
    await this.#dashboard.planned(begin)
  }

  window(...told: Parameters<NonNullable<RunCompanion['window']>>): void {
    this.#dashboard?.window(...told)
  }

  live(...told: Parameters<NonNullable<RunCompanion['live']>>): void {
    this.#dashboard?.live(...told)
  }

  async recordClosed(...told: Parameters<NonNullable<RunCompanion['recordClosed']>>): Promise<undefined> {
    return await this.#dashboard?.recordClosed(...told)
  }

  async close(): Promise<void> {
    await this.#dashboard?.close()
  }
}

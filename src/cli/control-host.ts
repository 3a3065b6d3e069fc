/** The REST API of a run (`--address`), fed by what the run tells its observer. */
import type { RunControl, RunPlan } from '#api/index.js'
import type { ControlServer } from '#control/server.js'

export class ControlHost {
  #plan: RunPlan | undefined
  #elapsedS = 0
  #server: ControlServer | undefined

  /** Off without an address. @throws PW_CONTROL_LISTEN */
  async open(address: string | undefined, control: RunControl): Promise<void> {
    if (address === undefined || address === '') return
    const { startControlServer } = await import('#control/server.js')
    this.#server = await startControlServer(address, {
      control,
      measured: () => this.#plan,
      elapsedS: () => this.#elapsedS,
    })
  }

  planned(plan: RunPlan): void {
    this.#plan = plan
  }

  live({ elapsedS }: { readonly elapsedS: number }): void {
    this.#elapsedS = elapsedS
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}

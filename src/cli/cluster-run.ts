/** `run --cluster`: the engine whose threads are other machines. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { systemClock } from '#base/clock.js'
import { Bus } from '#cluster/bus.js'
import { ClusterEngine } from '#cluster/coordinator/cluster-engine.js'
import type { StartEngine } from '#engine/load-engine.js'
import type { RunCommand } from './run-flags.js'
import { version } from './version.js'

export function clusterEngine(
  flags: RunCommand,
  cluster: NonNullable<RunCommand['runtime']['cluster']>,
  say: (message: string) => void,
  archive: (() => Promise<Uint8Array>) | undefined,
): StartEngine {
  return async (onEvent) => {
    const { url, creds, tls, agents, waitNs, onLoss, takeUp } = cluster
    const bus = await Bus.connect({ url, creds, tls, name: `perfwright coordinator ${hostname()}` })
    const run = takeUp ?? randomBytes(4).toString('hex')
    say(
      takeUp === undefined
        ? `This run is ${run}; should this process die, take it up with the same command line and --cluster-take-up ${run}.`
        : `Taking up the run ${run}.`,
    )
    return ClusterEngine.start(
      {
        bus,
        clock: systemClock,
        run,
        takeUp: takeUp !== undefined,
        name: flags.runtime.name ?? flags.script,
        coordinator: { host: hostname(), pid: process.pid },
        version: version(),
        agents,
        waitNs,
        onLoss,
        engine: flags.runtime.engine === 'k6' ? 'k6' : 'native',
        workers: flags.runtime.workers,
        archive,
      },
      onEvent,
    )
  }
}

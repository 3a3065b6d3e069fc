import { ExitCode } from '#base/errors.js'
import { Bus, withoutSecrets } from '#cluster/bus.js'
import { overviewOf } from '#cluster/overview.js'
import type { CommandIo } from '../../command.js'
import type { BusSettings } from '../../run-flags.js'
import type { ClusterFlags } from './index.js'

export async function status(settings: BusSettings, flags: ClusterFlags, io: CommandIo): Promise<number> {
  const bus = await Bus.connect({ ...settings, name: 'perfwright status' })
  try {
    const found = await overviewOf(bus)
    if (flags.json) {
      io.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
      return ExitCode.ok
    }
    const { agents, runs } = found
    const idle = agents.filter(({ run }) => run === null).length
    io.stdout.write(`${agents.length} agents at ${withoutSecrets(settings.url)}, ${idle} idle\n`)
    for (const { id, host, cores, version, run } of agents)
      line(io, `  ${id}  ${host}, ${cores} cores, perfwright ${version}  ${run === null ? 'idle' : `run ${run}`}`)
    if (runs.length > 0) io.stdout.write(`${runs.length} runs under way\n`)
    for (const { id, name, state, segments, startedUnixMs, coordinator } of runs)
      line(
        io,
        `  ${id}  ${name}  ${state}, ${segments} shares, since ${new Date(startedUnixMs).toISOString()}, by ${coordinator.host} (${coordinator.pid})`,
      )
    return ExitCode.ok
  } finally {
    await bus.close()
  }
}

/** What stands in a bucket may come from anybody: no control character of it reaches the terminal. */
function line(io: CommandIo, text: string): void {
  io.stdout.write(`${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, 500)}\n`)
}

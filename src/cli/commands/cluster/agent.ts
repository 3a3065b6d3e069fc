import { randomBytes } from 'node:crypto'
import { availableParallelism, hostname } from 'node:os'
import { type Clock, systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { Agent } from '#cluster/agent/agent.js'
import { startNative } from '#cluster/agent/native-runner.js'
import { Bus, withoutSecrets } from '#cluster/bus.js'
import type { CommandIo } from '../../command.js'
import type { BusSettings } from '../../run-flags.js'
import { version } from '../../version.js'
import type { ClusterFlags } from './index.js'

/** `perfwright cluster agent`: until it is told to end. */
export async function agent(settings: BusSettings, flags: ClusterFlags, io: CommandIo): Promise<number> {
  const clock = clockOf(io)
  const host = hostname()
  // In Kubernetes an Indexed Job numbers its pods; the number makes a name that a person finds again.
  const index = io.env['JOB_COMPLETION_INDEX']
  const id = flags.id ?? `${safe(host)}-${index ?? process.pid}-${randomBytes(2).toString('hex')}`
  const log = (message: string): void => {
    io.stdout.write(`${new Date(clock.unixMs()).toISOString()} ${id} ${message}\n`)
  }
  const bus = await Bus.connect({ ...settings, name: `perfwright agent ${id}` })
  const own = new Agent({
    bus,
    clock,
    entry: { id, host, pid: process.pid, cores: availableParallelism(), version: version() },
    start: async (bundle, part, tell) =>
      bundle.engine === 'k6'
        ? (await import('#cluster/agent/k6-runner.js')).startK6(bundle, part, clock, tell, io.env)
        : startNative(bundle, part, clock, tell),
    log,
  })
  const leave = (): void => {
    log('leaves')
    own.leave()
  }
  process.once('SIGINT', leave)
  process.once('SIGTERM', leave)
  log(`waits for work at ${withoutSecrets(settings.url)}`)
  await own.serve()
  await bus.close()
  return ExitCode.ok
}

/** PW_CLOCKOFF: milliseconds by which this agent's wall clock is to be wrong, to see that nothing depends on it. */
function clockOf(io: CommandIo): Clock {
  const offMs = Number(io.env['PW_CLOCKOFF'] ?? 0)
  return Number.isFinite(offMs) && offMs !== 0
    ? { ...systemClock, unixMs: () => systemClock.unixMs() + offMs }
    : systemClock
}

function safe(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40)
}

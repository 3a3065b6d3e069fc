import { ExitCode, PerfwrightError } from '#base/errors.js'

/** The optional packages of the message system's client. */
export function clientMissing(cause: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLUSTER_CLIENT',
    message: 'the client of NATS is not installed',
    fix: 'npm install @nats-io/transport-node@~3.3 @nats-io/nats-core@~3.3 @nats-io/jetstream@~3.3 @nats-io/kv@~3.3 @nats-io/obj@~3.3',
    exitCode: ExitCode.usage,
    cause,
  })
}

export function cannotConnect(url: string, cause: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLUSTER_CONNECT',
    message: `the message system cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`,
    where: url,
    fix: 'check the address and the rights; a server of your own: nats-server --jetstream --store_dir DIR',
    exitCode: ExitCode.targetUnusable,
    cause,
  })
}

export function noJetStream(url: string, cause: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLUSTER_JETSTREAM',
    message: `the server has no JetStream for this account: ${cause instanceof Error ? cause.message : String(cause)}`,
    where: url,
    fix: 'start it with --jetstream --store_dir DIR, or have it enabled for the account',
    exitCode: ExitCode.targetUnusable,
    cause,
  })
}

/** Too few agents, or some that could not get ready: nothing has been sent. */
export function agentsNotReady(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLUSTER_AGENTS',
    message,
    fix: 'start agents: perfwright cluster agent --cluster URL; look at them: perfwright cluster status --cluster URL',
    exitCode: ExitCode.targetUnusable,
  })
}

/** Policy `fail`. */
export function agentLost(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLUSTER_AGENT_LOST',
    message,
    fix: '--on-agent-loss degrade goes on without its share, spare gives it to an idle agent',
    exitCode: ExitCode.partialData,
  })
}

export function cannotTakeUp(run: string, why: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLUSTER_TAKE_UP',
    message: `the run ${run} cannot be taken up: ${why}`,
    fix: 'perfwright cluster status --cluster URL lists runs; start a run that never began anew',
    exitCode: ExitCode.usage,
  })
}

export function badUsage(message: string, fix = 'perfwright cluster --help'): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CLUSTER_USAGE', message, fix, exitCode: ExitCode.usage })
}

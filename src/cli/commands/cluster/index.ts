import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { badUsage } from '#cluster/errors.js'
import type { Command, CommandIo } from '../../command.js'
import { type BusSettings, toBus } from '../../run-flags.js'

export interface ClusterFlags {
  readonly bus: BusSettings | undefined
  readonly id: string | undefined
  readonly json: boolean
  readonly out: string | undefined
  readonly agents: number
  readonly image: string
  readonly namespace: string
  readonly form: 'job' | 'helm'
}

export const clusterCommand: Command = {
  name: 'cluster',
  summary: 'agents that take a share of a run, over NATS; their state; Kubernetes manifests',
  async run(argv, io) {
    try {
      const { values, positionals } = parse(argv)
      const [verb] = positionals
      if (values.help === true || verb === undefined) {
        io.stdout.write(HELP)
        return verb === undefined && values.help !== true ? ExitCode.usage : ExitCode.ok
      }
      const flags = flagsOf(values, io)
      if (verb === 'agent') return await (await import('./agent.js')).agent(needBus(flags), flags, io)
      if (verb === 'status') return await (await import('./status.js')).status(needBus(flags), flags, io)
      if (verb === 'manifest') return (await import('./manifest.js')).manifest(flags, io)
      throw badUsage(`there is no "cluster ${verb}"`)
    } catch (error) {
      if (!(error instanceof PerfwrightError)) throw error
      io.stderr.write(`${error.describe()}\n`)
      return error.exitCode
    }
  },
}

const HELP = `Shares a run among machines. The message system is NATS with JetStream, yours:
  nats-server --jetstream --store_dir /var/lib/nats

  perfwright cluster agent --cluster URL     take shares of runs until Ctrl-C; start one on each machine
  perfwright run --cluster URL SCRIPT        the run itself: one record, one verdict (perfwright run --help)
  perfwright cluster status --cluster URL    agents and runs that are there
  perfwright cluster manifest                what runs agents in Kubernetes

Flags:
  --cluster URL              nats://host:4222, several with commas; tls:// for TLS; also PERFWRIGHT_CLUSTER
  --cluster-creds FILE       credentials of the account
  --cluster-tls-ca FILE, --cluster-tls-cert FILE, --cluster-tls-key FILE
  --id NAME                  the agent's name (default: host and process)
  --agents N                 of the manifest (default 4)
  --image NAME               of the manifest: an image with perfwright on its PATH
  --namespace NAME           of the manifest
  --form job|helm            of the manifest: an Indexed Job, or a chart in the folder of -o
  -o PATH                    where the manifest goes (default: standard output)
  --json                     status as JSON

Exit codes: 0; 2 usage; 34 the message system cannot be reached or has no JetStream.

Examples:
  perfwright cluster agent --cluster nats://10.0.0.5:4222
  perfwright run --cluster nats://10.0.0.5:4222 --cluster-agents 8 --on-agent-loss spare script.js
  perfwright cluster manifest --agents 20 --image registry.example/perfwright:1 --cluster nats://nats:4222 | kubectl apply -f -
`

// The result's type is long and says nothing that the options do not.
function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        cluster: { type: 'string' },
        'cluster-creds': { type: 'string' },
        'cluster-tls-ca': { type: 'string' },
        'cluster-tls-cert': { type: 'string' },
        'cluster-tls-key': { type: 'string' },
        id: { type: 'string' },
        agents: { type: 'string' },
        image: { type: 'string' },
        namespace: { type: 'string' },
        form: { type: 'string' },
        out: { type: 'string', short: 'o' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw badUsage((error as Error).message)
  }
}

function flagsOf(values: ReturnType<typeof parse>['values'], io: CommandIo): ClusterFlags {
  const url = values.cluster ?? io.env['PERFWRIGHT_CLUSTER']
  const text = (name: string, variable?: string): string | undefined => {
    const given = values[name as keyof typeof values]
    return typeof given === 'string' ? given : variable === undefined ? undefined : io.env[variable] || undefined
  }
  const agents = Number(values.agents ?? 4)
  if (!(Number.isInteger(agents) && agents > 0 && agents <= 10_000))
    throw badUsage(`--agents takes a whole number from 1 to 10000, not "${values.agents}"`)
  if (values.id !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(values.id))
    throw badUsage('--id takes up to 64 letters, digits, - and _')
  const form = values.form ?? 'job'
  if (form !== 'job' && form !== 'helm') throw badUsage(`--form is job or helm, not "${form}"`)
  return {
    bus: url === undefined || url === '' ? undefined : toBus(url, text),
    id: values.id,
    json: values.json === true,
    out: values.out,
    agents,
    image: values.image ?? 'perfwright:latest',
    namespace: values.namespace ?? 'default',
    form,
  }
}

function needBus({ bus }: ClusterFlags): BusSettings {
  if (bus === undefined)
    throw badUsage('--cluster URL is needed', 'perfwright cluster agent --cluster nats://host:4222')
  return bus
}

/** What `pause`, `resume`, `scale` and `status` have in common: an address, an answer in k6's form. */
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { RemoteStatus } from '#control/client.js'
import type { Command } from './command.js'

export interface ControlFlags {
  readonly address: string
  readonly vus: number | undefined
  readonly max: number | undefined
}

export interface ControlCommandInit {
  readonly name: string
  readonly summary: string
  /** First lines of its help. */
  readonly about: string
  readonly scales?: boolean
  act(flags: ControlFlags): Promise<RemoteStatus>
}

export function controlCommand(init: ControlCommandInit): Command {
  return {
    name: init.name,
    summary: init.summary,
    async run(argv, io) {
      const { help, json, flags } = parse(argv, init, io.env['K6_ADDRESS'])
      if (help) {
        io.stdout.write(helpText(init))
        return ExitCode.ok
      }
      const status = await init.act(flags)
      io.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : yaml(status))
      return ExitCode.ok
    },
  }
}

function helpText({ name, about, scales }: ControlCommandInit): string {
  const own =
    scales === true ? '  -u, --vus N              VUs that run\n  -m, --max N              VUs that there are\n' : ''
  return `${about}

Usage: perfwright ${name} [flags]

Flags:
${own}  -a, --address HOST:PORT  of the run's REST API (default localhost:6565, or K6_ADDRESS)
      --json               the answer as JSON
  -h, --help               this text

Exit codes: 0; 255 when no run answers there, or the run cannot do it.

Example:
  perfwright run script.js --address localhost:6565 &
  perfwright ${name}${scales === true ? ' --vus 20' : ''}
`
}

function parse(
  argv: readonly string[],
  { name, scales }: ControlCommandInit,
  envAddress: string | undefined,
): { help: boolean; json: boolean; flags: ControlFlags } {
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(argv)
  } catch (error) {
    throw usage(name, (error as Error).message)
  }
  const { values } = parsed
  const help = values.help === true
  const vus = count(name, '--vus', values.vus)
  const max = count(name, '--max', values.max)
  if (scales !== true && (vus !== undefined || max !== undefined)) throw usage(name, 'only scale takes --vus and --max')
  if (scales === true && !help && vus === undefined && max === undefined)
    throw usage(name, 'Specify either -u/--vus or -m/--max')
  return {
    help,
    json: values.json === true,
    flags: { address: values.address ?? envAddress ?? 'localhost:6565', vus, max },
  }
}

// The result's type is long and says nothing that the options do not.
function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      address: { type: 'string', short: 'a' },
      vus: { type: 'string', short: 'u' },
      max: { type: 'string', short: 'm' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

function count(name: string, flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw usage(name, `${flag} takes a whole number, not "${text}"`)
  return Number(text)
}

function usage(name: string, message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONTROL_USAGE',
    message,
    fix: `perfwright ${name} --help lists the flags`,
    exitCode: ExitCode.usage,
  })
}

/** As k6 prints it: some values are text in it. */
function yaml(status: RemoteStatus): string {
  return `status: ${status.status}
paused: "${status.paused}"
vus: "${status.vus}"
vus-max: "${status['vus-max']}"
stopped: ${status.stopped}
running: ${status.running}
tainted: ${status.tainted}
`
}

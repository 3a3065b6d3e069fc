/** `perfwright mcp`: the same verbs for coding agents, over standard input and output. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '#base/clock.js'
import { parseDuration } from '#base/duration.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { packageRoot } from '#base/package-root.js'
import { defaultLimits, Guard, type Limits } from '#mcp/guard.js'
import { registerTools } from '#mcp/server.js'
import type { Command, CommandIo } from '../command.js'
import { version } from '../version.js'

export const mcpCommand: Command = {
  name: 'mcp',
  summary: 'serve the same verbs to coding agents over the Model Context Protocol',
  async run(argv, io) {
    const limits = parse(argv)
    if (limits === 'help') {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    const { McpServer, StdioServerTransport } = await sdk()
    const server = new McpServer({ name: 'perfwright', version: version() })
    registerTools(server, {
      guard: new Guard(limits, io.cwd),
      command: [process.execPath, join(packageRoot(), 'bin', 'perfwright.js')],
      root: io.cwd,
      clock: systemClock,
    })
    await server.connect(new StdioServerTransport())
    await ended(io)
    await server.close()
    return ExitCode.ok
  },
}

const HELP = `Serves plan, run, diagnose, report, profile, advise, compare and the records of the working directory to a coding agent, over
standard input and output (Model Context Protocol). Load goes only to the hosts named here, within a budget.

Usage: perfwright mcp [flags]

Flags:
      --allow-host PATTERN     load may go there (repeatable; default ${defaultLimits.hosts.join(', ')})
      --max-vus N              of one run (default ${defaultLimits.maxVus})
      --max-rate N             requests a second (default ${defaultLimits.maxRate})
      --max-duration TIME      of one run (default ${defaultLimits.maxDurationS}s)
      --total-duration TIME    of all runs together (default ${defaultLimits.totalS / 60}m)
      --allow-profiles         attach profilers to processes of this machine
  -h, --help                   this text

Needs the package @modelcontextprotocol/sdk: npm install @modelcontextprotocol/sdk

Example, for an agent that reads mcp.json:
  { "mcpServers": { "perfwright": { "command": "npx", "args": ["perfwright", "mcp"] } } }
`

function parse(argv: readonly string[]): Limits | 'help' {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        'allow-host': { type: 'string', multiple: true },
        'max-vus': { type: 'string' },
        'max-rate': { type: 'string' },
        'max-duration': { type: 'string' },
        'total-duration': { type: 'string' },
        'allow-profiles': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return 'help'
    return {
      hosts: values['allow-host'] ?? defaultLimits.hosts,
      maxVus: positive('--max-vus', values['max-vus'], defaultLimits.maxVus),
      maxRate: positive('--max-rate', values['max-rate'], defaultLimits.maxRate),
      maxDurationS: seconds('--max-duration', values['max-duration'], defaultLimits.maxDurationS),
      totalS: seconds('--total-duration', values['total-duration'], defaultLimits.totalS),
      profiles: values['allow-profiles'] === true,
    }
  } catch (error) {
    throw error instanceof PerfwrightError ? error : usage((error as Error).message)
  }
}

function positive(flag: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!(value > 0)) throw usage(`${flag} takes a number above 0, not "${text}"`)
  return value
}

function seconds(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const read = parseDuration(text)
  if ('error' in read || read.ns <= 0) throw usage(`${flag} takes a time such as 5m, not "${text}"`)
  return read.ns / 1e9
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_MCP_USAGE', message, fix: 'perfwright mcp --help lists the flags' })
}

/** @throws PW_MCP_LIBRARY when the SDK is not installed: 29 MB that nobody else needs */
async function sdk(): Promise<
  typeof import('@modelcontextprotocol/sdk/server/mcp.js') & typeof import('@modelcontextprotocol/sdk/server/stdio.js')
> {
  try {
    const [server, transport] = await Promise.all([
      import('@modelcontextprotocol/sdk/server/mcp.js'),
      import('@modelcontextprotocol/sdk/server/stdio.js'),
    ])
    return { ...server, ...transport }
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_MCP_LIBRARY',
      message: 'serving agents needs the package @modelcontextprotocol/sdk, which is not installed',
      fix: 'npm install @modelcontextprotocol/sdk',
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
}

/** The client has closed our input, or somebody ends us. */
function ended({ stdin }: CommandIo): Promise<void> {
  return new Promise((resolve) => {
    stdin.once('end', resolve)
    stdin.once('close', resolve)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

/**
 * `perfwright demo`: starts the bundled shop and runs its journey against it, with nothing but Node.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { packageRoot } from '#base/package-root.js'
import { type FaultName, faults } from '#demo/faults.js'
import { startShop } from '#demo/shop.js'
import type { Command, CommandIo } from '../command.js'
import { parseRunFlags } from '../run-flags.js'
import { runScript } from './run.js'

export const demoCommand: Command = {
  name: 'demo',
  summary: 'start the bundled shop and run its journey against it',
  async run(argv, io) {
    const { values } = read(argv)
    if (values.help === true) {
      io.stdout.write(help())
      return ExitCode.ok
    }
    const names = (values.faults ?? '').split(',').filter((name) => name !== '')
    const unknown = names.filter((name) => !faults.some((fault) => fault.name === name))
    if (unknown.length > 0) {
      throw new PerfwrightError({
        code: 'PW_DEMO_FAULT_UNKNOWN',
        message: `The shop has no fault ${unknown.map((name) => `"${name}"`).join(', ')}.`,
        where: '--faults',
        fix: `use any of ${faults.map((fault) => fault.name).join(',')}`,
      })
    }
    const say = (text: string): void => void io.stderr.write(`${text}\n`)
    const shop = await startShop({
      faults: names as FaultName[],
      port: Number(values.port ?? 0),
      progress: say,
      // Its inspector, once asked for, takes a free port instead of one that another process may have.
      execArgv: ['--inspect-port=0'],
      ...(values.products === undefined ? {} : { products: Number(values.products) }),
    })
    try {
      say(`The shop is open at ${shop.url}${names.length === 0 ? '' : `, with the faults ${names.join(', ')}`}.`)
      say(`Its database: ${shop.databaseUrl}`)
      if (values.serve === true) return await serve(io)
      const journey = join(packageRoot(), 'examples', 'shop', 'journey.ts')
      const flags = ['-e', `BASE_URL=${shop.url}`, '--name', 'demo', '--summary-by', 'endpoint']
      flags.push('--observe', shop.databaseUrl, '--profile', 'auto')
      if (values.dashboard === true) flags.push('--dashboard', '--dashboard-keep')
      if (values.short === true) flags.push('-e', 'PACE=0.3', '-s', '2s:10', '-s', '4s:10', '-s', '1s:0')
      else flags.push(...loadFor(names))
      const { exitCode, recordDir } = await runScript(parseRunFlags([...flags, journey], io.env), io)
      if (recordDir !== undefined) {
        say(`\nLook at it again:  node bin/perfwright.js report ${recordDir} --format md`)
        say('Give the shop a fault and run it again:  node bin/perfwright.js demo --faults n-plus-one')
      }
      return exitCode
    } finally {
      await shop.stop()
    }
  },
}

function read(argv: readonly string[]): {
  values: Record<string, string | boolean | undefined> & {
    faults?: string
    port?: string
    products?: string
    help?: boolean
    short?: boolean
    serve?: boolean
    dashboard?: boolean
  }
} {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        faults: { type: 'string' },
        port: { type: 'string' },
        products: { type: 'string' },
        short: { type: 'boolean' },
        serve: { type: 'boolean' },
        dashboard: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_CLI_FLAG',
      message: (error as Error).message,
      fix: 'perfwright demo --help lists the flags',
      exitCode: ExitCode.k6Usage,
      cause: error,
    })
  }
}

/** Faults that twenty unhurried customers do not bring to light: a queue for two connections, a leak of 16 KB a call. */
function loadFor(names: readonly string[]): string[] {
  if (names.includes('memory-leak')) return ['-e', 'PACE=0.05', '-s', '5s:40', '-s', '60s:40', '-s', '2s:0']
  return names.includes('small-pool') ? ['-e', 'PACE=0.2', '-s', '5s:30', '-s', '20s:30', '-s', '2s:0'] : []
}

/** Until Ctrl-C. */
async function serve(io: CommandIo): Promise<number> {
  io.stderr.write('Ctrl-C closes it.\n')
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  return ExitCode.ok
}

function help(): string {
  const width = Math.max(...faults.map((fault) => fault.name.length))
  return `Starts the bundled shop on an embedded PostgreSQL and runs its customers' journey against it: perfwright demo [flags]

Examples:
  perfwright demo                              the healthy shop
  perfwright demo --faults missing-index       with a fault
  perfwright demo --serve --port 8080          only the shop, for scripts of your own

Flags:
  --faults A,B     switch faults on
  --port N         port of the shop (default: a free one)
  --products N     size of the catalogue (default 100,000; as many orders)
  --short          a few seconds instead of thirty
  --serve          open the shop and run nothing
  --dashboard      show the run live in a browser, and keep the page until Ctrl-C
  -h, --help       this text

Faults:
${faults.map((fault) => `  ${fault.name.padEnd(width)}  ${fault.endpoint}: ${fault.defect}`).join('\n')}
`
}

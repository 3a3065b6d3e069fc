/** `perfwright dashboard`: the records of a folder in a browser, and runs while they go on. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Command, CommandIo } from '../command.js'
import { version } from '../version.js'

export const dashboardCommand: Command = {
  name: 'dashboard',
  summary: 'show records and running tests in a browser: compare, follow, start',
  async run(argv, io) {
    const { values, positionals } = parse(argv)
    if (values.help === true) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (positionals.length > 1) throw usage(`one folder at a time, not ${positionals.length}`)
    const allowRemote = values['allow-remote'] === true
    if (allowRemote)
      io.stderr.write(
        'The dashboard can be reached from other machines: whoever has its URL can use it, and HTTP is not encrypted.\n',
      )
    const { startDashboard } = await import('#dashboard/main.js')
    const dashboard = await startDashboard({
      folder: resolve(io.cwd, positionals[0] ?? '.'),
      address: values.listen,
      allowRemote,
      allowStart: values['allow-start'] === true,
      version: version(),
      clock: systemClock,
    })
    if (values.json === true) io.stdout.write(`${JSON.stringify({ url: dashboard.url, records: dashboard.records })}\n`)
    else io.stdout.write(`  dashboard  ${dashboard.url}\n  records    ${dashboard.records}\n\nCtrl-C ends it.\n`)
    await untilSignal(io)
    await dashboard.close()
    return ExitCode.ok
  },
}

const HELP = `Shows run records in a browser: list, reports, comparison, flame graphs, and runs that still go on.

Usage: perfwright dashboard [DIR] [flags]

DIR is a folder of records, one record, or a folder with .perfwright/runs in it (default: here).
The page of one run while it goes on is shown by "perfwright run --dashboard".

Flags:
      --listen HOST:PORT   where to listen (default 127.0.0.1:5665, or a free port when that is taken)
      --allow-remote       let --listen name an address that other machines reach
      --allow-start        let the page start scripts that are below DIR
      --json               print the URL as JSON
  -h, --help               this text

Whoever has the URL may use the page: it holds a random token. docs/dashboard.md says how it is guarded.

Examples:
  perfwright dashboard
  perfwright dashboard --allow-start ./load-tests
`

// The result's type is long and says nothing that the options do not.
function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        listen: { type: 'string' },
        'allow-remote': { type: 'boolean' },
        'allow-start': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw usage((error as Error).message)
  }
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_DASHBOARD_USAGE',
    message,
    fix: 'perfwright dashboard --help lists the flags',
    exitCode: ExitCode.usage,
  })
}

/** Until Ctrl-C. */
async function untilSignal(io: CommandIo): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  io.stdout.write('\n')
}

/**
 * The entry of the command line: finds the command, gives it its arguments, turns its answer into the exit code.
 * Commands are imported when they are named, so that `run` does not pay for the others.
 */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { CommandIo } from './command.js'
import { commands } from './commands/index.js'

export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout.write(overview())
    return name === undefined ? ExitCode.usage : ExitCode.ok
  }
  if (name === '--version' || name === 'version') {
    const { version } = await import('./version.js')
    io.stdout.write(
      rest.includes('--json')
        ? `${JSON.stringify({ perfwright: version(), node: process.version })}\n`
        : `perfwright ${version()} (node ${process.version}, ${process.platform}/${process.arch})\n`,
    )
    return ExitCode.ok
  }
  const entry = commands[name]
  if (entry === undefined) {
    io.stderr.write(
      `PW_CLI_COMMAND_UNKNOWN  There is no command "${name}".\n  Mend: use one of ${Object.keys(commands).join(', ')}; perfwright --help lists them.\n`,
    )
    return ExitCode.usage
  }
  try {
    if (name === 'run' && !rest.includes('--help') && !rest.includes('-h')) {
      const { prestart } = await import('#engine/native/engine.js')
      prestart()
    }
    const command = await entry.load()
    return await command.run(rest, io)
  } catch (error) {
    if (error instanceof PerfwrightError) {
      io.stderr.write(`${error.describe()}\n`)
      return error.exitCode
    }
    io.stderr.write(
      `PW_BUG  This is a fault of perfwright, not of your script: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n  Mend: please report it with this text and the command line.\n`,
    )
    return ExitCode.ourBug
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `perfwright: the whole loop of performance engineering in one tool

Usage: perfwright COMMAND [flags]

Commands:
${lines.join('\n')}
  ${'version'.padEnd(width)}  print the version

Example:
  perfwright run script.js --vus 10 --duration 30s

perfwright COMMAND --help says more of each.
`
}

const io: CommandIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
}
process.exitCode = await main(process.argv.slice(2), io)

/** `perfwright profile ...`: profiles of any origin, read, shown and converted. */
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Profile } from '#profile/model.js'
import { readProfile } from '#profile/read/index.js'
import { top } from '#profile/views/top.js'
import { topText } from '#profile/views/top-text.js'
import { profileFormats, writeProfile } from '#profile/write/index.js'
import type { Command, CommandIo } from '../command.js'

export const profileCommand: Command = {
  name: 'profile',
  summary: 'show and convert profiles',
  async run(argv, io) {
    const [action, ...rest] = argv
    if (action === undefined || action === '--help' || action === '-h') {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (action === 'show') return show(rest, io)
    if (action === 'convert') return convert(rest, io)
    throw usage(`There is no "perfwright profile ${action}".`, 'use show or convert; see perfwright profile --help')
  },
}

const HELP = `Shows and converts profiles.

Usage: perfwright profile show FILE [flags]
       perfwright profile convert FILE OUT [flags]

FILE is a pprof file (Go, Pyroscope, py-spy), a .cpuprofile or .heapprofile of V8, a speedscope file, collapsed stacks
(py-spy record -f raw, async-profiler, stackcollapse), or the text of perf script. It is told apart by its content.

Flags of show:
  -n, --limit N       rows (default 30)
      --value TYPE    which of the profile's values: cpu, wall, samples, inuse_space, ...
      --json          the table as JSON
Flags of convert:
      --to FORMAT     ${profileFormats.join(', ')} (default: by the name of OUT)
      --value TYPE    as above; formats that hold one value only
  -h, --help          this text

The line in the table stands below the fewest functions that hold 80 % of the resource.

Examples:
  perfwright profile show CPU.20261122.cpuprofile
  perfwright profile convert cpu.pb.gz cpu.speedscope.json
`

async function show(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parse(argv)
  if (values.help === true) return help(io)
  const profile = await load(positionals, 1, io)
  const value = valueIndex(profile, values.value)
  const limit = Number(values.limit ?? 30)
  if (!Number.isInteger(limit) || limit < 1)
    throw usage(`--limit ${values.limit} is no number of rows.`, 'give 1 or more')
  if (values.json === true) {
    const { rows, total, hot } = top(profile, value)
    const body = { value: profile.valueTypes[value], total, hot, rows: rows.slice(0, limit), notes: profile.notes }
    io.stdout.write(`${JSON.stringify(body, null, 2)}\n`)
  } else io.stdout.write(topText(profile, { value, limit, width: io.stdout.columns ?? 160 }))
  return ExitCode.ok
}

async function convert(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parse(argv)
  if (values.help === true) return help(io)
  const profile = await load(positionals, 2, io)
  const out = positionals[1] as string
  const written = await writeProfile(profile, { out, to: values.to, value: valueIndex(profile, values.value) })
  await writeFile(resolve(io.cwd, out), written).catch((error: Error) => {
    throw usage(`Cannot write ${out}: ${error.message}`, 'give a file in a folder that exists and can be written')
  })
  for (const note of profile.notes) io.stderr.write(`note: ${note}\n`)
  return ExitCode.ok
}

function help(io: CommandIo): number {
  io.stdout.write(HELP)
  return ExitCode.ok
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        limit: { type: 'string', short: 'n' },
        value: { type: 'string' },
        to: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw usage((error as Error).message, 'see perfwright profile --help')
  }
}

async function load(positionals: readonly string[], wanted: number, io: CommandIo): Promise<Profile> {
  const file = positionals[0]
  if (file === undefined || positionals.length !== wanted) {
    throw usage(
      `${wanted === 1 ? 'One file is' : 'Two files are'} needed, ${positionals.length} given.`,
      'see perfwright profile --help',
    )
  }
  const bytes = await readFile(resolve(io.cwd, file)).catch((error: Error) => {
    throw usage(`Cannot read ${file}: ${error.message}`, 'give a file that exists and can be read')
  })
  return readProfile(bytes, file)
}

function valueIndex(profile: Profile, name: string | undefined): number {
  if (name === undefined) return profile.mainValue
  const index = profile.valueTypes.findIndex(({ type }) => type === name)
  if (index < 0) {
    throw usage(
      `The profile has no value "${name}".`,
      `use one of ${profile.valueTypes.map(({ type }) => type).join(', ')}`,
    )
  }
  return index
}

function usage(message: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CLI_PROFILE', message, fix, exitCode: ExitCode.usage })
}

/** `perfwright init`: a folder with a first script, its types, and records kept out of the repository. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '#base/package-root.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { projectFiles, withIgnored } from '#setup/project.js'
import { serviceClasses } from '#slo/classes.js'
import type { Command, CommandIo } from '../command.js'

export const initCommand: Command = {
  name: 'init',
  summary: 'set a project up: a first script, types for the editor, records out of the repository',
  async run(argv, io) {
    const flags = parse(argv)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    const service = serviceClasses.find(({ type }) => type === flags.type)
    if (service === undefined)
      throw usage(`there is no service type "${flags.type}": ${serviceClasses.map(({ type }) => type).join(', ')}`)
    if (!/^https?:\/\//.test(flags.url) || !URL.canParse(flags.url))
      throw usage(`--url wants an address such as http://127.0.0.1:8080, not "${flags.url}"`)
    const dir = resolve(io.cwd, flags.dir)
    const failed = Number((1 - service.availability).toPrecision(6))
    const url = flags.url.replace(/\/+$/, '')
    const files = projectFiles({ url, p95Ms: service.p95Ms, failed, typesAt: typesFor(dir) })
    const there = Object.keys(files).filter((name) => existsSync(join(dir, name)))
    if (there.length > 0 && !flags.force)
      throw usage(
        `${there.map((name) => join(flags.dir, name)).join(', ')} is there already`,
        'another --dir, or --force',
      )
    mkdirSync(dir, { recursive: true })
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(dir, name), text)
      io.stdout.write(`wrote ${relative(io.cwd, join(dir, name))}\n`)
    }
    ignoreRecords(io)
    const script = relative(io.cwd, join(dir, 'smoke.ts'))
    const steps = [
      [`perfwright run ${script}`, 'does it work at all'],
      ['perfwright plan', 'which test answers your question, and with how much load'],
      [`perfwright slo init --from latest --type ${flags.type}`, 'objectives from what was measured'],
      ['perfwright ci init github', 'all of it on every pull request'],
    ]
    const width = Math.max(...steps.map(([command = '']) => command.length))
    io.stdout.write(`\nNext:\n${steps.map(([command = '', why]) => `  ${command.padEnd(width)}  ${why}\n`).join('')}`)
    return ExitCode.ok
  },
}

const HELP = `Sets a project up: a smoke test in TypeScript with types for the editor, and .perfwright/ in .gitignore.

Usage: perfwright init [flags]

Flags:
      --url URL     the service (default http://127.0.0.1:8080)
      --type TYPE   ${serviceClasses.map(({ type }) => type).join(', ')}
                    (default user-facing-api): the thresholds of the first script
      --dir DIR     folder of the scripts (default perfwright)
      --force       write over files that are there
  -h, --help        this text

Example:
  perfwright init --url http://127.0.0.1:3000
`

interface Flags {
  readonly help: boolean
  readonly url: string
  readonly type: string
  readonly dir: string
  readonly force: boolean
}

function parse(argv: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8080' },
        type: { type: 'string', default: 'user-facing-api' },
        dir: { type: 'string', default: 'perfwright' },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (error) {
    throw usage((error as Error).message)
  }
}

function usage(message: string, fix = 'perfwright init --help lists the flags'): PerfwrightError {
  return new PerfwrightError({ code: 'PW_INIT_USAGE', message, fix })
}

/** Ours, where the project has none: perfwright may be installed elsewhere. */
function typesFor(dir: string): string | undefined {
  const above = (folder: string): string | undefined => {
    const types = join(folder, 'node_modules', '@types', 'k6')
    if (existsSync(types)) return types
    return dirname(folder) === folder ? undefined : above(dirname(folder))
  }
  const ours = above(packageRoot())
  return above(dir) !== undefined || ours === undefined ? undefined : relative(dir, ours)
}

/** Only where there is a repository: elsewhere nobody would commit a record. */
function ignoreRecords({ cwd, stdout }: CommandIo): void {
  const file = join(cwd, '.gitignore')
  if (!existsSync(join(cwd, '.git')) && !existsSync(file)) return
  const text = withIgnored(existsSync(file) ? readFileSync(file, 'utf8') : '', '.perfwright/')
  if (text === undefined) return
  writeFileSync(file, text)
  stdout.write('added .perfwright/ to .gitignore\n')
}

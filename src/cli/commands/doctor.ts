/** `perfwright doctor`: what is installed, and what each missing part would add. */
import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '#base/package-root.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { examine, type Machine, type PartFound } from '#setup/doctor.js'
import type { Command, CommandIo } from '../command.js'
import { version } from '../version.js'

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'say what is installed, and what each missing part would add',
  async run(argv, io) {
    const { help, json } = parse(argv)
    if (help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    const found = await examine(machineOf(io))
    const base = {
      perfwright: version(),
      node: process.versions.node,
      system: `${process.platform} ${process.arch}`,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    }
    if (json) {
      const parts = found.map(({ part, version: has, where }) => ({
        name: part.name,
        version: has,
        where,
        adds: part.adds,
        get: part.get,
      }))
      io.stdout.write(`${JSON.stringify({ ...base, parts }, null, 2)}\n`)
      return ExitCode.ok
    }
    const memory = `${(base.memoryBytes / 2 ** 30).toFixed(1)} GiB`
    io.stdout.write(
      `perfwright ${base.perfwright}, Node ${base.node}, ${base.system}, ${base.cores} cores, ${memory}\nRuns of k6 scripts, reports and diagnosis need nothing else.\n\n`,
    )
    io.stdout.write(tableOf(found))
    return ExitCode.ok
  },
}

const HELP = `Says what is installed on this machine, and what each missing part would add. Needs no network and changes nothing.

Usage: perfwright doctor [--json]

Flags:
      --json   as JSON
  -h, --help   this text

Example:
  perfwright doctor
`

function parse(argv: readonly string[]): { readonly help: boolean; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    return { help: values.help === true, json: values.json === true }
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_DOCTOR_USAGE',
      message: (error as Error).message,
      fix: 'perfwright doctor --help lists the flags',
    })
  }
}

function tableOf(found: readonly PartFound[]): string {
  const width = Math.max(...found.map(({ part }) => part.name.length))
  const line = ({ part, version: has, where }: PartFound): string =>
    has === null
      ? `  no   ${part.name.padEnd(width)}  ${part.adds}\n       ${' '.repeat(width)}  get it: ${part.get}\n`
      : `  yes  ${part.name.padEnd(width)}  ${has}${where === 'node_modules' ? '' : ` (${where})`}\n`
  return [...found.filter(({ version: has }) => has !== null), ...found.filter(({ version: has }) => has === null)]
    .map(line)
    .join('')
}

function machineOf({ env }: CommandIo): Machine {
  return {
    env,
    isProgram: (path) => {
      try {
        accessSync(path, constants.X_OK)
        return statSync(path).isFile()
      } catch {
        return false
      }
    },
    firstLine: (program, args) =>
      new Promise((resolve) => {
        execFile(program, [...args], { timeout: 5000, maxBuffer: 1024 * 1024 }, (error, stdout, stderr) => {
          // Some say their version on the other stream.
          const [line = ''] = (stdout.trim() === '' ? stderr : stdout).trim().split('\n')
          resolve(error === null ? line : undefined)
        })
      }),
    packageVersion: (name) => versionOfPackage(packageRoot(), name),
  }
}

/** As Node looks for it: in `node_modules` of the folder and of each above. */
function versionOfPackage(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      const { version: found } = JSON.parse(
        readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'),
      ) as { version?: string }
      return found ?? 'unknown version'
    } catch {
      if (dirname(folder) === folder) return undefined
    }
  }
}

/** Looks what of the parts is on this machine. */
import { type Find, type Part, parts } from './parts.js'

export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>
  isProgram(path: string): boolean
  /** First line of what a program says; undefined when it cannot be run or takes longer than some seconds. */
  firstLine(program: string, args: readonly string[]): Promise<string | undefined>
  /** Version of a package that can be imported from perfwright; undefined when it cannot. */
  packageVersion(name: string): string | undefined
}

export interface PartFound {
  readonly part: Part
  /** Null = not there. */
  readonly version: string | null
  readonly where: string | null
}

export async function examine(machine: Machine): Promise<readonly PartFound[]> {
  return await Promise.all(
    parts.map(async (part): Promise<PartFound> => {
      const found = await look(part.find, machine)
      return { part, version: found?.version ?? null, where: found?.where ?? null }
    }),
  )
}

interface Found {
  readonly version: string
  readonly where: string
}

async function look(find: Find, machine: Machine): Promise<Found | undefined> {
  if ('package' in find) {
    const version = machine.packageVersion(find.package)
    return version === undefined ? undefined : { version, where: 'node_modules' }
  }
  if ('python' in find) return await lookForModule(find.python, machine)
  const path = programPath(find, machine)
  if (path === undefined) return undefined
  const line = await machine.firstLine(path, [find.versionFlag ?? '--version'])
  return { version: versionIn(line ?? '') ?? 'unknown version', where: path }
}

async function lookForModule(module: string, machine: Machine): Promise<Found | undefined> {
  for (const name of ['python3', 'python']) {
    const program = onPath(name, machine)
    if (program === undefined) continue
    const code = `import importlib.metadata as m; print(m.version(${JSON.stringify(module)}))`
    const version = versionIn((await machine.firstLine(program, ['-c', code])) ?? '')
    if (version !== undefined) return { version, where: program }
  }
  return undefined
}

function programPath(find: Extract<Find, { program: unknown }>, machine: Machine): string | undefined {
  const named = find.variable === undefined ? undefined : machine.env[find.variable]
  if (named !== undefined && named !== '')
    return named.includes('/') ? existing(named, machine) : onPath(named, machine)
  for (const name of find.program) {
    const path = onPath(name, machine)
    if (path !== undefined) return path
  }
  return find.places?.find((place) => machine.isProgram(place))
}

function onPath(name: string, machine: Machine): string | undefined {
  return (machine.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => `${folder}/${name}`)
    .find((path) => machine.isProgram(path))
}

function existing(path: string, machine: Machine): string | undefined {
  return machine.isProgram(path) ? path : undefined
}

/** `k6 v1.8.1 (go1.26, linux/amd64)` -> 1.8.1 */
function versionIn(line: string): string | undefined {
  return /\d+\.\d+(?:\.\d+)?[\w.+-]*/.exec(line)?.[0]
}

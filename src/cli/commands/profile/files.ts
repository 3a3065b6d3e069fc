/** `profile show` and `profile convert`. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode } from '#base/errors.js'
import type { Profile } from '#profile/model.js'
import { renderPage } from '#profile/page/render.js'
import { readProfile } from '#profile/read/index.js'
import { writeProfile } from '#profile/write/index.js'
import type { CommandIo } from '../../command.js'
import { openFile } from '../../open-file.js'
import { printTable } from './table.js'
import { orUsage, rowLimit, usage } from './usage.js'

export async function show(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parse(argv)
  const profile = await load(positionals, 1, io)
  const options = {
    value: valueIndex(profile, values.value),
    limit: rowLimit(values.limit),
    json: values.json === true,
  }
  printTable(profile, options, io)
  if (values.open === true) await showPage(profile, positionals[0] as string, io)
  return ExitCode.ok
}

/** The flame graph as a page of its own beside the person's other temporary files. */
async function showPage(profile: Profile, name: string, io: CommandIo): Promise<void> {
  const file = join(await mkdtemp(join(tmpdir(), 'perfwright-flame-')), 'flame.html')
  await writeFile(file, renderPage(profile, basename(name)))
  const opened = await openFile(file, io.env)
  io.stderr.write(opened ? `opened ${file}\n` : `no browser was found; the page is ${file}\n`)
}

export async function convert(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parse(argv)
  const profile = await load(positionals, 2, io)
  const out = positionals[1] as string
  const written = await writeProfile(profile, {
    title: basename(positionals[0] as string),
    out,
    to: values.to,
    value: valueIndex(profile, values.value),
  })
  await writeFile(resolve(io.cwd, out), written).catch((error: Error) => {
    throw usage(`Cannot write ${out}: ${error.message}`, 'give a file in a folder that exists and can be written')
  })
  for (const note of profile.notes) io.stderr.write(`note: ${note}\n`)
  return ExitCode.ok
}

interface FileFlags {
  readonly values: {
    readonly limit?: string | undefined
    readonly value?: string | undefined
    readonly to?: string | undefined
    readonly json?: boolean | undefined
    readonly open?: boolean | undefined
  }
  readonly positionals: readonly string[]
}

function parse(argv: readonly string[]): FileFlags {
  return orUsage(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        limit: { type: 'string', short: 'n' },
        value: { type: 'string' },
        to: { type: 'string' },
        json: { type: 'boolean' },
        open: { type: 'boolean' },
      },
    }),
  )
}

async function load(positionals: readonly string[], wanted: number, io: CommandIo): Promise<Profile> {
  const file = positionals[0]
  if (file === undefined || positionals.length !== wanted) {
    throw usage(
      `${wanted === 1 ? 'One file is' : 'Two files are'} needed, ${positionals.length} given.`,
      'see perfwright profile --help',
    )
  }
  // What `perfwright profile` and `run --profile` leave is a folder.
  const bundled = resolve(io.cwd, file, 'profile.pb.gz')
  const path = existsSync(bundled) ? bundled : resolve(io.cwd, file)
  const bytes = await readFile(path).catch((error: Error) => {
    throw usage(`Cannot read ${file}: ${error.message}`, 'give a file that exists and can be read')
  })
  return readProfile(bytes, file)
}

function valueIndex(profile: Profile, name: string | undefined): number {
  if (name === undefined) return profile.mainValue
  const index = profile.valueTypes.findIndex(({ type }) => type === name)
  if (index >= 0) return index
  const names = profile.valueTypes.map(({ type }) => type).join(', ')
  throw usage(`The profile has no value "${name}".`, `use one of ${names}`)
}

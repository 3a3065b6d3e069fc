/** `perfwright report RECORD`: what a record says, for people and for machines. */
import { createWriteStream, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { readRecord } from '#record/index.js'
import { renderReport, reportFormats } from '#report/index.js'
import type { Command, CommandIo } from '../command.js'
import { openFile } from '../open-file.js'

export const reportCommand: Command = {
  name: 'report',
  summary: 'show a run record as a page, or as md, json or csv',
  async run(argv, io) {
    const flags = parse(argv, io)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    const record = await readRecord(recordDir(flags.record, io.cwd))
    for (const format of flags.formats) {
      const text = renderReport(record, format, { series: flags.series, language: flags.language })
      const path = pathOf(flags, format, io.cwd)
      if (path === undefined) await print(text, io.stdout)
      else await save(text, path, io)
      if (flags.open && path !== undefined && format === 'html' && !(await openFile(path, io.env)))
        io.stderr.write(`no browser could be started: open ${path} yourself\n`)
    }
    for (const { what, why } of record.missing)
      io.stderr.write(`missing in the record: ${plain(what)} (${plain(why)})\n`)
    return record.missing.length === 0 ? ExitCode.ok : ExitCode.partialData
  },
}

const HELP = `Shows a run record.

Usage: perfwright report [RECORD] [flags]

RECORD is the folder of a run, which holds run.json; left out, or "latest", the newest below .perfwright/runs.

Flags:
      --format LIST   ${Object.keys(reportFormats).join(', ')}, or several with commas (default md)
      --json          the same as --format json
      --lang LANGUAGE words of html, md and junit: en, tr (default PERFWRIGHT_LANG, else en)
      --open          show the html report in a browser
      --series        every second of the run too (json, csv, parquet)
      --output DIR    write report.html, report.md, ... into a folder, which is made where there is none
  -o, --out FILE      write to a file; with several formats, to FILE.json, FILE.csv, ...
  -h, --help          this text

Exit codes: 0; 2 when there is no readable record; 35 when the record is not whole (what is missing goes to standard error).

Examples:
  perfwright report --format html -o report.html --open
  perfwright report --format html,junit --output reports
  perfwright report .perfwright/runs/20261122T120000Z-checkout --format json,csv -o checkout
`

interface ReportFlags {
  readonly help: boolean
  readonly record: string | undefined
  readonly formats: readonly string[]
  readonly series: boolean
  readonly out: string | undefined
  readonly output: string | undefined
  readonly language: string
  readonly open: boolean
}

function parse(argv: readonly string[], io: CommandIo): ReportFlags {
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(argv)
  } catch (error) {
    throw usage((error as Error).message)
  }
  const { values, positionals } = parsed
  if (positionals.length > 1) throw usage(`one record at a time, not ${positionals.length}`)
  const formats =
    values.json === true ? ['json'] : [...new Set((values.format ?? 'md').split(',').map((name) => name.trim()))]
  for (const name of formats) {
    if (!Object.hasOwn(reportFormats, name))
      throw usage(`there is no report format "${name}"; there are ${Object.keys(reportFormats).join(', ')}`)
  }
  const { out, output, open = false } = values
  if (out !== undefined && output !== undefined) throw usage('either -o FILE or --output DIR, not both')
  const isWritten = out !== undefined || output !== undefined
  if (formats.length > 1 && !isWritten && values.help !== true)
    throw usage('several formats need a place: -o NAME or --output DIR')
  if (open && (!isWritten || !formats.includes('html')))
    throw usage('--open shows the page that was written: --format html with -o FILE or --output DIR')
  return {
    help: values.help === true,
    record: positionals[0],
    formats,
    series: values.series === true,
    out,
    output,
    language: values.lang ?? (io.env['PERFWRIGHT_LANG'] || 'en'),
    open,
  }
}

// The result's type is long and says nothing that the options do not.
function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      format: { type: 'string' },
      json: { type: 'boolean' },
      series: { type: 'boolean' },
      out: { type: 'string', short: 'o' },
      output: { type: 'string' },
      lang: { type: 'string' },
      open: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_REPORT_USAGE',
    message,
    fix: 'perfwright report --help lists the flags',
    exitCode: ExitCode.usage,
  })
}

/** Folder names begin with the time, so the last one is the newest. */
function recordDir(given: string | undefined, cwd: string): string {
  if (given !== undefined && given !== 'latest') return resolve(cwd, given)
  const runs = join(cwd, '.perfwright', 'runs')
  let names: string[] = []
  try {
    names = readdirSync(runs, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch {
    // No folder is no record.
  }
  const newest = names.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1)
  if (newest === undefined) throw usage(`there is no record below ${runs}`)
  return join(runs, newest)
}

/** Undefined for standard output. @throws PW_REPORT_WRITE when the folder cannot be made */
function pathOf({ out, output, formats }: ReportFlags, format: string, cwd: string): string | undefined {
  const ending = format === 'junit' ? 'xml' : format
  if (output !== undefined) {
    const folder = resolve(cwd, output)
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      throw unwritable(error as Error, folder)
    }
    return join(folder, `report.${ending}`)
  }
  if (out === undefined) return undefined
  const path = resolve(cwd, out)
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  if (isFolder) return join(path, `report.${ending}`)
  return formats.length === 1 ? path : `${path}.${ending}`
}

async function save(text: AsyncIterable<string | Uint8Array>, path: string, io: CommandIo): Promise<void> {
  try {
    await pipeline(Readable.from(text), createWriteStream(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined || error instanceof PerfwrightError) throw error
    throw unwritable(error as Error, path)
  }
  io.stderr.write(`report written to ${path}\n`)
}

function unwritable(cause: Error, path: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_REPORT_WRITE',
    message: `The report cannot be written: ${cause.message}.`,
    where: path,
    fix: 'name another file with -o, or another folder with --output',
    exitCode: ExitCode.targetUnusable,
    cause,
  })
}

async function print(text: AsyncIterable<string | Uint8Array>, stdout: CommandIo['stdout']): Promise<void> {
  // A reader that has gone away (`| head`) has seen what it wanted.
  let gone = false
  const onError = (): void => {
    gone = true
  }
  stdout.on('error', onError)
  for await (const piece of text) {
    if (gone) break
    await new Promise<void>((resolve) => stdout.write(piece as string, () => resolve()))
  }
  stdout.removeListener('error', onError)
}

function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}

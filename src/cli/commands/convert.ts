/** `perfwright convert INPUT`: a recording or a description of HTTP traffic as a k6 script. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { convert, formats, type ConvertOptions, type Conversion, type Format } from '#convert/index.js'
import type { Command } from '../command.js'

export const convertCommand: Command = {
  name: 'convert',
  summary: 'turn a HAR, OpenAPI, Postman, curl or access log into a k6 script',
  async run(argv, io) {
    const flags = parse(argv)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    const name = flags.input === '-' ? 'stdin' : basename(flags.input)
    const bytes = flags.input === '-' ? await readAll(io.stdin) : readInput(resolve(io.cwd, flags.input), flags.input)
    const conversion = await convert(bytes, name, flags.from, flags.options)
    if (flags.out === undefined) io.stdout.write(conversion.text)
    else save(resolve(io.cwd, flags.out), conversion.text, flags.force)
    io.stderr.write(describe(conversion, flags.out))
    return ExitCode.ok
  },
}

const HELP = `Turns a recording or a description of HTTP traffic into a readable k6 script in TypeScript.

Usage: perfwright convert INPUT [flags]

INPUT is a file or - for standard input, gzip or plain: a HAR recording (browsers: network tab, "Save all as HAR"), an
OpenAPI 3 document (JSON, YAML), a Postman collection (v2.0, v2.1), curl command lines, or an access log (Apache, nginx).

Flags:
      --from FORMAT       ${formats.join(', ')}; left out, told by the input's look
  -o, --out FILE          write the script there (default: standard output)
      --force             overwrite it
      --hosts LIST        hosts to keep, with commas: shop.example, *.shop.example, * (default: the site of the first page)
      --keep-static       keep images, styles, scripts, fonts
      --max-think SECONDS longest pause that is kept (default 30)
      --no-think          no pauses
      --base-url URL      the host, for inputs that name none
      --journeys N        access log: at most so many journeys (default 5)
      --session-gap SEC   access log: a client that was silent for longer comes anew (default 1800)
      --rates             access log: its rate by time of day as stages
  -h, --help              this text

Secrets (passwords, tokens, cookies) do not get into the script: it asks for them by -e NAME=value.

Exit codes: 0; 2 when the input cannot be read or holds no request.

Examples:
  perfwright convert shop.har -o shop.ts && perfwright run shop.ts -e PASSWORD=... --vus 1 --iterations 1
  pbpaste | perfwright convert - --from curl
  perfwright convert access.log --rates --base-url https://shop.example -o traffic.ts
`

interface ConvertFlags {
  readonly help: boolean
  readonly input: string
  readonly from: Format | undefined
  readonly out: string | undefined
  readonly force: boolean
  readonly options: ConvertOptions
}

function parse(argv: readonly string[]): ConvertFlags {
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(argv)
  } catch (error) {
    throw usage((error as Error).message)
  }
  const { values, positionals } = parsed
  const help = values.help === true
  const [input = ''] = positionals
  if (!help && positionals.length !== 1) throw usage(`convert takes one input, not ${positionals.length}`)
  const from = formats.find((format) => format === values.from)
  if (values.from !== undefined && from === undefined)
    throw usage(`there is no format "${values.from}"; there are ${formats.join(', ')}`)
  const baseUrl = values['base-url']
  if (baseUrl !== undefined && !/^https?:\/\/[^/]/.test(baseUrl)) throw usage(`--base-url is no http URL: ${baseUrl}`)
  return {
    help,
    input,
    from,
    out: values.out,
    force: values.force === true,
    options: {
      keepStatic: values['keep-static'] === true,
      hosts: values.hosts?.flatMap((list) => list.split(',')).filter((host) => host.trim() !== ''),
      maxThinkS: values['no-think'] === true ? 0 : number('--max-think', values['max-think'], 30),
      sessionGapS: number('--session-gap', values['session-gap'], 1800),
      journeys: Math.max(1, Math.floor(number('--journeys', values.journeys, 5))),
      rates: values.rates === true,
      baseUrl: baseUrl?.replace(/\/+$/, ''),
    },
  }
}

// The result's type is long and says nothing that the options do not.
function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      out: { type: 'string', short: 'o' },
      force: { type: 'boolean' },
      hosts: { type: 'string', multiple: true },
      'keep-static': { type: 'boolean' },
      'max-think': { type: 'string' },
      'no-think': { type: 'boolean' },
      'base-url': { type: 'string' },
      journeys: { type: 'string' },
      'session-gap': { type: 'string' },
      rates: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

function number(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw usage(`${flag} takes a number, not "${text}"`)
  return value
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONVERT_USAGE',
    message,
    fix: 'perfwright convert --help lists the flags',
    exitCode: ExitCode.usage,
  })
}

function readInput(path: string, name: string): Uint8Array {
  try {
    // Read to the end at once: sizes are bounded by what the conversion takes, and by Node below 2 GiB.
    if (statSync(path).isDirectory()) throw new Error('it is a folder')
    return readFileSync(path)
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_CONVERT_INPUT',
      message: `The input cannot be read: ${(error as Error).message}.`,
      where: name,
      fix: 'check the path; - reads standard input',
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
}

async function readAll(stdin: NodeJS.ReadableStream): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function save(path: string, text: string, force: boolean): void {
  try {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new PerfwrightError({
      code: 'PW_CONVERT_WRITE',
      message: exists ? 'The file is there already.' : `The script cannot be written: ${(error as Error).message}.`,
      where: path,
      fix: exists ? '--force overwrites it' : 'name another file with -o',
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
}

/** What happened, for standard error. */
function describe({ format, summary }: Conversion, out: string | undefined): string {
  const journeys = summary.journeys === 1 ? '' : ` in ${summary.journeys} journeys`
  const lines = [`${summary.kept} requests${journeys} from ${format}${out === undefined ? '' : ` written to ${out}`}`]
  const list = (title: string, items: readonly string[]): void => {
    for (const item of items.slice(0, 20)) lines.push(`  ${title} ${plain(item)}`)
    if (items.length > 20) lines.push(`  ${title} and ${items.length - 20} more`)
  }
  list('dropped   ', summary.dropped)
  list('correlated', summary.correlated)
  list('secret    ', summary.secrets)
  list('file      ', summary.files)
  list('note      ', summary.notes)
  if (summary.secrets.length > 0) lines.push('Secrets are not in the script: give each with -e NAME=value.')
  return `${lines.join('\n')}\n`
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
}

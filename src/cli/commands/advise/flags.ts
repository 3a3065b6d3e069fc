/** The command line of `perfwright advise`. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { advisors } from '#advise/index.js'
import type { DatabaseAt } from '#advise/types.js'
import { parseGoDuration } from '#base/duration.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { CommandIo } from '../../command.js'

export interface AdviseFlags {
  readonly help: boolean
  readonly explain: boolean
  readonly json: boolean
  readonly format: 'text' | 'md' | 'json'
  readonly record: string | undefined
  readonly databases: readonly DatabaseAt[]
  readonly targetCommand: string | undefined
  readonly requests: readonly string[]
  readonly headers: readonly string[]
  readonly body: string | undefined
  readonly listen: readonly string[]
  readonly login: string | undefined
  /** Other HTTP services that the target calls. */
  readonly calls: readonly string[]
  readonly load: string | undefined
  /** Flags of `perfwright run` for it. */
  readonly loadArgs: readonly string[]
  readonly source: string | undefined
  readonly scratch: string | undefined
  readonly only: readonly string[] | undefined
  readonly stalenessS: ReadonlyMap<string, number>
  readonly rounds: number
  readonly seed: number
  readonly failOn: 'warning' | 'critical' | undefined
}

export const HELP = `Says what to change in database, cache and API: where, why, the text of the change, what it gains and costs, and whether
that was tried. Reads only: nothing is written to a database unless --scratch names a server for copies.

Usage: perfwright advise [RECORD] [flags]

RECORD is the folder of a run ("latest": the newest below .perfwright/runs); the advice goes into its findings.json.

Flags:
      --record DIR         the same as RECORD
      --db URI             a database that the target uses: postgres://, mysql://, redis://, mongodb:// (repeatable; --observe
                           is the same)
      --target-cmd CMD     start the target with CMD, its databases behind our wire proxies: DATABASE_URL, PGHOST, PGPORT,
                           MYSQL_HOST, MYSQL_PORT, REDIS_URL, MONGODB_URI and every variable that names a --db are rewritten
      --url URL            a request to probe, "POST http://..." for another method than GET (repeatable); sent one at a
                           time, so that every statement belongs to its request
      --header 'N: V'      a header of every probe (repeatable)
      --body TEXT          body of the probes that are no GET
      --login 'POST URL BODY'   sent first; its cookies or its token go with every probe
      --calls URL          another HTTP service that the target calls: variables that name it are rewritten too (repeatable)
      --listen PORT        port of the proxy of the --db of the same place, for a target that you start yourself
      --rounds N           requests of each probe (default 5)
      --load SCRIPT        also run this k6 script through the proxies: how often each read repeats, for caching
      --load-args 'FLAGS'  flags of perfwright run for it: '--vus 5 --duration 90s'
      --source DIR         where the target's code lies (default: the working directory), for its ORM and call sites
      --staleness [GLOB=]DURATION   how old an answer may be, for caching ("/products*=60s"; repeatable)
      --scratch URI        a server on which databases of our own may be made, to try a change on a copy
      --only LIST          these advisers only
      --explain            what each adviser looks at and when it speaks
      --format text|md|json
      --json               the same as --format json
      --fail-on LEVEL      exit with 31 when there is advice of this severity or worse: warning, critical
  -h, --help               this text

Exit codes: 0 whatever was found, unless --fail-on asks for 31; 2 usage; 34 a target or database that cannot be used, or a
target that never came through the proxy.

Examples:
  perfwright advise latest --db postgres://app@127.0.0.1/shop
  perfwright advise --db postgres://app@127.0.0.1/shop --target-cmd 'node server.js' --url 'http://127.0.0.1:3000/orders?limit=10'
  perfwright advise --db redis://127.0.0.1 --format md
`

/** @throws PW_ADVISE_USAGE */
export function parseAdviseFlags(argv: readonly string[], io: CommandIo): AdviseFlags {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(argv)
  } catch (error) {
    throw usage((error as Error).message)
  }
  const { values, positionals } = parsed
  if (positionals.length > 1) throw usage(`one record at a time, not ${positionals.length}`)
  const only = values.only?.flatMap((list) => list.split(',')).map((name) => name.trim())
  const names = advisors.map(({ name }) => name)
  for (const name of only ?? [])
    if (!names.includes(name)) throw usage(`there is no adviser "${name}"; there are ${names.join(', ')}`)
  const failOn = values['fail-on']
  if (failOn !== undefined && failOn !== 'warning' && failOn !== 'critical')
    throw usage(`--fail-on takes warning or critical, not "${failOn}"`)
  const format = values.json === true ? 'json' : (values.format ?? 'text')
  if (format !== 'text' && format !== 'md' && format !== 'json')
    throw usage(`--format takes text, md or json, not "${format}"`)
  const record = values.record ?? positionals[0]
  const databases = [...(values.db ?? []), ...(values.observe ?? [])].map(databaseOf)
  const flags: AdviseFlags = {
    help: values.help === true,
    explain: values.explain === true,
    json: format === 'json',
    format,
    record: record === 'latest' ? newestRecord(io.cwd) : record,
    databases,
    targetCommand: values['target-cmd'],
    requests: values.url ?? [],
    headers: values.header ?? [],
    body: values.body,
    listen: values.listen ?? [],
    login: values.login,
    calls: values.calls ?? [],
    load: values.load,
    loadArgs: (values['load-args'] ?? '').split(/\s+/).filter((word) => word !== ''),
    source: values.source,
    scratch: values.scratch,
    only,
    stalenessS: stalenessOf(values.staleness ?? []),
    rounds: wholeOf('--rounds', values.rounds ?? '5', 1, 1000),
    seed: wholeOf('--seed', values.seed ?? '1', 0, 2 ** 31),
    failOn,
  }
  if (flags.help || flags.explain) return flags
  for (const port of flags.listen) wholeOf('--listen', port, 0, 65_535)
  for (const url of flags.calls)
    if (!URL.canParse(url) || !/^https?:/.test(url)) throw usage(`--calls takes http://host:port, not "${url}"`)
  if (flags.record === undefined && databases.length === 0 && flags.requests.length === 0)
    throw usage('there is nothing to look at: name a record, a --db or a --url')
  return flags
}

// The result's type is long and says nothing that the options do not.
function parse(argv: readonly string[]) {
  return parseArgs({
    args: joined(argv),
    allowPositionals: true,
    options: {
      record: { type: 'string' },
      db: { type: 'string', multiple: true },
      observe: { type: 'string', multiple: true },
      'target-cmd': { type: 'string' },
      url: { type: 'string', multiple: true },
      header: { type: 'string', multiple: true },
      body: { type: 'string' },
      listen: { type: 'string', multiple: true },
      login: { type: 'string' },
      calls: { type: 'string', multiple: true },
      load: { type: 'string' },
      'load-args': { type: 'string' },
      source: { type: 'string' },
      staleness: { type: 'string', multiple: true },
      scratch: { type: 'string' },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      explain: { type: 'boolean' },
      format: { type: 'string' },
      json: { type: 'boolean' },
      'fail-on': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

/** The flags of `--load-args` begin with dashes, which would be taken for ours. */
function joined(argv: readonly string[]): string[] {
  const at = argv.indexOf('--load-args')
  return at < 0 || at + 1 >= argv.length ? [...argv] : argv.toSpliced(at, 2, `--load-args=${argv[at + 1]}`)
}

const kinds: Readonly<Record<string, DatabaseAt['kind']>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  redis: 'redis',
  valkey: 'redis',
  mongodb: 'mongodb',
}

function databaseOf(uri: string): DatabaseAt {
  const scheme = /^([a-z+]+):\/\//.exec(uri)?.[1]
  const kind = scheme === undefined ? undefined : kinds[scheme]
  if (kind === undefined)
    throw usage(`--db takes postgres://, mysql://, redis:// or mongodb://, not "${uri.replace(/:[^:@/]*@/, ':***@')}"`)
  return { kind, uri }
}

function stalenessOf(list: readonly string[]): Map<string, number> {
  return new Map(
    list.map((one) => {
      const at = one.lastIndexOf('=')
      const age = parseGoDuration(one.slice(at + 1))
      if ('error' in age || age.ns <= 0) throw usage(`--staleness takes 60s or "/path*=60s", not "${one}"`)
      return [at < 0 ? '*' : one.slice(0, at), age.ns / 1e9]
    }),
  )
}

function wholeOf(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw usage(`${flag} takes a whole number from ${min} to ${max}`)
}

export function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_ADVISE_USAGE',
    message,
    fix: 'perfwright advise --help lists the flags',
    exitCode: ExitCode.usage,
  })
}

/** Folder names begin with the time, so the last one is the newest. */
function newestRecord(cwd: string): string {
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

/** Copies a database by PostgreSQL's own programs: whole, or its schema with a sample of its rows. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { clean } from '#diagnose/finding.js'
import { Session } from './session.js'
import { ident } from './sql/print.js'

/** pg_dump | pg_restore. */
export async function copyWhole(from: string, to: string, signal: AbortSignal): Promise<void> {
  await piped(
    [program('pg_dump'), ['--format=custom', '--compress=0', '--no-owner', '--no-privileges'], from],
    [program('pg_restore'), ['--no-owner', '--no-privileges', '--dbname', databaseOf(to)], to],
    signal,
    true,
  )
}

/** Keys and constraints come after the rows; a foreign key whose other row is not in the sample is left out. */
export async function copyBySample(from: string, to: string, rows: number, signal: AbortSignal): Promise<void> {
  await copySection('pre-data', from, to, signal)
  const session = await Session.open(from, { statementTimeoutMs: 60_000 })
  try {
    const tables = await session.query<{ schema: string; name: string; rows: number; columns: string[] }>(
      `select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::float8 as rows,
         array(select attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and a.attgenerated = '' order by a.attnum) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
         and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')`,
    )
    for (const table of tables) {
      const place = `${ident(table.schema)}.${ident(table.name)}`
      const columns = table.columns.map(ident).join(', ')
      const share = Math.min(100, (rows / Math.max(1, table.rows)) * 100)
      const sample = share >= 100 ? '' : ` tablesample system (${share.toFixed(6)})`
      await piped(
        [
          program('psql'),
          ['-X', '-q', '-c', `copy (select ${columns} from only ${place}${sample} limit ${rows}) to stdout`],
          from,
        ],
        [program('psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', `copy ${place} (${columns}) from stdin`], to],
        signal,
        true,
      )
    }
  } finally {
    await session.close()
  }
  await copySection('post-data', from, to, signal)
}

async function copySection(section: string, from: string, to: string, signal: AbortSignal): Promise<void> {
  await piped(
    [program('pg_dump'), ['--format=custom', `--section=${section}`, '--no-owner', '--no-privileges'], from],
    [program('pg_restore'), [`--section=${section}`, '--no-owner', '--no-privileges', '--dbname', databaseOf(to)], to],
    signal,
    false,
  )
}

type Side = readonly [program: string, args: readonly string[], uri: string]

/** @param isStrict  whether what the second program complains of ends it all (pg_restore answers 1 for what it could not restore) */
async function piped(from: Side, to: Side, signal: AbortSignal, isStrict: boolean): Promise<void> {
  const reader = started(from, signal)
  const writer = started(to, signal)
  reader.child.stdout?.pipe(writer.child.stdin as NodeJS.WritableStream)
  writer.child.stdin?.on('error', () => reader.child.kill())
  const [left, right] = await Promise.all([reader.ended, writer.ended])
  signal.throwIfAborted()
  if (left !== 0) throw failed(from[0], reader.said())
  // An extension or a comment that the role may not restore changes no plan of the application's statements.
  const isHarmless = to[0].endsWith('pg_restore') && !/copy|data for table/i.test(writer.said())
  if (right !== 0 && isStrict && !isHarmless) throw failed(to[0], writer.said())
}

function started(
  [file, args, uri]: Side,
  signal: AbortSignal,
): { readonly child: ChildProcess; readonly ended: Promise<number | null>; said(): string } {
  // The address goes by the environment: arguments can be read by everybody on the machine.
  const child = spawn(file, [...args], { env: { ...process.env, ...environmentOf(uri) }, signal, stdio: 'pipe' })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      said += error.message
      resolve(-1)
    })
    child.once('close', resolve)
  })
  return { child, ended, said: () => said }
}

function failed(file: string, said: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_ADVISE_SCRATCH',
    message: `${file} could not copy the database: ${clean(said).trim() || 'it said nothing'}.`,
    fix: 'The role needs to read every table (grant pg_read_all_data to it), and pg_dump must be as new as the server.',
    exitCode: ExitCode.targetUnusable,
  })
}

function environmentOf(uri: string): Record<string, string> {
  const url = new URL(uri)
  const mode = url.searchParams.get('sslmode')
  return {
    PGHOST: url.hostname || '127.0.0.1',
    PGPORT: url.port || '5432',
    PGDATABASE: databaseOf(uri),
    PGAPPNAME: 'perfwright',
    ...(url.username === '' ? {} : { PGUSER: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { PGPASSWORD: decodeURIComponent(url.password) }),
    ...(mode === null ? {} : { PGSSLMODE: mode }),
  }
}

function databaseOf(uri: string): string {
  return decodeURIComponent(new URL(uri).pathname.slice(1))
}

/** From PATH, else the newest of Debian's folders. @throws PW_ADVISE_SCRATCH with the line that installs it */
function program(name: string): string {
  const base = '/usr/lib/postgresql'
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(base, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new PerfwrightError({
    code: 'PW_ADVISE_SCRATCH',
    message: `A copy of the database needs ${name}, which is not on this machine.`,
    fix: 'apt-get install postgresql-client',
    exitCode: ExitCode.targetUnusable,
  })
}

/**
 * A copy of a database on which changes are tried, and which is gone afterwards. Nothing is ever changed in a database
 * that was not made here: a scratch is known by its name and by the comment that it was given.
 */
import type { Clock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Random } from '#base/random.js'
import { bytes } from '#diagnose/finding.js'
import { copyBySample, copyWhole } from './copy.js'
import { Session } from './session.js'
import { ident, literal } from './sql/print.js'

const NAME = /^perfwright_scratch_[0-9a-f]{12}$/
const COMMENT = 'made by perfwright to try changes on; may be dropped'
/** A larger database is not dumped and restored but sampled; a copy by template has no such bound. */
const MAX_DUMP_BYTES = 2e9
/** A copy by template is written at some 300 MB/s. */
const MAX_TEMPLATE_BYTES = 20e9
const SAMPLE_ROWS = 1_000_000

export interface ScratchOptions {
  /** The database to copy; it is read and nothing more. */
  readonly source: string
  /** A server on which the role may create databases; it may be the source's own. Its database is only connected to. */
  readonly server: string
  /**
   * `template`: CREATE DATABASE ... TEMPLATE, exact, on the same server and only while nobody is connected to the source;
   * `dump`: pg_dump and pg_restore; `sample`: schema, and at most a million rows of each table. `auto`: the first that can.
   */
  readonly mode?: 'auto' | ScratchMode
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

export type ScratchMode = 'template' | 'dump' | 'sample'

export interface Scratch {
  readonly uri: string
  readonly database: string
  readonly mode: ScratchMode
  /** "a copy by template, 1.2 GB in 1.5 s" */
  readonly how: string
  /** Drops the database, with whoever is still connected to it. Safe to call twice. */
  close(): Promise<void>
}

/** @throws PerfwrightError PW_ADVISE_SCRATCH when no copy could be made; what was begun is dropped */
export async function makeScratch(options: ScratchOptions): Promise<Scratch> {
  const { source, server, clock, progress } = options
  const startNs = clock.nowNs()
  const admin = await Session.open(server, { statementTimeoutMs: 600_000, isWritable: true })
  const database = `perfwright_scratch_${hexDigits(options.random, 12)}`
  const uri = withDatabase(server, database)
  let isMade = false
  try {
    const size = await sizeOf(source)
    const mode = await modeFor(options, admin, size)
    progress(`copying the database (${bytes(size)}, by ${mode})`)
    const template = mode === 'template' ? databaseOf(source) : 'template0'
    await admin.query(`create database ${ident(database)} template ${ident(template)}`)
    isMade = true
    await admin.query(`comment on database ${ident(database)} is ${literal(COMMENT)}`)
    if (mode === 'dump') await copyWhole(source, uri, options.signal)
    if (mode === 'sample') await copyBySample(source, uri, SAMPLE_ROWS, options.signal)
    if (mode !== 'template') await analyzed(uri)
    options.signal.throwIfAborted()
    const seconds = ((clock.nowNs() - startNs) / 1e9).toFixed(1)
    const what = mode === 'sample' ? `at most ${SAMPLE_ROWS.toLocaleString('en-US')} rows of each table` : bytes(size)
    return {
      uri,
      database,
      mode,
      how: `a copy by ${mode}, ${what}, in ${seconds} s`,
      close: () => dropScratch(server, database),
    }
  } catch (error) {
    if (isMade) await dropScratch(server, database).catch(() => {})
    if (error instanceof PerfwrightError && error.code === 'PW_ADVISE_SCRATCH') throw error
    throw new PerfwrightError({
      code: 'PW_ADVISE_SCRATCH',
      message: `No copy of the database could be made: ${(error as Error).message}`,
      fix: 'Give --scratch a server where the role may create databases (alter role ... createdb), with the client programs pg_dump and pg_restore on this machine; or stop the application, so that a copy by template works.',
      exitCode: ExitCode.targetUnusable,
      cause: error,
    })
  } finally {
    await admin.close()
  }
}

/**
 * For whoever is about to change something there.
 * @throws PerfwrightError PW_ADVISE_NOTSCRATCH unless the database was made by `makeScratch`
 */
export async function assertScratch(uri: string): Promise<void> {
  const session = await Session.open(uri, { statementTimeoutMs: 5000 })
  try {
    if (await isOurs(session, session.database)) return
    throw new PerfwrightError({
      code: 'PW_ADVISE_NOTSCRATCH',
      message: `${session.place} is not a scratch database of perfwright: nothing is changed there.`,
      fix: 'Name a server by --scratch; perfwright makes its own copy on it.',
      exitCode: ExitCode.usage,
    })
  } finally {
    await session.close()
  }
}

async function dropScratch(server: string, database: string): Promise<void> {
  const admin = await Session.open(server, { statementTimeoutMs: 60_000, isWritable: true })
  try {
    if (!NAME.test(database)) return
    // Without its comment, which is given right after its making, it was left half-made by us.
    await admin.query(`drop database if exists ${ident(database)} with (force)`)
  } finally {
    await admin.close()
  }
}

async function isOurs(session: Session, database: string): Promise<boolean> {
  const [row] = await session.query<{ comment: string | null }>(
    `select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`,
    [database],
  )
  return NAME.test(database) && row?.comment === COMMENT
}

async function modeFor(options: ScratchOptions, admin: Session, size: number): Promise<ScratchMode> {
  const { mode = 'auto', source, server } = options
  if (mode !== 'auto') return mode
  if (placeOf(source) === placeOf(server) && size <= MAX_TEMPLATE_BYTES) {
    const [row] = await admin.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()`,
      [databaseOf(source)],
    )
    if (row?.others === 0) return 'template'
  }
  return size <= MAX_DUMP_BYTES ? 'dump' : 'sample'
}

async function sizeOf(source: string): Promise<number> {
  const session = await Session.open(source, { statementTimeoutMs: 30_000 })
  try {
    const [row] = await session.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes')
    return row?.bytes ?? 0
  } finally {
    await session.close()
  }
}

async function analyzed(uri: string): Promise<void> {
  const session = await Session.open(uri, { statementTimeoutMs: 600_000, isWritable: true })
  try {
    await session.query('vacuum analyze')
  } finally {
    await session.close()
  }
}

function withDatabase(uri: string, database: string): string {
  const url = new URL(uri)
  url.pathname = `/${database}`
  return url.href
}

function databaseOf(uri: string): string {
  const { pathname, username } = new URL(uri)
  return decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username)
}

function placeOf(uri: string): string {
  const { hostname, port } = new URL(uri)
  return `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port || 5432}`
}

function hexDigits(random: Random, count: number): string {
  return Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('')
}

/**
 * The embedded PostgreSQL (PGlite: PostgreSQL compiled to WebAssembly), seeded, in memory. The seeded data directory is
 * kept as a compressed tarball in the cache folder, named by what it was made from, and every start unpacks a fresh copy:
 * nothing that a run writes or a kill -9 breaks is there on the next start.
 */
import { createHash, pbkdf2Sync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { pg_stat_statements } from '@electric-sql/pglite/contrib/pg_stat_statements'
import { demoPassword, passwordRounds, passwordSalt, type ShopSize, seedSql } from './schema.js'

export interface EmbeddedOptions {
  readonly size: ShopSize
  /** Where the tarball is kept; undefined for no cache. */
  readonly cacheDir: string | undefined
  readonly progress: (message: string) => void
}

export function defaultCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'perfwright')
}

/** A database that answers queries, seeded to `size`. A cache that cannot be read or written costs time, not the start. */
export async function openShopDatabase(options: EmbeddedOptions): Promise<PGlite> {
  const { size, progress } = options
  const hash = pbkdf2Sync(demoPassword, passwordSalt, passwordRounds, 32, 'sha512').toString('hex')
  const sql = seedSql(size, hash)
  const cacheFile = options.cacheDir && join(options.cacheDir, `shop-${cacheKey(sql)}.tar.gz`)
  if (cacheFile !== undefined && existsSync(cacheFile)) {
    try {
      progress('loading the seeded database')
      // Unpacked here: PGlite's own unpacking leaves the rejection for a broken file unhandled.
      return await start(new Blob([gunzipSync(readFileSync(cacheFile))], { type: 'application/x-tar' }))
    } catch (error) {
      progress(`the cached database cannot be used (${error instanceof Error ? error.message : String(error)})`)
      rmSync(cacheFile, { force: true })
    }
  }
  progress('creating an empty database')
  const database = await start(undefined)
  progress(`seeding ${size.products} products and ${size.orders} orders`)
  await database.exec(sql)
  await database.exec('vacuum (freeze, analyze)')
  await database.exec('create extension if not exists pg_stat_statements')
  await database.exec('checkpoint')
  if (cacheFile !== undefined) await keep(database, cacheFile, progress)
  return database
}

// Without a write-ahead log for the seed and with as few log segments as PostgreSQL allows, the dump is 9 MB, not 24.
const settings = ['wal_level=minimal', 'max_wal_senders=0', 'min_wal_size=32MB', 'max_wal_size=64MB']

async function start(dataDir: Blob | undefined): Promise<PGlite> {
  const database = new PGlite({
    startParams: [...PGlite.defaultStartParams, ...settings.flatMap((setting) => ['-c', setting])],
    extensions: { pg_stat_statements },
    ...(dataDir === undefined ? {} : { loadDataDir: dataDir }),
  })
  await database.waitReady
  return database
}

function cacheKey(sql: string): string {
  // A data directory is readable only by the PGlite that wrote it or one that is like it.
  const require = createRequire(import.meta.url)
  const main = require.resolve('@electric-sql/pglite')
  const manifest = join(main, '..', '..', 'package.json')
  const version = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
    : ''
  return createHash('sha256').update(`1\n${version}\n${settings.join()}\n${sql}`).digest('hex').slice(0, 16)
}

async function keep(database: PGlite, file: string, progress: (message: string) => void): Promise<void> {
  try {
    progress('keeping the seeded database for the next start')
    const dump = Buffer.from(await (await database.dumpDataDir('gzip')).arrayBuffer())
    mkdirSync(join(file, '..'), { recursive: true })
    // Renamed into place, so that a reader never sees half a file and two writers do not mix.
    const partial = `${file}.${process.pid}`
    writeFileSync(partial, dump)
    renameSync(partial, file)
  } catch (error) {
    progress(`the seeded database could not be kept (${error instanceof Error ? error.message : String(error)})`)
  }
}

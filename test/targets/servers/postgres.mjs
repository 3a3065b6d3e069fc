// A real PostgreSQL on a free port in a temporary folder, with pg_stat_statements, for tests. As root it runs as the user
// `postgres`; nothing of the machine's own clusters is touched.
//   const server = await startPostgres(); ...; await server.stop()
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findProgram, freePort, prepare, serverFolder, serverUser, startServer } from './process.mjs'

const places = ['/usr/lib/postgresql/*/bin', '/usr/local/pgsql/bin', '/opt/homebrew/bin']
const find = (name) => findProgram(name, places)

/** @type {string | undefined} why there is none here, with the line that installs it */
export const postgresMissing =
  find('initdb') && find('postgres') && find('psql')
    ? undefined
    : 'PostgreSQL is not installed: apt-get install postgresql'

/**
 * @param {{ settings?: Record<string, string>, statements?: boolean, bin?: string }} [options]  `settings` of
 *   postgresql.conf; `statements: false` starts without pg_stat_statements preloaded; `bin` is the folder of another
 *   version's programs
 */
export async function startPostgres({ settings = {}, statements = true, bin } = {}) {
  const program = (name) => (bin === undefined ? find(name) : join(bin, name))
  if (postgresMissing) throw new Error(postgresMissing)
  const user = serverUser('postgres')
  const dir = serverFolder('pw-postgres-', user)
  const data = join(dir, 'data')
  const login = 'perfwright'
  prepare(program('initdb'), ['-D', data, '-U', login, '-A', 'trust', '-N', '-E', 'UTF8', '--no-locale'], {
    cwd: dir,
    ...user,
  })
  const port = await freePort()
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: dir,
    // The data is thrown away: only the speed of a start matters.
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    shared_buffers: '32MB',
    ...(statements ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
    ...settings,
  }
  const server = await startServer({
    program: program('postgres'),
    args: ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    dir,
    user,
    // Fast shutdown: does not wait for clients to leave.
    stopSignal: 'SIGINT',
    isReady: (text) => text().includes('ready to accept connections'),
  })
  const url = `postgres://${login}@127.0.0.1:${port}/postgres`
  const sql = (text, database = url) => {
    const done = spawnSync(find('psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', database, '-f', '-'], {
      encoding: 'utf8',
      input: text,
    })
    if (done.status !== 0) throw new Error(`psql: ${done.stderr}`)
    return done.stdout.trim()
  }
  if (statements) sql('create extension pg_stat_statements')
  return {
    url,
    host: '127.0.0.1',
    port,
    user: login,
    database: 'postgres',
    dir,
    data,
    pid: server.pid,
    sql,
    stop: server.stop,
  }
}

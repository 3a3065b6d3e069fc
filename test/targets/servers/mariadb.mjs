// A real MariaDB on a free port in a temporary folder, for tests. As root it runs as the user `mysql`; nothing of the
// machine's own server is touched.
//   const server = await startMariadb(); ...; await server.stop()
import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { findProgram, freePort, prepare, serverFolder, serverUser, startServer } from './process.mjs'

const find = (...names) => names.map((name) => findProgram(name)).find((path) => path !== undefined)
const daemon = () => find('mariadbd', 'mysqld')
const client = () => find('mariadb', 'mysql')

/** @type {string | undefined} why there is none here, with the line that installs it */
export const mariadbMissing =
  daemon() && client() && find('mariadb-install-db')
    ? undefined
    : 'MariaDB is not installed: apt-get install mariadb-server'

/**
 * @param {{ settings?: Record<string, string>, performanceSchema?: boolean }} [options]  `settings` of my.cnf;
 *   MariaDB's own default is without performance_schema
 */
export async function startMariadb({ settings = {}, performanceSchema = false } = {}) {
  if (mariadbMissing) throw new Error(mariadbMissing)
  const user = serverUser('mysql')
  const dir = serverFolder('pw-mariadb-', user)
  const data = join(dir, 'data')
  prepare(
    find('mariadb-install-db'),
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { cwd: dir, ...user },
  )
  const port = await freePort()
  const socket = join(dir, 'sock')
  const all = {
    datadir: data,
    socket,
    port,
    bind_address: '127.0.0.1',
    pid_file: join(dir, 'pid'),
    skip_log_bin: '1',
    innodb_buffer_pool_size: '32M',
    innodb_flush_log_at_trx_commit: '0',
    performance_schema: performanceSchema ? 'ON' : 'OFF',
    ...(performanceSchema
      ? { performance_schema_instrument: 'statement/%=ON', performance_schema_consumer_statements_digest: 'ON' }
      : {}),
    ...settings,
  }
  const server = await startServer({
    program: daemon(),
    args: ['--no-defaults', ...Object.entries(all).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`)],
    dir,
    user,
    isReady: (text) => text().includes('ready for connections') && answers(port),
  })
  const sql = (text) => {
    const done = spawnSync(client(), ['--no-defaults', '-N', '-B', '-u', 'root', '-S', socket], {
      encoding: 'utf8',
      input: text,
    })
    if (done.status !== 0) throw new Error(`mariadb: ${done.stderr}`)
    return done.stdout.trim()
  }
  sql("create database test; create user tester@'%' identified by 'secret'; grant all on *.* to tester@'%'")
  const url = `mysql://tester:secret@127.0.0.1:${port}/test`
  return {
    url,
    host: '127.0.0.1',
    port,
    user: 'tester',
    password: 'secret',
    database: 'test',
    dir,
    data,
    pid: server.pid,
    sql,
    stop: server.stop,
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

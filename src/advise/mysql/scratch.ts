/** A database of our own on the same server, with copies of a few tables; dropped when done. */
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Random } from '#base/random.js'
import { driver, readServiceUri, reasonOf } from '#observe/services/service-uri.js'
import { name } from './catalog.js'

const MAX_ROWS = 1_000_000
const TIMEOUT_MS = 120_000

export interface MysqlScratch {
  readonly database: string
  /** Rows of the largest copy. */
  readonly rows: number
  /** Rows, in the scratch database. @throws the driver's error */
  query(sql: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** @throws PerfwrightError PW_ADVISE_SCRATCH when the role may not, or the server is another */
export async function makeMysqlScratch(options: {
  readonly server: string
  readonly sourceDatabase: string
  readonly tables: readonly string[]
  readonly random: Random
}): Promise<MysqlScratch> {
  const { server, sourceDatabase, tables, random } = options
  const url = readServiceUri(server, 'mysql://user:password@host:3306/database')
  const mysql = await driver('mysql2', () => import('mysql2/promise'))
  const digits = Array.from({ length: 12 }, () => Math.floor(random() * 16).toString(16)).join('')
  const database = `perfwright_scratch_${digits}`
  let connection: Connection | undefined
  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const [rows] = await (connection as Connection).query<RowDataPacket[]>({
      sql: `/* perfwright */ ${sql}`,
      timeout: TIMEOUT_MS,
    })
    return Array.isArray(rows) ? rows : []
  }
  const close = async (): Promise<void> => {
    await query(`drop database if exists ${database}`).catch(() => {})
    await connection?.end().catch(() => {})
  }
  try {
    connection = await mysql.createConnection({
      host: url.hostname,
      port: Number(url.port || 3306),
      user: decodeURIComponent(url.username) || 'root',
      password: decodeURIComponent(url.password),
      connectTimeout: 5000,
    })
    connection.on('error', () => {})
    await query(`create database ${database}`)
    await query(`use ${database}`)
    let rows = 0
    for (const table of tables) {
      const from = `${name(sourceDatabase)}.${name(table)}`
      await query(`create table ${name(table)} like ${from}`)
      await query(`insert into ${name(table)} select * from ${from} limit ${MAX_ROWS}`)
      const [size] = await query(`select count(*) as amount from ${name(table)}`)
      rows = Math.max(rows, Number(size?.['amount'] ?? 0))
      await query(`analyze table ${name(table)}`)
    }
    return { database, rows, query, close }
  } catch (error) {
    await close()
    if (error instanceof PerfwrightError) throw error
    throw new PerfwrightError({
      code: 'PW_ADVISE_SCRATCH',
      message: `No copy of the tables could be made: ${reasonOf(error)}.`,
      fix: 'Name the same server by --scratch, with a user that may create databases and read the tables.',
      exitCode: ExitCode.targetUnusable,
      cause: error,
    })
  }
}

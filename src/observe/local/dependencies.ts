/** Databases on this machine that a target talks to, and how they could be observed too. */
import { createConnection } from 'node:net'
import { userInfo } from 'node:os'
import type { Clock } from '#base/clock.js'
import { readText } from './proc.js'
import { listenerOf } from './sockets.js'

export interface Dependency {
  readonly peer: string
  readonly port: number
  /** Undefined when we may not see whose socket it is. */
  readonly pid: number | undefined
  readonly command: string | undefined
  readonly kind: 'postgres' | 'mysql' | 'mongodb' | 'redis' | undefined
  /** What `--observe` takes, where it lets us in without a password. */
  readonly uri?: string
}

type Kind = NonNullable<Dependency['kind']>

const programs: Readonly<Record<string, Kind>> = {
  postgres: 'postgres',
  postmaster: 'postgres',
  mysqld: 'mysql',
  mariadbd: 'mysql',
  mongod: 'mongodb',
  'redis-server': 'redis',
  'valkey-server': 'redis',
}
const usualPorts: Readonly<Record<number, Kind>> = { 3306: 'mysql', 5432: 'postgres', 6379: 'redis', 27_017: 'mongodb' }
const patienceNs = 1e9

/** @param peer  `127.0.0.1:5432`; others than this machine's are undefined */
export async function dependencyAt(peer: string, clock: Clock): Promise<Dependency | undefined> {
  const [, host, portText] = /^(127\.[\d.]+|\[::1\]):(\d+)$/.exec(peer) ?? []
  if (host === undefined) return undefined
  const port = Number(portText)
  const pid = listenerOf(port)
  const command =
    pid === undefined
      ? undefined
      : readText(`/proc/${pid}/comm`)
          ?.trim()
          .replace(/[^\x20-\x7e]/g, '?')
  // Somebody else's process on a usual port is what it is called, not what listens there usually.
  const kind = command === undefined ? usualPorts[port] : programs[command]
  const address = host === '[::1]' ? '::1' : host
  const uri =
    kind === 'redis'
      ? await redisUri(address, host, port, clock)
      : kind === 'postgres'
        ? await postgresUri(address, host, port, clock)
        : undefined
  return { peer, port, pid, command, kind, ...(uri === undefined ? {} : { uri }) }
}

async function redisUri(address: string, host: string, port: number, clock: Clock): Promise<string | undefined> {
  const answer = await ask(address, port, Buffer.from('PING\r\n'), clock)
  return answer.toString('latin1').startsWith('+PONG') ? `redis://${host}:${port}` : undefined
}

/** The server says at once whether it wants a password (postgresql.org, "Message Flow"): `R`, length, 0 = none. */
async function postgresUri(address: string, host: string, port: number, clock: Clock): Promise<string | undefined> {
  for (const user of ['postgres', userInfo().username]) {
    const words = Buffer.from(`user\0${user}\0database\0postgres\0application_name\0perfwright\0\0`)
    const head = Buffer.alloc(8)
    head.writeInt32BE(8 + words.length, 0)
    head.writeInt32BE(196_608, 4)
    const answer = await ask(address, port, Buffer.concat([head, words]), clock)
    if (answer[0] === 0x52 && answer.length >= 9 && answer.readInt32BE(5) === 0)
      return `postgres://${encodeURIComponent(user)}@${host}:${port}/postgres`
  }
  return undefined
}

/** The first bytes of the answer; none when there is none within a second. */
function ask(host: string, port: number, words: Buffer, clock: Clock): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port }, () => socket.write(words))
    const end = (answer: Buffer): void => {
      cancel()
      socket.destroy()
      resolve(answer)
    }
    const cancel = clock.coarseAt(clock.nowNs() + patienceNs, () => end(Buffer.alloc(0)))
    socket.on('data', end)
    socket.on('error', () => end(Buffer.alloc(0)))
    socket.on('close', () => end(Buffer.alloc(0)))
  })
}

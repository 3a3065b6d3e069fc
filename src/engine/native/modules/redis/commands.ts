/**
 * Every command of k6's redis client: which words go over the wire, and what the script gets for the reply.
 * Source: grafana.com/docs/k6, "k6/experimental/redis", "Client"; replies verified on k6 1.8.
 */
import { goIntArgument, goStringArgument } from '../encoding/go-values.js'

export interface RedisCommand {
  readonly words: (args: readonly unknown[]) => readonly string[]
  readonly reply: (value: unknown) => unknown
}

/** An argument that redis cannot take; `index` counts from 0. */
export class UnsupportedArgument extends Error {
  constructor(index: number) {
    super(`unsupported type provided for argument at index ${index}, supported types are string, number, and boolean`)
  }
}

const key = goStringArgument
const keys = (args: readonly unknown[]): string[] => args.map(goStringArgument)
const int = (value: unknown): string => String(goIntArgument(value))
/** go-redis' error for a reply of nothing, where a command answers one value. */
export const nilText = 'redis: nil'
const value = (reply: unknown): unknown => reply
/** Names and values in turn, as an object. */
const pairs = (reply: unknown): Record<string, unknown> => {
  const list = reply as readonly unknown[]
  const object: Record<string, unknown> = {}
  for (let i = 0; i + 1 < list.length; i += 2) object[String(list[i])] = list[i + 1]
  return object
}
const truth = (reply: unknown): boolean => reply === 1

const command = (
  name: string,
  words: (args: readonly unknown[]) => readonly string[],
  reply: (value: unknown) => unknown = value,
): RedisCommand => ({ words: (args) => [name, ...words(args)], reply })

export const commands: Readonly<Record<string, RedisCommand>> = {
  set: command('SET', ([k, v, expiration]) => {
    const seconds = goIntArgument(expiration)
    return [key(k), argument(v, 1), ...(seconds > 0 ? ['EX', String(seconds)] : [])]
  }),
  get: command('GET', ([k]) => [key(k)]),
  getSet: command('GETSET', ([k, v]) => [key(k), argument(v, 1)]),
  del: command('DEL', keys),
  getDel: command('GETDEL', ([k]) => [key(k)]),
  exists: command('EXISTS', keys),
  incr: command('INCR', ([k]) => [key(k)]),
  incrBy: command('INCRBY', ([k, by]) => [key(k), int(by)]),
  decr: command('DECR', ([k]) => [key(k)]),
  decrBy: command('DECRBY', ([k, by]) => [key(k), int(by)]),
  randomKey: command('RANDOMKEY', () => []),
  mget: command('MGET', keys),
  expire: command('EXPIRE', ([k, seconds]) => [key(k), int(seconds)], truth),
  // "No expiry" and "no such key" are -1 and -2 nanoseconds to go-redis.
  ttl: command(
    'TTL',
    ([k]) => [key(k)],
    (n) => (Number(n) < 0 ? Number(n) * 1e-9 : n),
  ),
  persist: command('PERSIST', ([k]) => [key(k)], truth),
  lpush: command('LPUSH', ([k, ...values]) => [key(k), ...rest(values, 1)]),
  rpush: command('RPUSH', ([k, ...values]) => [key(k), ...rest(values, 1)]),
  lpop: command('LPOP', ([k]) => [key(k)]),
  rpop: command('RPOP', ([k]) => [key(k)]),
  lrange: command('LRANGE', ([k, start, stop]) => [key(k), int(start), int(stop)]),
  lindex: command('LINDEX', ([k, index]) => [key(k), int(index)]),
  lset: command('LSET', ([k, index, element]) => [key(k), int(index), key(element)]),
  lrem: command('LREM', ([k, count, element]) => [key(k), int(count), key(element)]),
  llen: command('LLEN', ([k]) => [key(k)]),
  hset: command('HSET', ([k, field, v]) => [key(k), key(field), argument(v, 2)]),
  hsetnx: command('HSETNX', ([k, field, v]) => [key(k), key(field), key(v)], truth),
  hget: command('HGET', ([k, field]) => [key(k), key(field)]),
  hdel: command('HDEL', keys),
  hgetall: command('HGETALL', ([k]) => [key(k)], pairs),
  hkeys: command('HKEYS', ([k]) => [key(k)]),
  hvals: command('HVALS', ([k]) => [key(k)]),
  hlen: command('HLEN', ([k]) => [key(k)]),
  hincrby: command('HINCRBY', ([k, field, by]) => [key(k), key(field), int(by)]),
  sadd: command('SADD', ([k, ...members]) => [key(k), ...rest(members, 1)]),
  srem: command('SREM', ([k, ...members]) => [key(k), ...rest(members, 1)]),
  sismember: command('SISMEMBER', ([k, member]) => [key(k), argument(member, 1)], truth),
  smembers: command('SMEMBERS', ([k]) => [key(k)]),
  srandmember: command('SRANDMEMBER', ([k]) => [key(k)]),
  spop: command('SPOP', ([k]) => [key(k)]),
  sendCommand: { words: ([name, ...args]) => [key(name), ...rest(args, 1)], reply: value },
}

function rest(values: readonly unknown[], offset: number): string[] {
  return values.map((v, i) => argument(v, i + offset))
}

/** A value as go-redis writes it. @throws UnsupportedArgument */
function argument(v: unknown, index: number): string {
  if (typeof v === 'string') return v
  if (typeof v === 'boolean') return v ? '1' : '0'
  if (typeof v !== 'number') throw new UnsupportedArgument(index)
  // Go writes floats without an exponent.
  if (Number.isInteger(v) && Math.abs(v) >= 1e21) return BigInt(v).toString()
  return Number.isNaN(v) ? 'NaN' : v === Infinity ? '+Inf' : v === -Infinity ? '-Inf' : String(v)
}

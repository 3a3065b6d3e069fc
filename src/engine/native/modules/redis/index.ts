/**
 * Modules `k6/experimental/redis` (k6 v1) and `k6/x/redis` (v2, the same under its new name), over ioredis.
 */
import type * as Ioredis from 'ioredis'
import type { ModuleFactory, VuScope } from '../../types.js'
import { goValueError } from '../encoding/go-error.js'
import { realmArray, realmObject } from '../encoding/go-values.js'
import { importOptional } from '../optional.js'
import { RedisClient } from './client.js'
import { commands, nilText, type RedisCommand, UnsupportedArgument } from './commands.js'
import { readRedisOptions } from './options.js'

/** @throws PW_SCRIPT_MODULE_PACKAGE */
export async function loadRedisModule(specifier: string): Promise<ModuleFactory> {
  const library = await importOptional(specifier, 'ioredis', () => import('ioredis'))
  return (vu) => createRedisModule(vu, library)
}

export function createRedisModule(vu: VuScope, library: typeof Ioredis): Record<string, unknown> {
  // As in k6 the methods are the object's own, and the object is no instance of Client.
  function Client(...args: unknown[]): object {
    if (args.length !== 1) throw new vu.realm.GoError('must specify one argument')
    let client: RedisClient
    try {
      client = new RedisClient(library, vu, readRedisOptions(args[0]))
    } catch (error) {
      throw new vu.realm.GoError((error as Error).message)
    }
    const self = realmObject(vu.realm, {})
    for (const [name, command] of Object.entries(commands))
      self[name] = (...given: unknown[]) => run(vu, client, command, given)
    self['isConnected'] = () => client.isConnected
    return self
  }
  const exports = { Client }
  return { default: realmObject(vu.realm, exports), ...exports }
}

function run(vu: VuScope, client: RedisClient, command: RedisCommand, args: readonly unknown[]): Promise<unknown> {
  if (vu.phase === 'init') {
    return vu.realm.Promise.reject(goError(vu, 'connecting to a redis server in the init context is not supported'))
  }
  let words: readonly string[]
  try {
    client.open()
    words = command.words(args)
  } catch (error) {
    if (!(error instanceof UnsupportedArgument)) throw error
    return vu.realm.Promise.reject(goError(vu, error.message))
  }
  const queue = vu.loop.register()
  return new vu.realm.Promise((resolve, reject) => {
    client.call(words).then(
      (reply) =>
        queue(() => {
          if (reply === null) reject(goError(vu, nilText, true))
          else resolve(inRealm(vu, command.reply(reply)))
        }),
      (error: Error) => queue(() => reject(goError(vu, error.message, error.name === 'ReplyError'))),
    )
  })
}

/** A Go error as k6 rejects with it: an object whose text is `String(e)`, no `instanceof Error`. */
function goError(vu: VuScope, text: string, fromRedis = false): object {
  return goValueError(vu.realm, text, { error: () => text, ...(fromRedis ? { redisError: () => {} } : {}) })
}

function inRealm(vu: VuScope, value: unknown): unknown {
  if (Array.isArray(value))
    return realmArray(
      vu.realm,
      value.map((item) => inRealm(vu, item)),
    )
  if (value instanceof Error) return goError(vu, value.message, true)
  return typeof value === 'object' && value !== null ? realmObject(vu.realm, value as Record<string, unknown>) : value
}

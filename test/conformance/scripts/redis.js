// needs-redis
// k6-before: 2
// ignore: iteration_duration, data_sent, data_received, vus, vus_max
// ignore-log: has been deprecated|pool\.go:
import exec from 'k6/execution'
import { check } from 'k6'
import { Client } from 'k6/experimental/redis'

const c = new Client(__ENV.REDIS_URL)

export default async function () {
  const seen = async (label, ask) => {
    try {
      const v = await ask()
      console.log(label, typeof v, JSON.stringify(v), Array.isArray(v))
    } catch (e) {
      console.log(label, 'rejected', String(e), typeof e, e instanceof Error, Object.keys(e).sort().join())
    }
  }
  const made = (label, ...args) => {
    try {
      console.log(label, Object.keys(new Client(...args)).sort().join())
    } catch (e) {
      console.log(label, String(e), e instanceof Error)
    }
  }
  console.log(c instanceof Client, c.isConnected())
  await seen('flush', () => c.sendCommand('FLUSHALL'))
  await seen('set', () => c.set('a', 'x', 0))
  console.log(c.isConnected())
  for (const v of [1, 1.5, true, false, 1e21, -0.25, 'täxt']) {
    await seen(`set ${v}`, () => c.set('a', v))
    await seen('get', () => c.get('a'))
  }
  for (const v of [{}, null, undefined, []]) await seen(`set ${typeof v}`, () => c.set('a', v))
  await seen('missing', () => c.get('none'))
  await seen('getSet', () => c.getSet('a', 'y'))
  await seen('getSet missing', () => c.getSet('b', 'y'))
  await seen('del', () => c.del('a', 'b'))
  await seen('getDel', () => c.getDel('a'))
  await seen('exists', () => c.exists('a'))
  await seen('incr', () => c.incr('n'))
  await seen('incrBy', () => c.incrBy('n', 5.9))
  await seen('decr', () => c.decr('n'))
  await seen('decrBy', () => c.decrBy('n', 2))
  await seen('mget', () => c.mget('n', 'none'))
  await seen('expire', () => c.expire('n', 100))
  await seen('ttl', () => c.ttl('n'))
  await seen('persist', () => c.persist('n'))
  await seen('ttl none', () => c.ttl('n'))
  await seen('ttl no key', () => c.ttl('none'))
  await seen('randomKey', () => c.randomKey())
  await seen('lpush', () => c.lpush('l', 'a', 2, true))
  await seen('rpush', () => c.rpush('l', 'z'))
  await seen('lrange', () => c.lrange('l', 0, -1))
  await seen('lpop', () => c.lpop('l'))
  await seen('rpop', () => c.rpop('l'))
  await seen('lindex', () => c.lindex('l', 0))
  await seen('lset', () => c.lset('l', 0, 'q'))
  await seen('lset none', () => c.lset('none', 0, 'q'))
  await seen('lrem', () => c.lrem('l', 1, 'q'))
  await seen('llen', () => c.llen('l'))
  await seen('lpush object', () => c.lpush('l', 'a', {}))
  await seen('hset', () => c.hset('h', 'f', 'v'))
  await seen('hset object', () => c.hset('h', 'f', {}))
  await seen('hsetnx', () => c.hsetnx('h', 'f', 'v'))
  await seen('hget', () => c.hget('h', 'f'))
  await seen('hget none', () => c.hget('h', 'none'))
  await seen('hgetall', () => c.hgetall('h'))
  await seen('hgetall none', () => c.hgetall('none'))
  await seen('hkeys', () => c.hkeys('h'))
  await seen('hvals', () => c.hvals('h'))
  await seen('hlen', () => c.hlen('h'))
  await seen('hincrby', () => c.hincrby('h', 'i', 3))
  await seen('hdel', () => c.hdel('h', 'f', 'g'))
  await seen('sadd', () => c.sadd('s', 'a', 'a'))
  await seen('sismember', () => c.sismember('s', 'a'))
  await seen('smembers', () => c.smembers('s'))
  await seen('srandmember', () => c.srandmember('s'))
  await seen('spop', () => c.spop('s'))
  await seen('srem', () => c.srem('s', 'a'))
  await seen('spop none', () => c.spop('s'))
  await seen('wrong type', () => c.incr('h'))
  await seen('echo', () => c.sendCommand('ECHO', 'hi'))
  await seen('hash', () => c.sendCommand('HGETALL', 'h'))
  await seen('nil', () => c.sendCommand('GET', 'none'))
  await seen('unknown', () => c.sendCommand('NOPE', 1))
  await seen('object', () => c.sendCommand('LPUSH', 'q', 1, {}))
  await seen('nested', () => c.sendCommand('EVAL', 'return {1, {2, "x", false}, "y"}', 0))
  await seen('no key', () => c.get())
  await seen('no keys', () => c.mget())
  check(await Promise.all([c.set('p', 1), c.incr('q'), c.llen('r')]), { 'in parallel': (all) => all.length === 3 })
  await seen('refused', () => new Client('redis://127.0.0.1:1').get('a').catch((e) => String(e)))
  made('none')
  made('number', 1)
  made('null', null)
  made('two', 'a', 'b')
  made('empty', {})
  made('object', { socket: { host: 'a', port: 1 } })
  made('unknown field', { socket: { host: 'a', port: 1 }, foo: 1 })
  made('type', { socket: { host: 'a', port: '1' } })
  made('type of socket', { socket: { host: 5 } })
  made('scheme', 'http://x')
  made('no scheme', 'nonsense')
  made('database', 'redis://x/abc')
  made('option', 'redis://x?foo=1')
  made('cluster', { cluster: {} })
  made('no nodes', { cluster: { nodes: [] } })
  made('nodes', { cluster: { nodes: [1] } })
  made('inconsistent', { cluster: { nodes: ['redis://a:b@x', 'redis://c:d@y'] } })
  made('sentinel', { masterName: 'm' })
  made('sentinel', { masterName: 'm', socket: { host: 'a', port: 1 } })
  console.log(exec.scenario.iterationInTest)
}

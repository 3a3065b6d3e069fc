/**
 * The real driver against a server that answers MongoDB's wire protocol with documents of the shapes that the manual
 * gives for version 7.0: no mongod can be had on the machines that run these tests.
 */
import { type Document, Double, Long, ObjectId } from 'mongodb'
import { afterEach, describe, expect, it } from 'vitest'
import { tagged, testContext } from '../testing/context.js'
import { createMongodbCollector } from './index.js'
import { shapeOf } from './shape.js'
import { startWireServer, type WireServer } from './testing/wire-server.js'

const servers: WireServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function server(answer: (command: Document) => Document | undefined): Promise<WireServer> {
  const started = await startWireServer(answer)
  servers.push(started)
  return started
}

/** `serverStatus` after `n` rounds of: 10 queries, 2 inserts, 500 documents read for 20 returned, 3 collection scans. */
const status = (n: number): Document => ({
  version: '7.0.5',
  connections: { current: 5, available: 838855, totalCreated: Long.fromNumber(20), active: 2 },
  globalLock: { totalTime: Long.fromNumber(1), currentQueue: { total: 3, readers: 1, writers: 2 } },
  opcounters: {
    insert: Long.fromNumber(2 * n),
    query: Long.fromNumber(10 * n),
    update: 0,
    delete: 0,
    getmore: 0,
    command: 100 * n,
  },
  opLatencies: {
    reads: { latency: Long.fromNumber(40_000 * n), ops: Long.fromNumber(10 * n) },
    writes: { latency: 0, ops: 0 },
    commands: { latency: 1000 * n, ops: 100 * n },
  },
  metrics: {
    document: { returned: Long.fromNumber(20 * n) },
    queryExecutor: { scanned: 50 * n, scannedObjects: Long.fromNumber(500 * n), collectionScans: { total: 3 * n } },
    operation: { scanAndOrder: n, writeConflicts: 0 },
  },
  wiredTiger: {
    cache: {
      'bytes currently in the cache': Long.fromNumber(750),
      'maximum bytes configured': 1000,
      'pages requested from the cache': 100 * n,
      'pages read into cache': 25 * n,
    },
    concurrentTransactions: { read: { out: 1, available: 127 }, write: { out: 0, available: 128 } },
  },
  mem: { resident: 100 },
})

describe('the collector of MongoDB', () => {
  it('reads serverStatus as differences, whatever type its numbers have', async () => {
    let round = 0
    const mongod = await server((command) => (command['serverStatus'] === 1 ? status(++round) : undefined))
    const context = testContext()
    const collector = createMongodbCollector(mongod.url)
    await collector.open(context)
    context.tick()
    const readings = await collector.read()
    expect(readings).toMatchObject({
      connections: 5,
      connections_active: 2,
      connections_limit: 838860,
      queued: 3,
      documents_examined_per_s: 500,
      keys_examined_per_s: 50,
      documents_returned_per_s: 20,
      collection_scans_per_s: 3,
      sorts_without_index_per_s: 1,
      write_conflicts_per_s: 0,
      cache_used_ratio: 0.75,
      cache_hit_ratio: 0.75,
      memory_bytes: 104857600,
    })
    expect(tagged(readings, 'operations_per_s', { type: 'query' })).toBe(10)
    // Less our own: `profile`, and the second `serverStatus`.
    expect(tagged(readings, 'operations_per_s', { type: 'command' })).toBe(98)
    expect(tagged(readings, 'operation_ms_per_s', { type: 'reads' })).toBe(40)
    expect(tagged(readings, 'tickets_available', { type: 'read' })).toBe(127)
    expect(collector.describes).toBe(`MongoDB 7.0.5 at ${new URL(mongod.url).host}`)
    expect(collector.cost?.()['statementsPerS']).toBe(4)
    await collector.close()
  })

  it('tells long operations and what the profiler noted, as shapes without people’s data', async () => {
    const find = {
      find: 'items',
      filter: { name: 'secret', age: { $gt: 5 } },
      limit: 10,
      $db: 'shop',
      lsid: { id: new ObjectId() },
    }
    const entries = [1, 2].map((n) => ({
      op: 'query',
      ns: 'shop.items',
      command: find,
      docsExamined: 100,
      queryHash: 'AB12',
      planSummary: 'COLLSCAN',
      millis: new Double(30 * n),
      ts: new Date(Date.now() + 60_000 + n),
      appName: 'shop',
    }))
    const mongod = await server((command) => {
      if (command['serverStatus'] === 1) return status(1)
      if (command['profile'] === -1) return { was: 1, slowms: 20 }
      if (command['find'] === 'system.profile') {
        const since = command['filter'].ts.$gt as Date
        return {
          cursor: { id: Long.ZERO, ns: 'shop.system.profile', firstBatch: entries.filter(({ ts }) => ts > since) },
        }
      }
      if (command['aggregate'] === 1) {
        const operation = {
          opid: 7,
          ns: 'shop.items',
          op: 'query',
          command: find,
          planSummary: 'COLLSCAN',
          microsecs_running: Long.fromNumber(250_000),
          waitingForLock: true,
        }
        return { cursor: { id: Long.ZERO, ns: 'admin.$cmd', firstBatch: [operation] } }
      }
      return undefined
    })
    const context = testContext()
    const collector = createMongodbCollector(mongod.url)
    await collector.open(context)
    context.tick()
    const readings = await collector.read()
    const [statement] = context.told('statement')
    const shape = '{ find: items, filter: { name: ?, age: { $gt: ? } }, limit: ? }'
    expect(statement?.['sql']).toBe(`shop.items ${shape} COLLSCAN`)
    const id = String(statement?.['id'])
    expect(tagged(readings, 'statement_calls_per_s', { id })).toBe(2)
    expect(tagged(readings, 'statement_ms_per_s', { id })).toBe(90)
    expect(tagged(readings, 'statement_examined_per_s', { id })).toBe(200)
    expect(readings['operations_long']).toBe(1)
    expect(context.told('slow-command')).toEqual([
      { command: `shop.items ${shape} COLLSCAN, waits for a lock`, ms: 250 },
    ])
    expect(JSON.stringify(context.events)).not.toContain('secret')
    context.tick()
    const next = await collector.read()
    expect(next['statement_calls_per_s']).toBeUndefined()
    expect(context.told('slow-command')).toHaveLength(1)
    await collector.close()
  })

  it('reads what an account may see, and names the rest with the role that is missing', async () => {
    const mongod = await server((command) =>
      command['serverStatus'] === 1
        ? status(1)
        : { ok: 0, errmsg: 'not authorized on admin to execute command', code: 13, codeName: 'Unauthorized' },
    )
    const context = testContext()
    const collector = createMongodbCollector(mongod.url)
    await collector.open(context)
    context.tick()
    expect((await collector.read())['connections']).toBe(5)
    const why = context.told('collector').map((one) => String(one['why']))
    expect(why).toEqual([expect.stringContaining('dbAdmin'), expect.stringContaining('clusterMonitor')])
    await collector.close()
  })

  it('says what is wrong, and never repeats the password', async () => {
    const open = (uri: string): Promise<unknown> =>
      createMongodbCollector(uri)
        .open(testContext())
        .catch((error: unknown) => error)
    const refused = await server(() => ({ ok: 0, errmsg: 'not authorized', code: 13, codeName: 'Unauthorized' }))
    expect(await open(refused.url)).toMatchObject({
      code: 'PW_OBSERVE_UNREACHABLE',
      fix: expect.stringContaining('clusterMonitor'),
    })
    const gone = (await open('mongodb://me:hunter2@127.0.0.1:1/x?serverSelectionTimeoutMS=200')) as Error
    expect(gone).toMatchObject({ code: 'PW_OBSERVE_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') })
    expect(gone.message).not.toContain('hunter2')
    expect(await open('mongodb://')).toMatchObject({ code: 'PW_OBSERVE_UNREACHABLE' })
  })
})

describe('the shape of a command', () => {
  it.each([
    [
      { update: 'a', updates: [{ q: { _id: new ObjectId() }, u: { $set: { x: 'y' } } }] },
      '{ update: a, updates: [{ q: { _id: ? }, u: { $set: { x: ? } } }] }',
    ],
    [{ find: 'a', filter: { n: { $in: [1, 2, 3] } } }, '{ find: a, filter: { n: { $in: [?] } } }'],
    [
      { aggregate: 'a', pipeline: [{ $group: { _id: '$day', n: { $sum: 1 } } }] },
      '{ aggregate: a, pipeline: [{ $group: { _id: $day, n: { $sum: ? } } }] }',
    ],
    [{ insert: 'a', documents: [{ secret: 1 }] }, '{ insert: a }'],
    [undefined, '?'],
  ])('of %j keeps keys and operators', (command, shape) => {
    expect(shapeOf(command)).toBe(shape)
  })

  it('is bounded against deep and wide commands', () => {
    let deep: unknown = 1
    for (let n = 0; n < 1000; n++) deep = { deep }
    expect(shapeOf(deep).length).toBeLessThan(200)
    expect(shapeOf(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, n]))).length).toBeLessThan(500)
  })
})

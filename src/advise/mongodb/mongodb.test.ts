/** With recorded exchanges of MongoDB 7's profiler and explain: the driver is the real one, the server is not. */
import { Long } from 'mongodb'
import { afterEach, describe, expect, it } from 'vitest'
import { startWireServer, type WireServer } from '#observe/services/mongodb/testing/wire-server.js'
import { inputFor } from '../postgres/testing/input.js'
import { esrIndex } from './esr.js'
import { mongodbAdvisor } from './index.js'

const profile = [
  {
    op: 'query',
    ns: 'shop.orders',
    command: { find: 'orders', filter: { customerId: 7, total: { $gt: 10 } }, sort: { at: -1 }, limit: 5, $db: 'shop' },
    keysExamined: 0,
    docsExamined: 50_000,
    nreturned: 5,
    hasSortStage: true,
    millis: 41,
    planSummary: 'COLLSCAN',
    ts: new Date('2026-11-20T10:00:00Z'),
    appName: 'shop',
  },
  {
    op: 'query',
    ns: 'shop.customers',
    command: { find: 'customers', filter: { email: 'a@example.com' }, $db: 'shop' },
    docsExamined: 1,
    nreturned: 1,
    millis: 0,
    planSummary: 'IXSCAN { email: 1 }',
    ts: new Date('2026-11-20T10:00:01Z'),
    appName: 'shop',
  },
]

describe('advice on MongoDB', () => {
  const servers: WireServer[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop()
  })
  const ask = async (entries: typeof profile): Promise<Awaited<ReturnType<typeof mongodbAdvisor.advise>>> => {
    const server = await startWireServer((command) =>
      command['find'] === 'system.profile'
        ? { cursor: { id: Long.ZERO, ns: 'shop.system.profile', firstBatch: entries } }
        : undefined,
    )
    servers.push(server)
    return await mongodbAdvisor.advise(inputFor(server.url, { databases: [{ kind: 'mongodb', uri: server.url }] }))
  }

  it('names the index of a scanned collection by equality, sort and range, and leaves an indexed query alone', async () => {
    const { advice } = await ask(profile)
    expect(advice.map((one) => one.advice.changes[0]?.text)).toEqual([
      'db.getCollection("orders").createIndex({ "customerId": 1, "at": -1, "total": 1 })',
    ])
    expect(JSON.stringify(advice)).not.toContain('example.com')
  })

  it('says what is missing where the profiler is off', async () => {
    expect((await ask([])).notAssessed.join()).toContain('setProfilingLevel')
  })

  it('makes no index of operators, hostile names or the id alone', () => {
    expect(esrIndex({ $where: 'x', _id: 1 }, undefined)).toBeUndefined()
    expect(esrIndex({ 'a"}); db.dropDatabase(); ({"': 1 }, { $natural: 1 })).toBeUndefined()
    expect(esrIndex({ $and: [{ a: 1 }, { b: { $gte: 2 } }, { c: { $in: [1] } }] }, { d: -1 })?.keys).toEqual([
      ['a', 1],
      ['c', 1],
      ['d', -1],
      ['b', 1],
    ])
  })
})

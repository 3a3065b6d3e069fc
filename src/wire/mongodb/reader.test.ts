/** The real driver through the proxy against the wire-level server of the collector's tests: no mongod can be had here. */
import { Long, MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWireServer, type WireServer } from '../../observe/services/mongodb/testing/wire-server.js'
import { type Watched, watch } from '../testing/watch.js'

describe('the wire proxy before MongoDB', () => {
  let server: WireServer
  let watched: Watched
  let client: MongoClient
  beforeAll(async () => {
    server = await startWireServer((command) => {
      if (command.find !== undefined)
        return { cursor: { id: Long.ZERO, ns: 'shop.orders', firstBatch: [{ _id: 1 }, { _id: 2 }] } }
      if (command.update !== undefined) return { n: 1, nModified: 1 }
      return command.hello === undefined && command.ping === undefined ? undefined : {}
    })
    watched = await watch('mongodb', server.url)
    client = new MongoClient(watched.url, { directConnection: true })
    await client.connect()
  })
  afterAll(async () => {
    await client.close()
    await watched.proxy.close()
    await server.stop()
  })

  it('tells commands with the shape of their filter, and the documents of the answer', async () => {
    watched.seen.length = 0
    const orders = client.db('shop').collection('orders')
    await orders.find({ customer: 7, total: { $gt: 10 } }, { sort: { at: -1 } }).toArray()
    await orders.updateOne({ customer: 7 }, { $set: { total: 1 } })
    expect(watched.seen.map(({ family, rows }) => [family, rows])).toEqual([
      ['find orders {customer: ?, total: {$gt: ?}} sort {at: ?}', 2],
      ['update orders {customer: ?}', 1],
    ])
    expect(watched.proxy.counts.reasons).toEqual([])
  })
})

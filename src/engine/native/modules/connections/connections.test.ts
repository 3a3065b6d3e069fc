import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestScope } from '../../testing/scope.js'
import { createHttpModule } from '../http/index.js'
import { createConnectionsModule } from './index.js'

let server: Server
let url = ''
let opened = 0

beforeAll(async () => {
  server = createServer((_, response) => response.end('x'))
  server.on('connection', () => opened++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('connections', () => {
  it('are closed when the script says so, and after as many requests as it says', async () => {
    const scope = createTestScope()
    const get = createHttpModule(scope)['get'] as (url: string) => Promise<unknown>
    const connections = createConnectionsModule(scope) as {
      closeConnections(): void
      maxRequestsPerConnection(count: number): void
    }
    const openedBy = async (requests: number): Promise<number> => {
      const before = opened
      for (let i = 0; i < requests; i++) await get(url)
      return opened - before
    }
    expect(await openedBy(4)).toBe(1)
    connections.closeConnections()
    expect(await openedBy(2)).toBe(1)
    connections.maxRequestsPerConnection(1)
    expect(await openedBy(3)).toBe(2)
    connections.maxRequestsPerConnection(3)
    expect(await openedBy(6)).toBe(2)
    connections.maxRequestsPerConnection(0)
    expect(await openedBy(5)).toBe(1)
    expect(() => connections.maxRequestsPerConnection(1.5)).toThrow('a whole number of requests')
    scope.close()
  })
})

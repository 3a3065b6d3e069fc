import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestScope, type TestScope, type TestScopeInit } from '../../testing/scope.js'
import type { RequestError } from '../../worker/protocol.js'
import { createHttpModule } from './index.js'

// A script's view of the module, which has no types.
type Http = Record<string, any>

let server: Server
let base = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    const status = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('status') ?? 200)
    response.writeHead(status, status === 429 ? { 'Retry-After': '7' } : {}).end(`it is ${status} ${'.'.repeat(3000)}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function scopeWith(init: TestScopeInit = {}): { scope: TestScope; http: Http; errors: RequestError[] } {
  const errors: RequestError[] = []
  const scope = createTestScope(init)
  scope.requestError = (error) => void errors.push(error)
  return { scope, http: createHttpModule(scope) as Http, errors }
}

describe('examples of failed requests', () => {
  it('are three of each endpoint and status, with the beginnings of what went over the wire', async () => {
    const { scope, http, errors } = scopeWith()
    const tags = { tags: { name: 'POST /things' } }
    for (let i = 0; i < 10; i++) await http['post'](`${base}/things?status=500&i=${i}`, 'what was sent', tags)
    await http['post'](`${base}/things?status=429`, null, tags)
    await http['get'](`${base}/fine`)
    scope.close()
    expect(errors.map(({ endpoint, status }) => `${endpoint} ${status}`)).toEqual([
      'POST /things 500',
      'POST /things 500',
      'POST /things 500',
      'POST /things 429',
    ])
    expect(errors[0]).toMatchObject({
      method: 'POST',
      url: `${base}/things?status=500&i=0`,
      requestBody: 'what was sent',
    })
    expect(errors[0]?.responseBody).toMatch(/^it is 500 \.{2038} \.\.\. \(3010 bytes\)$/)
    expect(errors[3]?.retryAfter).toBe('7')
  })

  it('are made of the plain GET and of connections refused too', async () => {
    const { scope, http, errors } = scopeWith()
    await http['get'](`${base}/bare?status=404`)
    await http['get']('http://127.0.0.1:1/')
    scope.close()
    expect(errors).toMatchObject([
      { endpoint: `GET ${base}/bare?status=404`, status: 404 },
      { status: 0, errorCode: 1212, error: 'dial: connection refused' },
    ])
  })

  it('are none of a status that the script expects', async () => {
    const { scope, http, errors } = scopeWith()
    const responseCallback = http['expectedStatuses'](404)
    await http['get'](`${base}/?status=404`, { responseCallback })
    scope.close()
    expect(errors).toEqual([])
  })
})

/** A service that hands on its trace context, as every tracer does: the run's record knows what each request waited for. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../targets/servers/process.mjs'
import { folder, perfwright } from './cli.js'

let service: Server
let otlp = 0
beforeAll(async () => {
  otlp = await freePort()
  service = createServer((request, response) => {
    const [, traceId, parentSpanId] = String(request.headers['traceparent'] ?? '').split('-')
    const started = Date.now()
    const spanId = randomBytes(8).toString('hex')
    const span = (more: object, from: number, to: number): object => ({
      traceId,
      startTimeUnixNano: `${started + from}000000`,
      endTimeUnixNano: `${started + to}000000`,
      ...more,
    })
    const spans = [
      span({ spanId, parentSpanId, traceState: request.headers['tracestate'], name: 'GET', kind: 2 }, 0, 40),
      span({ spanId: randomBytes(8).toString('hex'), parentSpanId: spanId, name: 'charge', kind: 3 }, 5, 35),
    ]
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })
    const headers = { 'content-type': 'application/json' }
    fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: 'POST', headers, body })
      .catch(() => {})
      .finally(() => response.end('ok'))
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  service.closeAllConnections()
  service.close()
})

it('joins the spans of a service to the requests of the load, by their names', async () => {
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const cwd = folder({
    'script.js': `import http from 'k6/http'
      export const options = { vus: 1, iterations: 5 }
      export default function () { http.get('${url}/pay/' + __ITER, { tags: { name: 'pay, now' } }) }`,
  })
  const observe = ['--observe', `otlp://127.0.0.1:${otlp}`, '--trace-requests']
  const { code, stderr } = await perfwright(['run', '--quiet', '--record', 'out', ...observe, 'script.js'], {
    cwd,
    observe: true,
  })
  expect([code, stderr.includes('level=error')]).toEqual([0, false])
  const events = readFileSync(join(cwd, 'out', 'events.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const summaries = events.filter(({ type }) => type === 'trace-summary').map(({ detail }) => detail)
  expect(summaries).toMatchObject([
    {
      part: 'traces',
      endpoint: 'pay, now',
      joined: true,
      traces: 5,
      spans: [
        { service: 'shop', name: 'charge', kind: 'client', ms: 30, share: 0.75, count: 1 },
        { service: 'shop', name: 'GET', kind: 'server', ms: 10, share: 0.25, count: 1 },
      ],
    },
  ])
})

import { X509Certificate } from 'node:crypto'
import { Agent, get } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { SimClock, systemClock } from '#base/clock.js'
import { seededRandom } from '#base/random.js'
import { selfSigned } from './certificate.js'
import { type MockFile, readMock } from './definition.js'
import { mockOf } from './from-file.js'
import { type Latency, latencySampler } from './latency.js'
import { RecordProxy } from './record-proxy.js'
import { routesOf } from './recording.js'
import { Responder } from './responder.js'
import { type RunningMock, serveMock } from './server.js'

const running: RunningMock[] = []
afterEach(async () => {
  for (const mock of running.splice(0)) await mock.close()
})

async function start(file: MockFile, secure?: { port: number; key: string; cert: string }): Promise<RunningMock> {
  const responder = new Responder(file, systemClock)
  const mock = await serveMock({
    host: '127.0.0.1',
    port: 0,
    secure,
    clock: systemClock,
    answer: (request) => responder.answer(request),
  })
  running.push(mock)
  return mock
}

describe('latencies', () => {
  /** Largest distance of the sample's distribution from `cdf`, times the root of its size: above 1.95 with p = 0.001. */
  const distance = (latency: Latency, cdf: (ms: number) => number): number => {
    const sample = latencySampler(latency, seededRandom(7))
    const values = Array.from({ length: 20_000 }, sample).sort((a, b) => a - b)
    const n = values.length
    return (
      Math.sqrt(n) *
      Math.max(...values.map((v, i) => Math.max(Math.abs((i + 1) / n - cdf(v)), Math.abs(i / n - cdf(v)))))
    )
  }

  it('follow what was asked for (Kolmogorov-Smirnov, p > 0.001), and not something near it', () => {
    const sigma = Math.log(10) / 2.3263478740408408
    const logNormal = (ms: number): number => normalCdf((Math.log(ms) - Math.log(20)) / sigma)
    expect(distance({ uniform: ['10ms', '30ms'] }, (ms) => (ms - 10) / 20)).toBeLessThan(1.95)
    expect(distance({ mean: '100ms', sd: '10ms' }, (ms) => normalCdf((ms - 100) / 10))).toBeLessThan(1.95)
    expect(distance({ median: '20ms', p99: '200ms' }, logNormal)).toBeLessThan(1.95)
    expect(distance({ median: '21ms', p99: '200ms' }, logNormal)).toBeGreaterThan(1.95)
  })

  it('as recorded lie between the recorded ones, half of them below their median', () => {
    const sample = latencySampler({ recorded: [30, 10, 20, 500] }, seededRandom(1))
    const values = Array.from({ length: 9000 }, sample)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...values)).toBeLessThanOrEqual(500)
    expect(values.filter((ms) => ms < 25).length / 9000).toBeCloseTo(0.5, 1)
  })

  it('are what a client of the real server sees', async () => {
    const { port } = await start({ mock: 1, routes: [{ request: 'GET /x', latency: { uniform: ['40ms', '60ms'] } }] })
    const before = systemClock.nowNs()
    await Promise.all(Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${port}/x`)))
    // No upper bound: the machine may be busy. None answers early.
    expect((systemClock.nowNs() - before) / 1e6).toBeGreaterThan(55)
  })
})

describe('answers', () => {
  const file = readMock(
    `mock: 1
routes:
  - request: POST /v1/charges
    body: { id: 'ch_{{seq}}', amount: '{{body.amount}}', note: 'for {{body.name}}' }
    status: 201
  - request: GET /v1/charges/{id}
    body: 'charge {{path.id}} {{query.expand}}'
  - request: GET /fails
    errors: { rate: 0.2, status: 503 }
  - request: GET /limited
    limit: { perS: 10, burst: 3 }
`,
    'mock.yaml',
  )
  const responder = (): Responder => new Responder(file, new SimClock())
  const ask = (one: Responder, method: string, target: string, body?: string) => {
    const {
      status,
      body: bytes,
      headers,
    } = one.answer({ method, target, body: body === undefined ? undefined : Buffer.from(body) })
    return { status, text: bytes.toString(), type: headers['content-type'] }
  }

  it('are filled from the request, as JSON that a hostile value cannot break', () => {
    const one = responder()
    const { status, text, type } = ask(one, 'POST', '/v1/charges', '{"amount":12.5,"name":"a\\",\\"x\\":\\"y"}')
    expect([status, type]).toEqual([201, 'application/json'])
    expect(JSON.parse(text)).toEqual({ id: 'ch_1', amount: 12.5, note: 'for a","x":"y' })
    expect(JSON.parse(ask(one, 'POST', '/v1/charges', 'amount=7&name=form').text)).toMatchObject({ amount: '7' })
    expect(ask(one, 'GET', '/v1/charges/ch%201?expand=all').text).toBe('charge ch 1 all')
    expect(ask(one, 'POST', '/v1/charges', '{"__proto__":{"amount":1}}').status).toBe(201)
  })

  it('of no route are 404 and counted', () => {
    const one = responder()
    expect(ask(one, 'GET', '/nowhere').status).toBe(404)
    expect(one.counts[0]).toEqual({ route: 'no route (404)', count: 1 })
  })

  it('fail as often as the file says, the same ones with the same seed', () => {
    const run = (): number[] => {
      const one = responder()
      return Array.from({ length: 2000 }, () => ask(one, 'GET', '/fails').status)
    }
    const first = run()
    const failed = first.filter((status) => status === 503).length
    // 400 expected, standard deviation 18: five of them.
    expect(Math.abs(failed - 400)).toBeLessThan(90)
    expect(run()).toEqual(first)
  })

  it('are limited by a bucket that fills with time', async () => {
    const clock = new SimClock()
    const one = new Responder(file, clock)
    const burst = Array.from({ length: 5 }, () => ask(one, 'GET', '/limited').status)
    expect(burst).toEqual([200, 200, 200, 429, 429])
    await clock.advanceTo(200e6)
    expect(Array.from({ length: 3 }, () => ask(one, 'GET', '/limited').status)).toEqual([200, 200, 429])
  })

  it('of a file with mistakes are refused by line', () => {
    const wrong =
      'mock: 1\nroutes:\n  - request: get /x\n  - request: GET /y\n    latncy: 20ms\n  - request: GET /z\n    latency: soon\n'
    expect(() => readMock(wrong, 'm.yaml')).toThrow(
      /m.yaml:3:14: .*\n.*m.yaml:5:5: .*"latncy"; did you mean "latency"\?\n.*m.yaml:7:14: .*"soon" cannot be read/,
    )
  })
})

describe('HTTPS', () => {
  it('is trusted by a client that takes its certificate, under its names and no others', async () => {
    const made = selfSigned(['api.stripe.com', '127.0.0.1', '::1'], systemClock.unixMs())
    const parsed = new X509Certificate(made.cert)
    expect(parsed.verify(parsed.publicKey)).toBe(true)
    expect(parsed.checkHost('api.stripe.com')).toBe('api.stripe.com')
    expect(parsed.checkHost('api.paypal.com')).toBeUndefined()
    expect(parsed.checkIP('::1')).toBe('::1')
    const { securePort } = await start(
      { mock: 1, routes: [{ request: 'GET /x', body: 'hello' }] },
      { port: 0, ...made },
    )
    const read = (servername: string): Promise<string> =>
      new Promise((resolve) => {
        const agent = new Agent({ ca: made.cert, servername })
        get({ host: '127.0.0.1', port: securePort, path: '/x', agent }, (response) => {
          response.setEncoding('utf8').on('data', resolve)
        }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      })
    expect(await read('api.stripe.com')).toBe('hello')
    expect(await read('api.paypal.com')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  })
})

describe('recorded stand-ins', () => {
  it('answer as the real service did, with ids as parameters and the latencies that were seen', async () => {
    const real = await start({
      mock: 1,
      routes: [{ request: 'GET /items/{id}', body: { id: '{{path.id}}', ok: true }, latency: '15ms' }],
    })
    const proxy = new RecordProxy(new URL(`http://127.0.0.1:${real.port}`), systemClock)
    const front = await serveMock({
      host: '127.0.0.1',
      port: 0,
      secure: undefined,
      clock: systemClock,
      answer: (request) => proxy.answer(request),
    })
    running.push(front)
    for (const id of [17, 18, 19]) {
      const answer = await fetch(`http://127.0.0.1:${front.port}/items/${id}`)
      expect(await answer.json()).toEqual({ id: String(id), ok: true })
    }
    const [route] = routesOf(proxy.exchanges)
    expect(route).toMatchObject({ request: 'GET /items/{id}', status: 200, body: { id: '17', ok: true } })
    const recorded = (route?.latency as { recorded: number[] } | undefined)?.recorded ?? []
    expect(recorded).toHaveLength(3)
    expect(Math.min(...recorded)).toBeGreaterThanOrEqual(14)
  })

  it('come from a HAR for the hosts that are not the page', async () => {
    const entry = (url: string, time: number) => ({
      startedDateTime: '2026-01-01T00:00:00Z',
      time,
      request: { method: 'GET', url, headers: [] },
      response: {
        status: 200,
        headers: [{ name: 'Content-Type', value: 'application/json' }],
        content: { mimeType: 'application/json', text: '{"rate":1.1}' },
      },
    })
    const entries = [entry('https://shop.example/', 5), entry('https://api.rates.example/v1/4711', 80)]
    const har = Buffer.from(JSON.stringify({ log: { version: '1.2', entries } }))
    const file = await mockOf(har, 'shop.har', undefined)
    expect(file.hosts).toEqual(['api.rates.example'])
    expect(file.routes).toEqual([
      expect.objectContaining({ request: 'GET /v1/{id}', body: { rate: 1.1 }, latency: { recorded: [80] } }),
    ])
  })

  it('come from the examples of an OpenAPI document', async () => {
    const document = `openapi: 3.1.0
info: { title: t, version: '1' }
servers: [{ url: 'https://api.partner.example/v2' }]
paths:
  /quotes/{symbol}:
    get:
      responses:
        '200': { description: ok, content: { application/json: { example: { price: 12 } } } }
`
    const file = await mockOf(Buffer.from(document), 'api.yaml', undefined)
    const answer = new Responder(file, new SimClock()).answer({
      method: 'GET',
      target: '/v2/quotes/ABC',
      body: undefined,
    })
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"price":12}'])
  })
})

/** Abramowitz and Stegun 7.1.26, off by at most 1.5e-7. */
function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - poly * Math.exp(-x * x)
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2
}

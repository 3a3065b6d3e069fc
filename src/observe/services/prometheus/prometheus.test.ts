/** The formats by their specifications, hostile answers, and a real Prometheus where one is installed. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { prometheusMissing, startPrometheus } from '../../../../test/targets/servers/prometheus.mjs'
import { tagged, testContext } from '../testing/context.js'
import { parseExposition } from './exposition.js'
import { createPrometheusCollector } from './index.js'

if (prometheusMissing !== undefined) console.warn(`left out: ${prometheusMissing}`)

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** Serves the texts in turn, the last one for ever. */
async function endpoint(...texts: string[]): Promise<string> {
  let served = 0
  const server = createServer((_, response) => response.end(texts[Math.min(served++, texts.length - 1)]))
  servers.push(server.listen(0, '127.0.0.1'))
  await new Promise((resolve) => server.once('listening', resolve))
  return `prometheus+http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

describe('the exposition format', () => {
  it('reads the examples of its own documentation', () => {
    const { samples, types, badLines } = parseExposition(`# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
rpc_duration_seconds{quantile="0.01",} 3102
foo_bucket{le="0.1"} 8 # {trace_id="KOO5S4vxi0o"} 0.067
`)
    expect(badLines).toBe(0)
    expect(types.get('http_requests_total')).toBe('counter')
    expect(samples.map(({ name, value }) => [name, value])).toEqual([
      ['http_requests_total', 1027],
      ['http_requests_total', 3],
      ['msdos_file_access_time_seconds', 1.458255915e9],
      ['metric_without_timestamp_and_labels', 12.47],
      ['something_weird', Number.POSITIVE_INFINITY],
      ['rpc_duration_seconds', 3102],
      ['foo_bucket', 8],
    ])
    expect(samples[2]?.labels).toEqual({ path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' })
  })

  it.each([
    '<html>',
    'name',
    'name x',
    'a{b="c" 1',
    'a{b=c} 1',
    'a{b="c"} 1 2 3',
    'a{b="c"d="e"} 1',
    '{x="y"} 1',
    'a 1e',
    'ä 1',
  ])('passes over %s and counts it', (line) => {
    const { samples, badLines } = parseExposition(`${line}\nfine 1\n`)
    expect([samples.length, badLines]).toEqual([1, 1])
  })

  it('is bounded against endless answers, and quick on lines made to be slow', () => {
    const many = 'x 1\n'.repeat(60_000)
    expect(parseExposition(many)).toMatchObject({ cut: 10_000 })
    const slow = `${`a{${'b="'.repeat(5000)}\n`.repeat(50)}${`a{${'b="c",'.repeat(3000)}} 1\n`.repeat(50)}`
    expect(parseExposition(slow)).toMatchObject({ samples: [], badLines: 100 })
    expect(Object.getPrototypeOf(parseExposition('a{__proto__="x"} 1').samples[0]?.labels)).toBeNull()
  })
})

describe('the collector of an endpoint', () => {
  it('gives gauges as they are, counters per second, histograms as quantiles of that second', async () => {
    const text = (requests: number, buckets: readonly number[]): string => `# TYPE queue gauge
queue{name="a"} ${requests / 10}
# TYPE requests counter
requests_total{code="200"} ${requests}
requests_created{code="200"} 1
# TYPE build info
build_info{version="1"} 1
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} ${buckets[0]}
took_seconds_bucket{le="0.5"} ${buckets[1]}
took_seconds_bucket{le="+Inf"} ${buckets[2]}
took_seconds_sum ${requests}
took_seconds_count ${buckets[2]}
# EOF
`
    const context = testContext()
    const collector = createPrometheusCollector(await endpoint(text(100, [5, 5, 5]), text(150, [55, 95, 105])))
    await collector.open(context)
    context.tick()
    const readings = await collector.read()
    expect(readings).toEqual({
      queue: [{ tags: { name: 'a' }, value: 15 }],
      requests_per_s: [{ tags: { code: '200' }, value: 50 }],
      took_seconds_sum_per_s: 50,
      took_seconds_count_per_s: 100,
      took_seconds_p50: 0.1,
      took_seconds_p95: 0.5,
      // Beyond the last bound nothing is known but that.
      took_seconds_p99: 0.5,
    })
    context.tick()
    // Nobody was served: no quantile, not 0.
    expect(await collector.read()).not.toHaveProperty('took_seconds_p50')
    expect(collector.also?.()).toEqual({})
  })

  it('keeps 500 series, says how many it left out, and keeps only what match= asks for', async () => {
    const lines = Array.from({ length: 800 }, (_, n) => `depth{q="${n}"} ${n}`).join('\n')
    const uri = await endpoint(`${lines}\nother{q="x"} 1\n`)
    const context = testContext()
    const collector = createPrometheusCollector(uri)
    await collector.open(context)
    expect((await collector.read())['depth']).toHaveLength(500)
    expect(context.told('collector')).toMatchObject([{ why: expect.stringContaining('301 series') }])
    const matching = createPrometheusCollector(`${uri}?match=^other$`)
    await matching.open(context)
    expect(Object.keys(await matching.read())).toEqual(['other'])
  })

  it('fills the part of the runtime when the endpoint is the target’s own', async () => {
    // Lines of prom-client 15 and of client_golang 1.20.
    const node = (n: number): string => `# TYPE nodejs_eventloop_lag_p99_seconds gauge
nodejs_version_info{version="v20.1.0",major="20",minor="1",patch="0"} 1
nodejs_eventloop_lag_p99_seconds 0.025
# TYPE nodejs_active_resources gauge
nodejs_active_resources{type="TCPSocketWrap"} 7
# TYPE nodejs_heap_space_size_used_bytes gauge
nodejs_heap_space_size_used_bytes{space="old"} 12345
# TYPE nodejs_gc_duration_seconds histogram
nodejs_gc_duration_seconds_bucket{le="+Inf",kind="minor"} ${n}
nodejs_gc_duration_seconds_sum{kind="minor"} ${n / 100}
nodejs_gc_duration_seconds_count{kind="minor"} ${n}
`
    const context = testContext()
    const collector = createPrometheusCollector(`${await endpoint(node(10), node(14))}?of=target`)
    await collector.open(context)
    context.tick()
    await collector.read()
    const also = collector.also?.()['node'] ?? {}
    expect(also['event_loop_lag_p99_ms']).toBe(25)
    expect(also['gc_minor_per_s']).toBe(4)
    expect(also['gc_ratio']).toBeCloseTo(0.04, 9)
    expect(tagged(also, 'active_handles', { type: 'TCPSocketWrap' })).toBe(7)
    expect(tagged(also, 'heap_space_bytes', { space: 'old' })).toBe(12345)
  })

  it.each([
    ['a page', '<html>hello</html>', 'in no format of Prometheus'],
    ['too much', '# x\n'.repeat(5_000_000), 'larger than 16 MB'],
  ])('refuses %s', async (_, text, words) => {
    const collector = createPrometheusCollector(await endpoint(text))
    await expect(collector.open(testContext())).rejects.toMatchObject({
      code: 'PW_OBSERVE_UNREACHABLE',
      message: expect.stringContaining(words),
    })
  })

  it('says why an endpoint cannot be read, without user and password', async () => {
    const open = (uri: string): Promise<unknown> => createPrometheusCollector(uri).open(testContext())
    await expect(open('prometheus+http://me:hunter2@127.0.0.1:1/metrics')).rejects.toMatchObject({
      message: expect.stringMatching(/^Metrics of 127\.0\.0\.1:1\/metrics cannot be observed: .*$/),
      fix: expect.not.stringContaining('hunter2'),
    })
    const server = createServer((_, response) => response.writeHead(302, { location: 'http://169.254.0.1/' }).end())
    servers.push(server.listen(0, '127.0.0.1'))
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await expect(open(`prometheus+http://127.0.0.1:${port}/metrics`)).rejects.toMatchObject({
      message: expect.stringContaining('it answered 302'),
    })
    expect(() => createPrometheusCollector('prometheus+http://h/metrics?match=(')).toThrow('no regular expression')
  })
})

describe.skipIf(prometheusMissing !== undefined)('a real Prometheus', () => {
  it('is read as an endpoint of a Go program, and as a server by PromQL', async () => {
    const server = await startPrometheus()
    try {
      const context = testContext()
      const endpoint = createPrometheusCollector(`prometheus+${server.url}/metrics?of=target`)
      await endpoint.open(context)
      await fetch(`${server.url}/api/v1/query?query=up`)
      context.tick()
      const readings = await endpoint.read()
      const queried = { handler: '/api/v1/query', code: '200' }
      const asked = readings['prometheus_http_requests_per_s']
      const found = Array.isArray(asked) ? asked.find((one) => one.tags['handler'] === '/api/v1/query') : undefined
      expect(found).toMatchObject({ tags: queried, value: 1 })
      expect(endpoint.also?.()['go']?.['goroutines']).toBeGreaterThan(5)
      expect(endpoint.also?.()['go']?.['alloc_bytes_per_s']).toBeGreaterThan(1000)
      expect(context.told('collector').filter((one) => String(one['why']).includes('no format'))).toEqual([])

      const query = `query=up&query.open=${encodeURIComponent('process_open_fds{job="self"} * 2')}&query.bad=rate(`
      const byQuery = createPrometheusCollector(`prometheus+${server.url}?${query}`)
      await byQuery.open(context)
      const read = async (): Promise<Readonly<Record<string, unknown>>> => {
        let values = await byQuery.read()
        for (let n = 0; n < 4; n++) values = { ...values, ...(await byQuery.read()) }
        return values
      }
      const self = { instance: `127.0.0.1:${server.port}`, job: 'self' }
      await expect.poll(read, { timeout: 20_000 }).toMatchObject({
        up: [{ tags: self, value: 1 }],
        open: [{ tags: self, value: expect.any(Number) }],
      })
      expect(
        context
          .told('collector')
          .map((one) => String(one['why']))
          .join(),
      ).toMatch(/bad: .*parse error/)
      const wrong = createPrometheusCollector(`prometheus+${server.url}?query=rate(`)
      await expect(wrong.open(context)).rejects.toMatchObject({ code: 'PW_OBSERVE_UNREACHABLE' })
    } finally {
      await server.stop()
    }
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { uncompress } from 'snappyjs'
import { createOutputs } from '../index.js'
import { decodeWriteRequest, type DecodedSeries } from '../testing/decode.js'
import { deadPort, httpReceiver, type Receiver } from '../testing/receiver.js'
import { k6Samples, runOutput, sample, send, testContext } from '../testing/run.js'

const open: Receiver[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function receiver(answer?: Parameters<typeof httpReceiver>[0]): Promise<Receiver> {
  const made = await httpReceiver(answer)
  open.push(made)
  return made
}

function series(at: Receiver): DecodedSeries[] {
  return at.requests.flatMap(({ body }) => decodeWriteRequest(uncompress(body)))
}

const named = (all: DecodedSeries[], name: string): DecodedSeries[] =>
  all.filter(({ labels }) => labels['__name__'] === name)

const urlOf = ({ port }: Receiver): string => `http://127.0.0.1:${port}/api/v1/write?x=1`

describe('remote write', () => {
  it('sends totals under the names that k6 gives them, labels sorted, empty ones left out', async () => {
    const at = await receiver()
    const env = { K6_PROMETHEUS_RW_SERVER_URL: urlOf(at), K6_PROMETHEUS_RW_TREND_STATS: 'avg,p(99.9),sum,count' }
    const samples = [
      sample('reqs', 'counter', 2, { tags: { z: '1', a: '2', empty: '' } }),
      sample('reqs', 'counter', 3, { tags: { z: '1', a: '2', empty: '' } }),
      sample('level', 'gauge', 7),
      sample('ok', 'rate', 1),
      sample('ok', 'rate', 0),
      sample('took', 'trend', 500, { contains: 'time' }),
      sample('took', 'trend', 1500, { contains: 'time' }),
      sample('size', 'trend', 10, { contains: 'data' }),
    ]
    expect(await runOutput('experimental-prometheus-rw', testContext({ env }), samples)).toEqual([])
    const [request] = at.requests
    expect(request).toMatchObject({ method: 'POST', path: '/api/v1/write?x=1' })
    expect(request!.headers).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
      'user-agent': 'perfwright/1.2.3',
    })
    const values = series(at).map(({ labels, samples }) => [Object.entries(labels), samples.map(({ value }) => value)])
    expect(values).toEqual([
      [
        [
          ['__name__', 'k6_reqs_total'],
          ['a', '2'],
          ['z', '1'],
        ],
        [5],
      ],
      [[['__name__', 'k6_level']], [7]],
      [[['__name__', 'k6_ok_rate']], [0.5]],
      [[['__name__', 'k6_took_avg']], [1]],
      [[['__name__', 'k6_took_p999']], [1.499]],
      [[['__name__', 'k6_took_sum']], [2]],
      [[['__name__', 'k6_took_count']], [0.002]],
      [[['__name__', 'k6_size_avg']], [10]],
      [[['__name__', 'k6_size_p999']], [10]],
      [[['__name__', 'k6_size_sum']], [10]],
      [[['__name__', 'k6_size_count']], [1]],
    ])
  })

  it('sends what changed, with times that only grow although the wall clock steps back', async () => {
    const at = await receiver()
    const set = await createOutputs([`prometheus-rw=${urlOf(at)}`], testContext())
    await set.start()
    send(set, [sample('reqs', 'counter', 1)], 5000)
    send(set, [sample('reqs', 'counter', 1)], 3000)
    await set.stop()
    expect(series(at)).toEqual([
      { labels: { __name__: 'k6_reqs_total' }, samples: [{ value: 2, timestamp: 5000 }], histograms: [] },
    ])
  })

  it('makes native histograms whose buckets hold what was measured', async () => {
    const at = await receiver()
    const env = { K6_PROMETHEUS_RW_SERVER_URL: urlOf(at), K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: 'true' }
    const values = [0.5, 1.5, 2.5, 0, -3, 12]
    await runOutput(
      'experimental-prometheus-rw',
      testContext({ env }),
      values.map((value) => sample('took', 'trend', value)),
    )
    const [histogram] = named(series(at), 'k6_took')[0]!.histograms
    // The spans and differences that the Prometheus client library makes of these values.
    expect(histogram).toMatchObject({
      countInt: 6,
      sum: 13.5,
      schema: 3,
      zeroThreshold: 2 ** -128,
      zeroCountInt: 1,
      negativeSpans: [{ offset: 13, length: 1 }],
      negativeDeltas: [1],
      positiveSpans: [
        { offset: -8, length: 1 },
        { offset: 12, length: 1 },
        { offset: 5, length: 1 },
        { offset: 17, length: 1 },
      ],
      positiveDeltas: [1, 0, 0, 0],
    })
  })

  it('counts a histogram of a hundred thousand values right, bucket by bucket, but for the borders', async () => {
    const at = await receiver()
    const env = { K6_PROMETHEUS_RW_SERVER_URL: urlOf(at), K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: 'true' }
    const values = Array.from({ length: 100_000 }, (_, i) => 1 + ((i * 7919) % 100_000) / 100)
    await runOutput(
      'experimental-prometheus-rw',
      testContext({ env }),
      values.map((value) => sample('took', 'trend', value, { contains: 'time' })),
    )
    const histogram = named(series(at), 'k6_took_seconds')[0]!.histograms[0]!
    expect(histogram.countInt).toBe(values.length)
    const counts = new Map<number, number>()
    let index = 0
    let count = 0
    let at_ = 0
    for (const { offset, length } of histogram.positiveSpans) {
      index += offset
      for (let i = 0; i < length; i++) {
        count += histogram.positiveDeltas[at_++]!
        counts.set(index++, count)
      }
    }
    const truth = new Map<number, number>()
    for (const value of values) {
      const i = Math.ceil(Math.log2(value / 1000) * 8)
      truth.set(i, (truth.get(i) ?? 0) + 1)
    }
    expect([...counts.values()].reduce((a, b) => a + b)).toBe(values.length)
    for (const [i, n] of truth) expect(Math.abs((counts.get(i) ?? 0) - n)).toBeLessThan(values.length * 0.004)
  })

  it('ends every series with a stale marker when asked to', async () => {
    const at = await receiver()
    const env = { K6_PROMETHEUS_RW_SERVER_URL: urlOf(at), K6_PROMETHEUS_RW_STALE_MARKERS: 'true' }
    await runOutput('experimental-prometheus-rw', testContext({ env }), k6Samples())
    const all = at.requests.map(({ body }) => decodeWriteRequest(uncompress(body)))
    const names = (list: DecodedSeries[]): string[] => list.map(({ labels }) => JSON.stringify(labels)).sort()
    expect(all).toHaveLength(2)
    expect(names(all[1]!)).toEqual(names(all[0]!))
    const bytes = uncompress(at.requests[1]!.body)
    const marker = Buffer.from([0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f])
    expect(Buffer.from(bytes).includes(marker)).toBe(true)
    expect(all[1]!.every(({ samples }) => Number.isNaN(samples[0]!.value))).toBe(true)
    for (const { samples } of all[1]!) expect(samples[0]!.timestamp).toBeGreaterThan(all[0]![0]!.samples[0]!.timestamp)
  })

  it("tells of plan, thresholds and injector in series of our own, with the run's tags", async () => {
    const at = await receiver()
    const options = { ...testContext().options, tags: { testid: 't1' } }
    const set = await createOutputs([`prometheus-rw=${urlOf(at)}`], testContext({ options }))
    await set.start()
    set.state({
      unixMs: 1000,
      scenarios: [{ name: 'shop', askedPerS: 20, started: 5, dropped: 1 }],
      injector: { cpu_ratio: 0.5, event_loop_lag_p99_ms: 3, cpu_ratio_1: 0.25, ports_left: undefined },
      iterationErrors: 2,
      thresholds: [{ metric: 'checks', source: 'rate>0.9', ok: false, value: 0.5 }],
    })
    await set.stop()
    const flat = series(at).map(({ labels: { __name__, ...labels }, samples }) => [__name__, labels, samples[0]!.value])
    const testid = 't1'
    expect(flat).toEqual([
      ['perfwright_scenario_asked_iterations_per_second', { scenario: 'shop', testid }, 20],
      ['perfwright_scenario_iterations_started_total', { scenario: 'shop', testid }, 5],
      ['perfwright_scenario_iterations_dropped_total', { scenario: 'shop', testid }, 1],
      ['perfwright_injector_cpu_ratio', { testid }, 0.5],
      ['perfwright_injector_event_loop_lag_p99_seconds', { testid }, 0.003],
      ['perfwright_injector_thread_cpu_ratio', { testid, thread: '1' }, 0.25],
      ['perfwright_iteration_errors_total', { testid }, 2],
      ['perfwright_threshold_ok', { metric: 'checks', testid, threshold: 'rate>0.9' }, 0],
      ['perfwright_threshold_value', { metric: 'checks', testid, threshold: 'rate>0.9' }, 0.5],
    ])
  })

  it.each([
    [{ K6_PROMETHEUS_RW_USERNAME: 'u', K6_PROMETHEUS_RW_PASSWORD: 'p' }, { authorization: 'Basic dTpw' }],
    [{ K6_PROMETHEUS_RW_BEARER_TOKEN: 'abc' }, { authorization: 'Bearer abc' }],
    [{ K6_PROMETHEUS_RW_HEADERS_X_SCOPE: 'one' }, { x_scope: 'one' }],
    [{ 'K6_PROMETHEUS_RW_HEADERS_X-Scope-OrgID': 'one' }, { 'x-scope-orgid': 'one' }],
    [{ K6_PROMETHEUS_RW_HTTP_HEADERS: 'a:b,c:d' }, { a: 'b', c: 'd' }],
  ])('%o becomes %o', async (env, headers) => {
    const at = await receiver()
    await runOutput(`prometheus-rw=${urlOf(at)}`, testContext({ env }))
    expect(at.requests[0]!.headers).toMatchObject(headers)
  })

  it('signs for Amazon: the signature is what their method makes of the request', async () => {
    const at = await receiver()
    const env = {
      K6_PROMETHEUS_RW_SIGV4_REGION: 'eu-central-1',
      K6_PROMETHEUS_RW_SIGV4_ACCESS_KEY: 'AKID',
      K6_PROMETHEUS_RW_SIGV4_SECRET_KEY: 'secret',
    }
    await runOutput(`prometheus-rw=${urlOf(at)}`, testContext({ env }))
    expect(at.requests[0]!.headers).toMatchObject({
      'x-amz-date': expect.stringMatching(/^\d{8}T\d{6}Z$/),
      'x-amz-content-sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/aps\/aws4_request, SignedHeaders=content-encoding;content-type;host;x-amz-content-sha256;x-amz-date;x-prometheus-remote-write-version, Signature=[0-9a-f]{64}$/,
      ),
    })
  })

  it.each([
    [{ K6_PROMETHEUS_RW_PUSH_INTERVAL: 'abc' }, /PUSH_INTERVAL: time: invalid duration "abc"/],
    [{ K6_PROMETHEUS_RW_PUSH_INTERVAL: '0s' }, /metric flush period should be positive but was 0s/],
    [{ K6_PROMETHEUS_RW_TREND_STATS: 'p(101)' }, /invalid percentile trend stat value 'p\(101\)'/],
    [{ K6_PROMETHEUS_RW_TREND_STATS: 'nope' }, /invalid trend stat 'nope', unknown format/],
    [{ K6_PROMETHEUS_RW_SERVER_URL: 'localhost:9090' }, /"localhost:9090" is no URL/],
    [{ K6_PROMETHEUS_RW_HTTP_HEADERS: 'a' }, /does not respect the expected format <header key>:<value>/],
    [{ K6_PROMETHEUS_RW_STALE_MARKERS: 'yes' }, /must be true or false, not "yes"/],
    [{ K6_PROMETHEUS_RW_SIGV4_REGION: 'x' }, /sigv4 seems to be partially configured/],
    [
      { K6_PROMETHEUS_RW_CLIENT_CERTIFICATE: '/no/cert', K6_PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY: '/no/key' },
      /failed to load the TLS certificate: open \/no\/cert: no such file or directory/,
    ],
  ])('%o is refused before the run', async (env, message) => {
    await expect(createOutputs(['experimental-prometheus-rw'], testContext({ env }))).rejects.toMatchObject({
      code: 'PW_OUTPUT_CREATE',
      message: expect.stringMatching(message),
      exitCode: 255,
    })
  })

  it('a receiver that is away costs points, counted, and one warning', async () => {
    const port = await deadPort()
    const context = testContext()
    const [loss] = await runOutput(`prometheus-rw=http://127.0.0.1:${port}/w`, context, k6Samples(), 0.1e9)
    expect(loss).toMatchObject({ unit: 'points', why: `connection to 127.0.0.1:${port} refused` })
    expect(loss!.samples).toBeGreaterThan(5)
    expect(context.warnings).toHaveLength(1)
  })
})

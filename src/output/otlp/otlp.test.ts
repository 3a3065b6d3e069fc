import { afterEach, describe, expect, it } from 'vitest'
import { createOutputs } from '../index.js'
import { decodeOtlp } from '../testing/decode.js'
import { deadPort, type GrpcAnswer, grpcReceiver, httpReceiver, type Receiver } from '../testing/receiver.js'
import { k6Samples, runOutput, sample, send, testContext } from '../testing/run.js'
import type { OtlpMetric, OtlpRequest } from './model.js'

const open: Receiver[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function http(answer?: Parameters<typeof httpReceiver>[0]): Promise<Receiver> {
  const made = await httpReceiver(answer)
  open.push(made)
  return made
}

async function grpc(answer?: (n: number) => GrpcAnswer): Promise<Receiver> {
  const made = await grpcReceiver(answer)
  open.push(made)
  return made
}

const requestsOf = (at: Receiver): OtlpRequest[] => at.requests.map(({ body }) => decodeOtlp(body) as OtlpRequest)
const metricsOf = (request: OtlpRequest): readonly OtlpMetric[] => request.resourceMetrics[0].scopeMetrics[0].metrics
const attributes = (list: readonly { key: string; value: { stringValue: string } }[]) =>
  Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]))

const samples = [
  sample('reqs', 'counter', 2, { tags: { a: 'b', empty: '' } }),
  sample('reqs', 'counter', 3, { tags: { a: 'b', empty: '' } }),
  sample('sent', 'counter', 100, { contains: 'data' }),
  sample('level', 'gauge', -7),
  sample('ok', 'rate', 1),
  sample('ok', 'rate', 0),
  sample('ok', 'rate', 0),
  sample('took', 'trend', 5, { contains: 'time' }),
  sample('took', 'trend', 12, { contains: 'time' }),
  sample('took', 'trend', 0, { contains: 'time' }),
  sample('took', 'trend', 20_000, { contains: 'time' }),
]

describe('OTLP', () => {
  it.each(['grpc', 'http/protobuf', 'http/json'])('by %s sends what k6 sends', async (protocol) => {
    const at = protocol === 'grpc' ? await grpc() : await http()
    const env = {
      K6_OTEL_EXPORTER_PROTOCOL: protocol,
      K6_OTEL_GRPC_EXPORTER_INSECURE: 'true',
      K6_OTEL_HTTP_EXPORTER_INSECURE: 'true',
      K6_OTEL_GRPC_EXPORTER_ENDPOINT: `127.0.0.1:${at.port}`,
      K6_OTEL_HTTP_EXPORTER_ENDPOINT: `127.0.0.1:${at.port}`,
      K6_OTEL_METRIC_PREFIX: 'pre_',
      K6_OTEL_HEADERS: 'x-a=1%202,x-b=c',
      OTEL_RESOURCE_ATTRIBUTES: 'zone=eu',
    }
    expect(await runOutput('opentelemetry', testContext({ env }), samples)).toEqual([])
    const [request] = at.requests
    expect(request).toMatchObject({
      method: 'POST',
      path: protocol === 'grpc' ? '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export' : '/v1/metrics',
      headers: { 'x-a': '1 2', 'x-b': 'c' },
    })
    const message =
      protocol === 'http/json' ? (JSON.parse(request!.body.toString()) as OtlpRequest) : requestsOf(at)[0]!
    const [{ resource, scopeMetrics }] = message.resourceMetrics
    expect(attributes(resource.attributes)).toEqual({ 'service.name': 'k6', 'service.version': '1.2.3', zone: 'eu' })
    const [{ scope, metrics }] = scopeMetrics
    expect(scope).toEqual({ name: 'k6' })
    expect(metrics.map(({ name, unit }) => [name, unit ?? ''])).toEqual([
      ['pre_reqs', ''],
      ['pre_sent', 'By'],
      ['pre_level', ''],
      ['pre_ok.total', ''],
      ['pre_took', 'ms'],
    ])
    const [reqs, sent, level, ok, took] = metrics
    expect(reqs!.sum).toMatchObject({ aggregationTemporality: 2, isMonotonic: true })
    expect(reqs!.sum!.dataPoints[0]).toMatchObject({ asDouble: 5 })
    expect(attributes(reqs!.sum!.dataPoints[0]!.attributes)).toEqual({ a: 'b' })
    expect(sent!.sum!.dataPoints[0]!.asDouble).toBe(100)
    expect(level!.gauge!.dataPoints[0]!.asDouble).toBe(-7)
    expect(ok!.sum!.dataPoints.map((point) => [attributes(point.attributes), point.asInt])).toEqual([
      [{ condition: 'nonzero' }, '1'],
      [{ condition: 'zero' }, '2'],
    ])
    const [point] = took!.histogram!.dataPoints
    expect(point).toMatchObject({ count: '4', sum: 20_017, min: 0, max: 20_000 })
    expect(point!.explicitBounds).toEqual([0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000])
    expect(point!.bucketCounts.map(Number)).toEqual([1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(BigInt(point!.timeUnixNano)).toBeGreaterThan(BigInt(point!.startTimeUnixNano))
    expect(BigInt(point!.startTimeUnixNano)).toBeGreaterThan(1_600_000_000_000_000_000n)
  })

  it('makes exponential histograms, as fine as 160 buckets allow', async () => {
    const at = await http()
    const env = { OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram' }
    await runOutput(
      `opentelemetry=http://127.0.0.1:${at.port}`,
      testContext({ env }),
      [0, -3, 0.5, 1.5, 9.5].map((value) => sample('took', 'trend', value)),
    )
    const [metric] = metricsOf(requestsOf(at)[0]!)
    const [point] = metric!.exponentialHistogram!.dataPoints
    expect(point).toMatchObject({ count: '5', sum: 8.5, zeroCount: '1', min: -3, max: 9.5 })
    const { scale, positive, negative } = point!
    expect(positive.bucketCounts.length).toBeLessThanOrEqual(160)
    const counted = positive.bucketCounts.flatMap((count, i) => (count === '0' ? [] : [positive.offset + i]))
    expect(counted).toEqual([0.5, 1.5, 9.5].map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1))
    // One step finer would not fit.
    const finer = [0.5, 9.5].map((value) => Math.ceil(Math.log2(value) * 2 ** (scale + 1)) - 1)
    expect(finer[1]! - finer[0]!).toBeGreaterThanOrEqual(160)
    expect(negative).toMatchObject({ bucketCounts: ['1'] })
  })

  it('survives values that no histogram can hold', async () => {
    const at = await http()
    const env = { OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram' }
    const values = [Number.POSITIVE_INFINITY, 5e-324, Number.MAX_VALUE, 1]
    await runOutput(
      `opentelemetry=http://127.0.0.1:${at.port}`,
      testContext({ env }),
      values.map((value) => sample('took', 'trend', value)),
    )
    const [point] = metricsOf(requestsOf(at)[0]!)[0]!.exponentialHistogram!.dataPoints
    expect(point!.count).toBe('4')
    expect(point!.positive.bucketCounts.length).toBeLessThanOrEqual(160)
  })

  it('sends differences where they are asked for', async () => {
    const at = await http()
    const env = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta', K6_OTEL_EXPORT_INTERVAL: '50ms' }
    const set = await createOutputs([`opentelemetry=http://127.0.0.1:${at.port}`], testContext({ env }))
    await set.start()
    send(set, [sample('reqs', 'counter', 5)])
    while (at.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    send(set, [sample('reqs', 'counter', 2)])
    await set.stop()
    const sums = requestsOf(at).map((request) => metricsOf(request)[0]!.sum!)
    expect(sums.map((sum) => [sum.aggregationTemporality, sum.dataPoints[0]!.asDouble])).toEqual([
      [1, 5],
      [1, 2],
    ])
    expect(sums[1]!.dataPoints[0]!.startTimeUnixNano).toBe(sums[0]!.dataPoints[0]!.timeUnixNano)
  })

  it.each([
    ['grpc', 'grpc'],
    ['http', 'http/protobuf'],
  ])('compresses by %s when asked to', async (scheme) => {
    const at = scheme === 'grpc' ? await grpc() : await http()
    const env = { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }
    await runOutput(`opentelemetry=${scheme}://127.0.0.1:${at.port}`, testContext({ env }), samples)
    expect(at.requests[0]!.headers).toMatchObject(
      scheme === 'grpc' ? { 'grpc-encoding': 'gzip' } : { 'content-encoding': 'gzip' },
    )
    expect(metricsOf(requestsOf(at)[0]!)).toHaveLength(5)
  })

  it('cuts what is too large for one message', async () => {
    const at = await grpc()
    const many = Array.from({ length: 12_000 }, (_, i) => sample('reqs', 'counter', 1, { tags: { i: String(i) } }))
    await runOutput(`opentelemetry=grpc://127.0.0.1:${at.port}`, testContext(), many)
    const sizes = requestsOf(at).map((request) => metricsOf(request)[0]!.sum!.dataPoints.length)
    expect(sizes).toEqual([5000, 5000, 2000])
  })

  it('ends with the exit code that k6 has for a wrong configuration', async () => {
    const context = testContext({ env: { K6_OTEL_EXPORTER_PROTOCOL: 'carrier' } })
    await expect(createOutputs(['opentelemetry'], context)).rejects.toMatchObject({ exitCode: 104 })
  })

  it.each([
    [{}, 'opentelemetry (grpc, localhost:4317)'],
    [{ K6_OTEL_GRPC_EXPORTER_INSECURE: 'true' }, 'opentelemetry (grpc (insecure), localhost:4317)'],
    [
      { K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf' },
      'opentelemetry (http/protobuf, https://localhost:4318/v1/metrics)',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:9' }, 'opentelemetry (grpc (insecure), h:9)'],
  ])('%o is described as k6 does: %s', async (env, description) => {
    expect((await createOutputs(['opentelemetry'], testContext({ env }))).descriptions).toEqual([description])
  })

  it.each([
    [{ K6_OTEL_EXPORTER_PROTOCOL: 'carrier' }, 'unsupported exporter protocol "carrier"'],
    [
      { K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf', K6_OTEL_HTTP_EXPORTER_ENDPOINT: 'http://x:1' },
      'HTTP exporter endpoint must only be host and port, no scheme',
    ],
    [{ K6_OTEL_HEADERS: 'nope' }, 'invalid header "nope", expected format key=value'],
    [{ K6_OTEL_EXPORT_INTERVAL: '-1s' }, 'metric flush period should be positive but was -1s'],
    [{ K6_OTEL_TLS_CERTIFICATE: '/no/ca' }, 'failed to read root certificate from "/no/ca"'],
    [{ K6_OTEL_GRPC_EXPORTER_ENDPOINT: 'h:port' }, 'is no endpoint'],
  ])('%o is refused', async (env, message) => {
    await expect(createOutputs(['opentelemetry'], testContext({ env }))).rejects.toMatchObject({
      code: 'PW_OUTPUT_CREATE',
      message: expect.stringContaining(message),
    })
  })
})

describe('a gRPC receiver in trouble', () => {
  it.each<[string, (n: number) => GrpcAnswer]>([
    ['is unavailable for a while', (n) => (n < 2 ? { status: 14, message: 'später' } : { status: 0 })],
    ['closes the connection', (n) => (n < 1 ? 'close' : { status: 0 })],
  ])('that %s gets it in the end', async (_, answer) => {
    const at = await grpc(answer)
    const context = testContext()
    expect(await runOutput(`opentelemetry=grpc://127.0.0.1:${at.port}`, context, samples, 20e9)).toEqual([])
    expect(context.warnings).toHaveLength(1)
  })

  it('that refuses costs the points, with what it says', async () => {
    const at = await grpc(() => ({ status: 3, message: 'bad point' }))
    const [loss] = await runOutput(`opentelemetry=grpc://127.0.0.1:${at.port}`, testContext(), samples)
    expect(loss).toMatchObject({ samples: 5, unit: 'points', why: 'it answered gRPC status 3: bad point' })
  })

  it('that says nothing is left', async () => {
    const at = await grpc(() => 'nothing')
    const [loss] = await runOutput(`opentelemetry=grpc://127.0.0.1:${at.port}`, testContext(), samples, 0.3e9)
    expect(loss).toMatchObject({ samples: 5, why: 'it stands still' })
  })

  it('that is no gRPC at all, or nobody, is said', async () => {
    const at = await http()
    const port = await deadPort()
    const losses = []
    for (const one of [at.port, port])
      losses.push(...(await runOutput(`opentelemetry=grpc://127.0.0.1:${one}`, testContext(), k6Samples(), 0.2e9)))
    expect(losses.map(({ why }) => why)).toEqual([
      expect.stringContaining(`127.0.0.1:${at.port}`),
      `connection to 127.0.0.1:${port} refused`,
    ])
  })
})

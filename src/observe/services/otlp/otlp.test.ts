/** Spans come in by every way that the specification has; the encoders are of other makes (protobufjs, grpc-js). */
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Client, compressionAlgorithms, credentials } from '@grpc/grpc-js'
import { array, assert, nat, property, tuple, uint8Array } from 'fast-check'
import protobuf from 'protobufjs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../types.js'
import { tagged, type TestContext, testContext } from '../testing/context.js'
import { criticalPath } from './critical-path.js'
import { createOtlpCollector } from './index.js'
import { readProtobufSpans } from './protobuf.js'
import type { Span } from './span.js'
import { MAX_SPANS, OpenTraces } from './traces.js'

// Cut from opentelemetry-proto (trace_service.proto, trace.proto, common.proto, resource.proto).
const { root } = protobuf.parse(`syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message Scope { string name = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; } }
message Event { fixed64 time_unix_nano = 1; string name = 2; }
message Status { string message = 2; int32 code = 3; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  repeated Event events = 11; Status status = 15; fixed32 flags = 16; }`)
const Request = root.lookupType('Request')

interface Given {
  readonly trace: number
  readonly id: number
  readonly parent?: number
  readonly name: string
  readonly kind: number
  /** Milliseconds after an instant. */
  readonly from: number
  readonly to: number
  readonly attributes?: Readonly<Record<string, string | number>>
  readonly state?: string
  readonly isError?: boolean
}

const hex = (value: number, bytes: number): string => value.toString(16).padStart(bytes * 2, '0')
const nano = (ms: number): string => `${1_700_000_000_000 + ms}000000`

/** The same message as JSON of the specification, and as protobuf. */
function message(service: string, spans: readonly Given[]): { json: string; bytes: Buffer } {
  const value = (one: string | number): object =>
    typeof one === 'number' ? { intValue: String(one) } : { stringValue: one }
  const attributes = (given: Given['attributes'] = {}): object[] =>
    Object.entries(given).map(([key, one]) => ({ key, value: value(one) }))
  const json = {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': service, 'host.name': 'x' }) },
        scopeSpans: [
          {
            scope: { name: 'lib' },
            spans: spans.map((span) => ({
              traceId: hex(span.trace, 16),
              spanId: hex(span.id, 8),
              parentSpanId: span.parent === undefined ? '' : hex(span.parent, 8),
              traceState: span.state ?? '',
              name: span.name,
              kind: span.kind,
              startTimeUnixNano: nano(span.from),
              endTimeUnixNano: nano(span.to),
              attributes: attributes(span.attributes),
              events: [{ timeUnixNano: nano(span.from), name: 'e' }],
              status: span.isError ? { code: 2, message: 'bad' } : {},
              flags: 1,
            })),
          },
        ],
      },
    ],
  }
  const binary = structuredClone(json) as unknown as {
    resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[]
  }
  for (const span of binary.resourceSpans[0]?.scopeSpans[0]?.spans ?? []) {
    for (const id of ['traceId', 'spanId', 'parentSpanId']) {
      span[id] = Buffer.from(String(span[id]), 'hex').toString('base64')
    }
  }
  return { json: JSON.stringify(json), bytes: Buffer.from(Request.encode(Request.fromObject(binary)).finish()) }
}

const open: Collector[] = []
afterEach(async () => {
  for (const collector of open.splice(0)) await collector.close()
})

async function receiver(
  uri = 'otlp://127.0.0.1:0',
): Promise<{ collector: Collector; context: TestContext; url: string }> {
  const context = testContext()
  // Does not wait for a last batch.
  const aborted = { ...context, signal: AbortSignal.abort() }
  const collector = createOtlpCollector(uri)
  await collector.open(aborted)
  open.push(collector)
  return { collector, context, url: `http://127.0.0.1:${/(\d+)$/.exec(collector.describes)?.[1]}` }
}

const post = (
  url: string,
  type: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': type, ...headers }, body: body as string })

const request = (trace: number, extra: Partial<Given> = {}): Given => ({
  trace,
  id: 1,
  name: 'GET',
  kind: 2,
  from: 0,
  to: 100,
  attributes: { 'http.request.method': 'GET', 'http.route': '/orders' },
  ...extra,
})
const statement = (trace: number, id: number, from: number, to: number): Given => ({
  trace,
  id,
  parent: 1,
  name: 'select',
  kind: 3,
  from,
  to,
  attributes: {
    'db.system': 'postgresql',
    'db.statement': `select * from t where name = 'secret' and id = ${id}`,
    'server.address': 'db',
    'server.port': 5432,
  },
})

describe('the receiver of traces', () => {
  it('takes protobuf and JSON, plain and packed, over HTTP, and counts what they say', async () => {
    const { collector, context, url } = await receiver()
    const { json, bytes } = message('shop', [request(1), request(2, { isError: true })])
    expect((await post(url, 'application/x-protobuf', bytes)).status).toBe(200)
    expect((await post(url, 'application/x-protobuf', gzipSync(bytes), { 'content-encoding': 'gzip' })).status).toBe(
      200,
    )
    const answer = await post(url, 'application/json; charset=utf-8', json)
    expect([answer.status, await answer.json()]).toEqual([200, {}])
    expect((await post(url, 'application/json', gzipSync(json), { 'content-encoding': 'gzip' })).status).toBe(200)
    context.tick()
    const readings = await collector.read()
    const tags = { service: 'shop', name: 'GET', kind: 'server' }
    expect(tagged(readings, 'spans_per_s', tags)).toBe(8)
    expect(tagged(readings, 'span_ms_per_s', tags)).toBe(800)
    expect(tagged(readings, 'span_errors_per_s', tags)).toBe(4)
    expect(readings['dropped_per_s']).toBe(0)
  })

  it('takes them over gRPC, packed or not', async () => {
    const { collector, context, url } = await receiver('otlp+grpc://127.0.0.1:0')
    const { bytes } = message('shop', [request(1)])
    const client = new Client(url.slice(7), credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    })
    const call = (path: string): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const same = (data: Buffer): Buffer => data
        client.makeUnaryRequest(path, same, same, bytes, (error, answer) =>
          error ? reject(error) : resolve(answer as Buffer),
        )
      })
    expect(await call('/opentelemetry.proto.collector.trace.v1.TraceService/Export')).toHaveLength(0)
    await expect(call('/other/Call')).rejects.toMatchObject({ code: 12 })
    client.close()
    context.tick()
    expect(tagged(await collector.read(), 'spans_per_s', { service: 'shop', name: 'GET', kind: 'server' })).toBe(1)
  })

  it('tells of each endpoint what its slowest requests waited for, the load’s own by their names', async () => {
    const { collector, context, url } = await receiver()
    const state = `a=b,perfwright=${encodeURIComponent('list, of orders')}`
    const traces = Array.from({ length: 5 }, (_, n) => [
      request(n + 1, { state }),
      statement(n + 1, 2, 10, 40),
      statement(n + 1, 3, 40, 70),
      { trace: n + 1, id: 4, parent: 1, name: 'log', kind: 1, from: 20, to: 30 },
    ])
    await post(url, 'application/json', message('shop', traces.flat()).json)
    await post(url, 'application/json', message('shop', [request(99, { name: 'health', attributes: {} })]).json)
    open.length = 0
    await collector.close()
    expect(context.told('trace-summary')).toEqual([
      {
        endpoint: 'list, of orders',
        joined: true,
        traces: 5,
        errors: 0,
        p50Ms: expect.closeTo(100, -1),
        p95Ms: expect.closeTo(100, -1),
        ofSlowest: 5,
        spans: [
          {
            service: 'shop',
            name: 'select',
            kind: 'client',
            peer: 'db:5432',
            dbStatement: 'select * from t where name = ? and id = ?',
            ms: 60,
            share: 0.6,
            count: 2,
          },
          { service: 'shop', name: 'GET', kind: 'server', ms: 40, share: 0.4, count: 1 },
        ],
      },
    ])
  })

  it.each([
    ['no protobuf', 'application/x-protobuf', Buffer.from('\xff\xff\xff'), {}, 400],
    ['a length beyond the end', 'application/x-protobuf', Buffer.from([0x0a, 0xff, 0xff, 0x7f]), {}, 400],
    ['no JSON', 'application/json', '{', {}, 400],
    ['another type', 'text/plain', 'x', {}, 415],
    ['an unknown packing', 'application/json', '{}', { 'content-encoding': 'br' }, 415],
    ['what is not gzip', 'application/json', '{}', { 'content-encoding': 'gzip' }, 400],
    ['a bomb', 'application/json', gzipSync(Buffer.alloc(40_000_000)), { 'content-encoding': 'gzip' }, 400],
    ['too much', 'application/json', Buffer.alloc(9_000_000), {}, 413],
  ])('refuses %s', async (_, type, body, headers, status) => {
    const { url } = await receiver()
    expect((await post(url, type, body, headers as Record<string, string>)).status).toBe(status)
    expect((await post(url, 'application/json', '{}')).status).toBe(200)
  })

  it('has nothing else, and hangs up on what is no HTTP', async () => {
    const { url } = await receiver()
    expect((await fetch(`${url}/`)).status).toBe(405)
    expect((await fetch(`${url}/x`, { method: 'POST', body: 'x' })).status).toBe(404)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.end('hello\r\n\r\n')
    await new Promise((resolve) => socket.resume().once('close', resolve))
  })

  it('says so when nobody sends, and when the port is taken', async () => {
    const { collector, context, url } = await receiver()
    const second = createOtlpCollector(`otlp://127.0.0.1:${new URL(url).port}`)
    await expect(second.open(context)).rejects.toMatchObject({
      code: 'PW_OBSERVE_UNREACHABLE',
      fix: expect.stringContaining('free one'),
    })
    open.length = 0
    await collector.close()
    expect(context.told('collector')).toMatchObject([{ why: expect.stringContaining('OTEL_EXPORTER_OTLP_ENDPOINT') }])
  })

  it('passes over spans whose ids or times are impossible, and ids that form a ring', async () => {
    const bad = [request(1, { from: 10, to: 5 }), { ...request(1), trace: 2 ** 40 }]
    expect(readProtobufSpans(message('s', bad).bytes)).toHaveLength(1)
    const ring = readProtobufSpans(message('s', [request(1), statement(1, 1, 0, 50)]).bytes)
    expect(criticalPath(ring[0] as Span, ring).reduce((sum, { ms }) => sum + ms, 0)).toBe(100)
  })
})

describe('the decoder of protobuf', () => {
  it('answers or says that it is none, whatever bytes of a message are changed, cut or invented', () => {
    const { bytes } = message('shop', [request(1, { state: 'a=b' }), statement(1, 2, 0, 5)])
    const calm = (given: Uint8Array): void => {
      try {
        expect(readProtobufSpans(given).length).toBeLessThan(1000)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }
    const changes = array(tuple(nat(bytes.length - 1), nat(255)), { maxLength: 4 })
    assert(
      property(changes, nat(bytes.length), (changed, length) => {
        const copy = Buffer.from(bytes.subarray(0, length))
        for (const [at, byte] of changed) if (at < length) copy[at] = byte
        calm(copy)
      }),
      { numRuns: 3000 },
    )
    assert(property(uint8Array({ maxLength: 200 }), calm), { numRuns: 3000 })
  })
})

describe('the critical path', () => {
  const span = (spanId: string, parentId: string, startMs: number, endMs: number): Span =>
    ({ spanId, parentId, startMs, endMs, name: spanId }) as Span
  const path = (...spans: Span[]): Record<string, number> =>
    Object.fromEntries(criticalPath(spans[0] as Span, spans).map(({ span, ms }) => [span.name, ms]))

  it('goes through the child that ended last, and adds up to the whole', () => {
    const spans = [span('r', '', 0, 100), span('a', 'r', 10, 60), span('b', 'r', 20, 90), span('b1', 'b', 30, 80)]
    // Until 20 somebody waited for a, which had begun at 10.
    expect(path(...spans)).toEqual({ r: 20, b: 20, b1: 50, a: 10 })
  })

  it('cuts what outlives its parent and what began before it', () => {
    expect(path(span('r', '', 0, 100), span('late', 'r', 90, 500), span('early', 'r', -50, 10))).toEqual({
      r: 80,
      late: 10,
      early: 10,
    })
  })
})

describe('open traces', () => {
  const span = (trace: number, id: number): Span =>
    readProtobufSpans(message('s', [request(trace, { id })]).bytes)[0] as Span

  it('stay within their bounds by giving up the oldest whole, and count what they gave up', () => {
    const traces = new OpenTraces()
    const [one, two] = [span(1, 1), span(1, 2)]
    traces.add(one, 0)
    traces.add(two, 0)
    for (let n = 0; n < MAX_SPANS; n++) traces.add({ ...one, traceId: hex(n + 2, 16) }, n)
    expect(traces.size).toBe(MAX_SPANS)
    expect(traces.dropped).toBe(2)
  })

  it('bound the memory too, and a trace that never ends', () => {
    const traces = new OpenTraces()
    const big = { ...span(1, 1), dbStatement: 'x'.repeat(4000) }
    for (let n = 0; n < 40_000; n++) traces.add({ ...big, traceId: hex(n + 2, 16) }, n)
    expect(traces.size).toBeLessThan(16_000)
    const loop = new OpenTraces()
    for (let n = 0; n < 6000; n++) loop.add(big, 0)
    expect([loop.size, loop.dropped]).toEqual([5000, 1000])
  })

  it('are complete after ten quiet seconds', () => {
    const traces = new OpenTraces()
    traces.add(span(1, 1), 0)
    traces.add(span(2, 1), 5e9)
    expect([...traces.completed(10e9)].map(([first]) => first?.traceId)).toEqual([hex(1, 16)])
    expect([...traces.completed(0, true)]).toHaveLength(1)
    expect(traces.size).toBe(0)
  })
})

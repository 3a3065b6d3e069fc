import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { compare, freePort, until } from './target.mjs'

const schema = readFileSync(new URL('./otlp.proto', import.meta.url), 'utf8')
const Request = protobuf.parse(schema).root.lookupType('ExportMetricsServiceRequest')

/** The last message of each of the two, decoded by protobufjs and laid side by side. */
export async function otlp({ load }) {
  let last
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      last = Buffer.concat(chunks)
      response.setHeader('content-type', 'application/x-protobuf')
      response.end()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  let facts = 0
  for (const histograms of ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram']) {
    const env = {
      K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf',
      K6_OTEL_HTTP_EXPORTER_INSECURE: 'true',
      K6_OTEL_HTTP_EXPORTER_ENDPOINT: `127.0.0.1:${server.address().port}`,
      K6_OTEL_METRIC_PREFIX: 'pre_',
      OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: histograms,
    }
    const sides = []
    for (const tool of ['k6', 'perfwright']) {
      await load(tool, { outs: ['opentelemetry'], env })
      sides.push(factsOf(last))
    }
    facts += compare(sides[0], sides[1])
  }
  server.close()
  return `${facts} series of both kinds of histogram as k6 sends them`
}

function factsOf(bytes) {
  const [{ scopeMetrics }] = Request.toObject(Request.decode(bytes), { longs: String, arrays: true }).resourceMetrics
  const facts = new Map()
  for (const { scope, metrics } of scopeMetrics) {
    for (const { name, unit = '', ...data } of metrics) {
      const [kind] = Object.keys(data)
      const { dataPoints, ...how } = data[kind]
      for (const { attributes, startTimeUnixNano, timeUnixNano, sum, ...point } of dataPoints) {
        if (!startTimeUnixNano || !timeUnixNano) throw new Error(`${name} has no times`)
        const tags = attributes
          .map(({ key, value }) => `${key}=${value.stringValue}`)
          .filter((one) => !one.startsWith('testid='))
        const rounded = sum === undefined ? undefined : Number(sum.toPrecision(12))
        facts.set(
          `${scope.name} ${name} [${unit}] ${kind} ${JSON.stringify(how)} {${tags.sort().join(' ')}}`,
          JSON.stringify({ ...point, sum: rounded }),
        )
      }
    }
  }
  return facts
}

/** Telegraf takes OTLP by gRPC, in Go's own implementation. */
export async function otlpGrpc({ dir, programs, start, load }) {
  const port = await freePort()
  writeFileSync(
    join(dir, 't.conf'),
    `[agent]
interval = "1s"
flush_interval = "1s"
omit_hostname = true
[[inputs.opentelemetry]]
service_address = "127.0.0.1:${port}"
[[outputs.file]]
files = ["${dir}/out.json"]
data_format = "json"
`,
  )
  start(programs.telegraf, ['--config', 't.conf'])
  const env = { K6_OTEL_GRPC_EXPORTER_INSECURE: 'true', K6_OTEL_GRPC_EXPORTER_ENDPOINT: `127.0.0.1:${port}` }
  await load('perfwright', { outs: ['opentelemetry'], env })
  const lines = await until('20 iterations', () => {
    const all = readFileSync(join(dir, 'out.json'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return all.some(({ name, fields }) => name === 'iterations' && fields.counter === 20) && all
  })
  return `${lines.length} points`
}

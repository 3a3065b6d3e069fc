// What outputs cost the generator: the same requests with none and with each, on perfwright and on k6.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { contest } from '../lib/contest.mjs'
import { startHttpServer } from '../lib/http-server.mjs'
import { timedScript } from '../lib/timed.mjs'
import { k6, leftOut, root } from '../lib/tools.mjs'

const vus = 50

export async function run({ work, seconds, rounds }) {
  const server = await startHttpServer(work)
  const sink = spawn('taskset', ['-c', '0', process.execPath, join(root, 'bench', 'lib', 'sink.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const at = String(await new Promise((resolve) => sink.stdout.once('data', resolve))).trim()
  const script = join(root, 'bench', 'scripts', 'http-get-check.js')
  // Both tools take them from here.
  process.env['K6_PROMETHEUS_RW_SERVER_URL'] = `${at}/api/v1/write`
  process.env['K6_OTEL_EXPORTER_PROTOCOL'] = 'http/protobuf'
  process.env['K6_OTEL_HTTP_EXPORTER_INSECURE'] = 'true'
  process.env['K6_OTEL_HTTP_EXPORTER_ENDPOINT'] = new URL(at).host
  const contender = (tool, outs) => async () => {
    const flags = outs.flatMap((out) => ['--out', out])
    const args = ['--vus', vus, '--duration', `${seconds}s`, '-e', `URL=${server.url}/products`, ...flags, script]
    const out = await timedScript(tool, args, { work })
    return { ...out, count: out.metrics.http_reqs.count }
  }
  const outputs = {
    'no output': [],
    'prometheus-rw': ['experimental-prometheus-rw'],
    opentelemetry: ['opentelemetry'],
    influxdb: [`influxdb=${at}/k6`],
    json: ['json=/dev/null'],
  }
  if (!k6) leftOut('k6')
  const tools = k6 ? ['perfwright', 'k6'] : ['perfwright']
  const contenders = tools.flatMap((tool) =>
    Object.entries(outputs).map(([name, outs]) => [`${tool}, ${name}`, contender(tool, outs)]),
  )
  try {
    return await contest({
      unit: 'requests',
      rounds,
      seconds,
      caption: `http.get + check with an output, ${vus} connections, server: ${server.name}, receiver: Node, both on core 0, generator on core 1`,
      ratios: { 'x no output': 'perfwright, no output', 'x k6, no output': 'k6, no output' },
      contenders: Object.fromEntries(contenders),
    })
  } finally {
    server.stop()
    sink.stdin.end()
  }
}

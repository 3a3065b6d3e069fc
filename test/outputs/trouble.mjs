import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { freePort } from './target.mjs'

/** Receivers that stand still, refuse, answer 500, or close: the run is whole, ends in time, and says what is lost. */
export async function trouble({ dir, load }) {
  const servers = []
  const listen = (server) =>
    new Promise((resolve) => {
      servers.push(server)
      server.listen(0, '127.0.0.1', () => resolve(server.address().port))
    })
  const sockets = new Set()
  const silent = await listen(createTcpServer((socket) => sockets.add(socket.on('error', () => {}))))
  const failing = await listen(
    createServer((request, response) => request.resume() && response.writeHead(500).end('no')),
  )
  const closing = await listen(createTcpServer((socket) => socket.on('error', () => {}).destroy()))
  const refused = await freePort()
  const started = Date.now()
  const text = await load('perfwright', {
    outs: [
      `prometheus-rw=http://127.0.0.1:${silent}/write`,
      `influxdb=http://127.0.0.1:${failing}/db`,
      `opentelemetry=grpc://127.0.0.1:${refused}`,
      `xk6-influxdb=http://127.0.0.1:${closing}/bucket`,
      'json=whole.json',
    ],
    env: { K6_PROMETHEUS_RW_PUSH_INTERVAL: '1s', K6_OTEL_EXPORT_INTERVAL: '1s' },
    args: ['--record', 'rec'],
  })
  const seconds = (Date.now() - started) / 1000
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  if (seconds > 60) throw new Error(`it took ${seconds} s`)
  if (!/iterations\.*: 20\b/.test(text)) throw new Error(`not 20 iterations:\n${text}`)
  const problems = []
  for (const [output, why] of [
    ['Prometheus remote write', /it stands still|no answer within/],
    ['InfluxDBv1', /it answered 500: no/],
    ['opentelemetry', /connection to 127\.0\.0\.1:\d+ refused/],
    ['InfluxDBv2', /closed the connection/],
  ]) {
    const trouble = text.split('\n').filter((line) => line.includes(`The output ${output}`))
    const lost = text
      .split('\n')
      .filter((line) => new RegExp(`\\d+ (points|samples) of the output ${output}.* were lost: `).test(line))
    if (trouble.length !== 1) problems.push(`${trouble.length} warnings about ${output}`)
    if (lost.length !== 1 || !why.test(lost[0]))
      problems.push(`${output}: ${lost.join() || 'nothing said of what is lost'}`)
  }
  const points = readFileSync(join(dir, 'whole.json'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"Point"'))
  const influx = Number(/(\d+) samples of the output InfluxDBv1/.exec(text)?.[1])
  if (influx !== points.length) problems.push(`${influx} samples counted as lost, ${points.length} were taken`)
  const record = spawnSync('grep', ['-rc', 'samples of the output InfluxDBv1', join(dir, 'rec')], {
    encoding: 'utf8',
  }).stdout
  if (!/:[1-9]/.test(record)) problems.push('the record does not say what is missing')
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${text}`)
  return `20 iterations, ${influx} samples counted as lost, over after ${seconds.toFixed(1)} s`
}

/**
 * `--out influxdb=http://host:8086/db` (InfluxDB 1) and `--out xk6-influxdb` (InfluxDB 2): every sample as a point.
 * Source: grafana.com/docs/k6, "InfluxDB"; compared with what k6 2.2 sends.
 */
import { createSocket, type Socket } from 'node:dgram'
import { gzipSync } from 'node:zlib'
import { redactUrl } from '#record/redact.js'
import { Delivery } from '../net/delivery.js'
import { HttpPost, judge } from '../net/http-post.js'
import { Periodic } from '../net/periodic.js'
import type { Output, OutputContext, OutputLoss, OutputSample } from '../types.js'
import { type HttpTarget, type InfluxConfig, readV1Config, readV2Config, type UdpTarget } from './config.js'
import { LineWriter } from './line-protocol.js'

const TIMEOUT_NS = 10e9
/** A request holds so many characters: InfluxDB's clients send some thousand points at a time. */
const MOST_CHARS = 2 << 20

export function influxdbOutput(argument: string, context: OutputContext): Output {
  const config = readV1Config(argument, context.env)
  return new InfluxOutput(`InfluxDBv1 (${redactUrl(config.address)})`, config, context)
}

export function influxdbV2Output(argument: string, context: OutputContext): Output {
  const config = readV2Config(argument, context.env)
  return new InfluxOutput(`InfluxDBv2 (${redactUrl(config.address)})`, config, context)
}

class InfluxOutput implements Output {
  readonly description: string
  readonly #writer: LineWriter
  readonly #transport: Transport
  readonly #delivery: Delivery
  readonly #timer: Periodic
  #lines: string[] = []
  #chars = 0

  constructor(description: string, config: InfluxConfig, context: OutputContext) {
    const { clock, warn } = context
    const { target, concurrentWrites } = config
    this.description = description
    this.#writer = new LineWriter(config)
    this.#transport =
      target.kind === 'udp' ? new UdpTransport(target) : new HttpTransport(target, concurrentWrites, context)
    this.#delivery = new Delivery({
      description,
      unit: 'samples',
      clock,
      warn,
      concurrency: concurrentWrites,
      send: (body, signal) => this.#transport.send(body, signal),
    })
    this.#timer = new Periodic(clock, config.pushIntervalNs, () => this.#flush())
  }

  async start(): Promise<void> {
    this.#transport.prepare()
    this.#timer.start()
  }

  samples(samples: readonly OutputSample[]): void {
    for (const sample of samples) {
      if (sample.metric.own) continue
      const line = this.#writer.line(sample)
      if (line === '') continue
      this.#lines.push(line)
      this.#chars += line.length
      if (this.#chars >= MOST_CHARS) this.#flush()
    }
  }

  async stop(patienceNs: number): Promise<OutputLoss | undefined> {
    this.#timer.stop()
    this.#flush()
    const loss = await this.#delivery.close(patienceNs)
    this.#transport.close()
    return loss
  }

  #flush(): void {
    const { length } = this.#lines
    if (length === 0) return
    const text = Buffer.from(this.#lines.join(''))
    // Compressing costs as much as making the lines: only for a receiver that is behind, where memory counts.
    const packs = this.#transport.compresses && this.#delivery.isBehind
    this.#delivery.push(packs ? gzipSync(text, { level: 1 }) : text, length)
    this.#lines = []
    this.#chars = 0
  }
}

interface Transport {
  /** Whether what is sent may be gzip. */
  readonly compresses: boolean
  prepare(): void
  send(body: Uint8Array, signal: AbortSignal): Promise<void>
  close(): void
}

class HttpTransport implements Transport {
  readonly compresses = true
  readonly #target: HttpTarget
  readonly #post: HttpPost
  readonly #headers: Readonly<Record<string, string>>
  readonly #ended = new AbortController()

  constructor(target: HttpTarget, connections: number, { clock, version }: OutputContext) {
    this.#target = target
    this.#headers = { 'User-Agent': `perfwright/${version}`, ...target.headers }
    this.#post = new HttpPost({
      clock,
      timeoutNs: TIMEOUT_NS,
      // One more for the database to be made, which must not hold up the first points.
      connections: connections + 1,
      tls: { rejectUnauthorized: !target.insecure },
      ...(target.proxy === undefined ? {} : { proxy: target.proxy }),
    })
  }

  /** Creates the database, as k6 does; that it fails is usual and no harm: no right to, or it is there. */
  prepare(): void {
    const { query } = this.#target
    if (query === undefined) return
    this.#post.send(query, new Uint8Array(0), this.#headers, this.#ended.signal).catch(() => {})
  }

  async send(body: Uint8Array, signal: AbortSignal): Promise<void> {
    const isGzip = body[0] === 0x1f && body[1] === 0x8b
    const headers = {
      ...this.#headers,
      'Content-Type': 'text/plain; charset=utf-8',
      ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    }
    judge(await this.#post.send(this.#target.write, body, headers, signal))
  }

  close(): void {
    this.#ended.abort()
    this.#post.close()
  }
}

/** Lines in datagrams; nobody says whether they arrive. */
class UdpTransport implements Transport {
  readonly compresses = false
  readonly #target: UdpTarget
  #socket: Socket | undefined

  constructor(target: UdpTarget) {
    this.#target = target
  }

  prepare(): void {
    this.#socket = createSocket(this.#target.host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('error', () => {})
  }

  async send(body: Uint8Array): Promise<void> {
    const { host, port, payloadBytes } = this.#target
    for (let at = 0; at < body.length; ) {
      const rest = body.subarray(at, at + payloadBytes)
      const end = at + rest.length === body.length ? rest.length : rest.lastIndexOf(0x0a) + 1
      // A line longer than a datagram should be goes as it is.
      const length = end > 0 ? end : lineEnd(body, at) - at
      await new Promise<void>((sent) => this.#socket?.send(body, at, length, port, host, () => sent()))
      at += length
    }
  }

  close(): void {
    this.#socket?.close()
  }
}

function lineEnd(body: Uint8Array, from: number): number {
  const end = body.indexOf(0x0a, from)
  return end < 0 ? body.length : end + 1
}

/**
 * `--out statsd` and `--out datadog`: every sample as a line over UDP, `k6.http_req_duration:12.3|ms|#status:200`.
 * Source: the settings of xk6-output-statsd; github.com/statsd/statsd, "Metric types"; docs.datadoghq.com, "DogStatsD";
 * compared with what k6 0.54, the last one with this output, sends.
 */
import { createSocket, type Socket } from 'node:dgram'
import { outputNotCreated } from './errors.js'
import { fixed6 } from './go-text.js'
import { EnvReader } from './net/env.js'
import { Periodic } from './net/periodic.js'
import { parseAddress } from './net/url.js'
import type { Output, OutputContext, OutputLoss, OutputSample, OutputTags } from './types.js'

/** What fits an Ethernet frame. */
const MOST_BYTES = 1432
/** Lines that may wait for the next push: some seconds of a hundred thousand a second. */
const MOST_WAITING = 1_000_000
/** Datagrams at the same time: a socket's buffer is small, and what does not fit it is gone without a word. */
const IN_FLIGHT = 32

export function statsdOutput(argument: string, context: OutputContext): Output {
  return new StatsdOutput('statsd', readConfig('statsd', argument, context, false), context)
}

/** StatsD as the Datadog agent takes it: with tags. */
export function datadogOutput(argument: string, context: OutputContext): Output {
  return new StatsdOutput('datadog', readConfig('datadog', argument, context, true), context)
}

interface StatsdConfig {
  readonly address: string
  readonly host: string
  readonly port: number
  readonly namespace: string
  readonly pushIntervalNs: number
  /** Lines in one datagram. */
  readonly bufferSize: number
  readonly withTags: boolean
  readonly blockedTags: ReadonlySet<string>
}

function readConfig(name: string, argument: string, { env }: OutputContext, withTags: boolean): StatsdConfig {
  const read = new EnvReader(name, env)
  const address = argument !== '' ? argument : (read.text('K6_STATSD_ADDR') ?? 'localhost:8125')
  const bufferSize = read.int('K6_STATSD_BUFFER_SIZE') ?? 20
  if (bufferSize <= 0) throw outputNotCreated(name, 'K6_STATSD_BUFFER_SIZE must be a positive number')
  return {
    address,
    ...parseAddress(name, address),
    namespace: env['K6_STATSD_NAMESPACE'] ?? 'k6.',
    pushIntervalNs: read.durationNs('K6_STATSD_PUSH_INTERVAL') ?? 1e9,
    bufferSize,
    withTags: read.bool('K6_STATSD_ENABLE_TAGS') ?? withTags,
    blockedTags: new Set(read.list('K6_STATSD_TAG_BLOCKLIST') ?? ['vu', 'iter', 'url']),
  }
}

class StatsdOutput implements Output {
  readonly description: string
  readonly #config: StatsdConfig
  readonly #context: OutputContext
  readonly #timer: Periodic
  readonly #tags = new WeakMap<OutputTags, string>()
  #socket: Socket | undefined
  #waiting: Buffer[] = []
  #sending: Promise<void> | undefined
  #stopping = false
  #lost = 0
  #why = ''

  constructor(name: string, config: StatsdConfig, context: OutputContext) {
    this.description = `${name} (${config.address})`
    this.#config = config
    this.#context = context
    this.#timer = new Periodic(context.clock, config.pushIntervalNs, () => this.#flush())
  }

  async start(): Promise<void> {
    this.#socket = createSocket({
      type: this.#config.host.includes(':') ? 'udp6' : 'udp4',
      // Bursts of a second's lines.
      sendBufferSize: 1 << 20,
    })
    this.#socket.on('error', (error) => this.#lose(0, error.message))
    this.#timer.start()
  }

  samples(samples: readonly OutputSample[]): void {
    for (const sample of samples) {
      if (sample.metric.own) continue
      if (this.#waiting.length >= MOST_WAITING) this.#lose(1, 'it does not take them as fast as the run makes them')
      else this.#waiting.push(Buffer.from(this.#line(sample)))
    }
  }

  async stop(patienceNs: number): Promise<OutputLoss | undefined> {
    this.#timer.stop()
    await this.#sending
    this.#flush()
    const { clock } = this.#context
    const cancel = clock.coarseAt(clock.nowNs() + patienceNs, () => (this.#stopping = true))
    await this.#sending
    cancel()
    this.#socket?.close()
    if (this.#lost === 0) return undefined
    return { output: this.description, samples: this.#lost, why: this.#why }
  }

  #line({ metric, tags, value }: OutputSample): string {
    const { namespace, withTags } = this.#config
    const tagText = withTags ? this.#tagText(tags) : ''
    switch (metric.type) {
      case 'counter':
        return `${namespace}${clean(metric.name)}:${Math.trunc(value)}|c${tagText}`
      case 'gauge':
        return `${namespace}${clean(metric.name)}:${fixed6(value)}|g${tagText}`
      case 'trend':
        return `${namespace}${clean(metric.name)}:${fixed6(value)}|ms${tagText}`
      case 'rate': {
        const check = tags.entries.find(([key]) => key === 'check')?.[1]
        if (check === undefined) return `${namespace}${clean(metric.name)}:${Math.trunc(value)}|c${tagText}`
        return `${namespace}check.${clean(check)}.${value === 0 ? 'fail' : 'pass'}:1|c${tagText}`
      }
    }
  }

  #tagText(tags: OutputTags): string {
    let text = this.#tags.get(tags)
    if (text === undefined) {
      const kept = tags.entries.filter(([key, value]) => value !== '' && !this.#config.blockedTags.has(key))
      text = kept.length === 0 ? '' : `|#${kept.map(([key, value]) => oneLine(`${key}:${value}`)).join(',')}`
      this.#tags.set(tags, text)
    }
    return text
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#sending !== undefined) return
    const lines = this.#waiting
    this.#waiting = []
    this.#sending = this.#send(lines).finally(() => (this.#sending = undefined))
  }

  async #send(lines: readonly Buffer[]): Promise<void> {
    const { bufferSize } = this.#config
    let batch: Buffer[] = []
    let bytes = 0
    let underWay: Promise<void>[] = []
    for (const line of lines) {
      if (batch.length > 0 && (batch.length >= bufferSize || bytes + line.length + 1 > MOST_BYTES)) {
        underWay.push(this.#datagram(batch))
        batch = []
        bytes = 0
        if (underWay.length >= IN_FLIGHT) {
          await Promise.all(underWay)
          underWay = []
        }
      }
      batch.push(line)
      bytes += line.length + 1
    }
    if (batch.length > 0) underWay.push(this.#datagram(batch))
    await Promise.all(underWay)
  }

  #datagram(lines: readonly Buffer[]): Promise<void> {
    const { host, port } = this.#config
    if (this.#stopping) {
      this.#lose(lines.length, 'it stands still')
      return Promise.resolve()
    }
    const body = Buffer.concat(lines.flatMap((line, i) => (i === 0 ? [line] : [NEWLINE, line])))
    return new Promise((sent) => {
      this.#socket?.send(body, port, host, (error) => {
        // Whether somebody listens, UDP does not tell.
        if (error !== null) this.#lose(lines.length, error.message)
        sent()
      })
    })
  }

  #lose(count: number, why: string): void {
    if (this.#why === '') this.#context.warn(`The output ${this.description} loses samples: ${why}. The run goes on.`)
    this.#lost += count
    this.#why = why
  }
}

const NEWLINE = Buffer.from('\n')

/** What would end the name within a line. */
function clean(name: string): string {
  return name.replace(/[:|\n]/g, '_')
}

/** What would end the line or its tags. */
function oneLine(text: string): string {
  return text.replace(/[|\n]/g, '_')
}

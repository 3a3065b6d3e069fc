/**
 * A share on the real k6: started held (`--paused`), let go at the instant by its REST API, its samples read line by line
 * from `--out json`, which is complete and mergeable where its summary and its percentiles are not. k6 judges nothing
 * here: thresholds belong to the whole.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Clock } from '#base/clock.js'
import type { LogLine } from '#engine/native/worker/protocol.js'
import { MetricRegistry } from '#metrics/registry.js'
import { MetricStore } from '#metrics/store.js'
import { TagRegistry } from '#metrics/tags.js'
import type { MetricType, ValueKind } from '#metrics/types.js'
import type { Bundle } from '../bundle.js'
import { every, sleep } from '../sleep.js'
import type { SharePart } from './native-runner.js'
import type { ShareRunner, Tell } from './runner.js'

const TYPES: readonly MetricType[] = ['counter', 'gauge', 'rate', 'trend']
const KINDS: readonly ValueKind[] = ['default', 'time', 'data']
/** k6 exits with these and its samples still count. */
const ENDED = new Set([0, 99, 103, 105])
const START_LIMIT_NS = 120e9

export async function startK6(
  bundle: Bundle,
  part: SharePart,
  clock: Clock,
  tell: Tell,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ShareRunner> {
  if (part.fromS > 0) throw new Error('real k6 cannot begin a share in the middle')
  const dir = mkdtempSync(join(tmpdir(), 'perfwright-share-'))
  const runner = new K6Runner(bundle, part, clock, tell, dir, await freePort(), env['PW_K6'] ?? 'k6')
  return runner
}

class K6Runner implements ShareRunner {
  readonly #bundle: Bundle
  readonly #part: SharePart
  readonly #clock: Clock
  readonly #tell: Tell
  readonly #dir: string
  readonly #api: string
  readonly #port: number
  readonly #k6: string
  readonly #metrics = new MetricRegistry()
  readonly #tags = new TagRegistry()
  readonly #store = new MetricStore(this.#metrics, this.#tags)
  #child: ChildProcess | undefined
  #ended: Promise<number> | undefined
  #lastWords = ''
  #iterations = 0
  #dropped = 0
  #vus = 0
  #vusMax = 0

  constructor(bundle: Bundle, part: SharePart, clock: Clock, tell: Tell, dir: string, port: number, k6: string) {
    this.#bundle = bundle
    this.#part = part
    this.#clock = clock
    this.#tell = tell
    this.#dir = dir
    this.#port = port
    this.#api = `http://127.0.0.1:${port}/v1`
    this.#k6 = k6
  }

  async prepare(): Promise<void> {
    const archive = join(this.#dir, 'script.tar')
    writeFileSync(archive, this.#bundle.archive ?? new Uint8Array())
    const { executionSegment, executionSegmentSequence } = this.#part
    const env = Object.entries(this.#bundle.params.env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const args = ['run', '--paused', '--no-setup', '--no-teardown', '--no-thresholds', '--quiet', '--no-usage-report']
    args.push('--summary-mode', 'disabled', '--address', `127.0.0.1:${this.#port}`, '--out', 'json=-', ...env)
    args.push('--execution-segment', executionSegment, '--execution-segment-sequence', executionSegmentSequence)
    const child = spawn(this.#k6, [...args, archive], { cwd: this.#dir, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 1))
    })
    this.#ended.catch(() => {})
    createInterface({ input: child.stdout }).on('line', (line) => this.#sample(line))
    createInterface({ input: child.stderr }).on('line', (line) => this.#log(line))
    const untilNs = this.#clock.nowNs() + START_LIMIT_NS
    for (;;) {
      if (child.exitCode !== null) throw new Error(`k6 ended at once: ${this.#lastWords}`)
      const status = await this.#status()
      // Held, and all VUs are there.
      if (status?.paused === true && (status.status ?? 0) >= 4) return
      if (this.#clock.nowNs() > untilNs) throw new Error(`k6 was not ready in two minutes: ${this.#lastWords}`)
      await Promise.race([sleep(this.#clock, 100e6), this.#ended])
    }
  }

  /** setup and teardown of a run on real k6 are the coordinator's. */
  async setup(): Promise<{ data: string | undefined }> {
    return { data: undefined }
  }

  async teardown(): Promise<void> {}

  async run(setupData: string | undefined, atNs: number): Promise<void> {
    if (setupData !== undefined) await this.#send('PUT', 'setup', JSON.parse(setupData) as object)
    await new Promise<void>((resolve) => void this.#clock.at(atNs, resolve))
    await this.#change({ paused: false })
    const stop = every(this.#clock, 1e9, () => this.#window())
    const code = await (this.#ended as Promise<number>).finally(stop)
    if (!ENDED.has(code)) this.#note(`k6 ended with ${code}: ${this.#lastWords}`)
  }

  async drain(): Promise<void> {
    this.#window()
  }

  stop(): void {
    void this.#change({ stopped: true }).catch(() => this.#child?.kill('SIGINT'))
  }

  async setVus(): Promise<void> {}

  async setPaused(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#child?.exitCode === null) this.#child.kill('SIGKILL')
    await this.#ended?.catch(() => {})
    rmSync(this.#dir, { recursive: true, force: true })
  }

  async #status(): Promise<{ paused?: boolean; status?: number } | undefined> {
    try {
      const answer = await fetch(`${this.#api}/status`)
      return ((await answer.json()) as { data?: { attributes?: { paused?: boolean; status?: number } } }).data
        ?.attributes
    } catch {
      return undefined
    }
  }

  #change(attributes: object): Promise<void> {
    return this.#send('PATCH', 'status', { data: { type: 'status', id: 'default', attributes } })
  }

  async #send(method: string, path: string, body: object): Promise<void> {
    const answer = await fetch(`${this.#api}/${path}`, { method, body: JSON.stringify(body) })
    if (!answer.ok)
      throw new Error(`k6 refused ${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 500)}`)
  }

  // `{"type":"Metric","data":{name,type,contains}}` once, then `{"type":"Point","metric":name,"data":{value,tags}}`.
  #sample(line: string): void {
    let told: { type?: string; metric?: string; data?: Record<string, unknown> }
    try {
      told = JSON.parse(line) as typeof told
    } catch {
      return
    }
    const { data } = told
    if (data === undefined) return
    if (told.type === 'Metric') {
      const type = TYPES.find((one) => one === data['type'])
      const contains = KINDS.find((one) => one === data['contains']) ?? 'default'
      if (type !== undefined && this.#metrics.get(String(data['name'])) === undefined)
        this.#metrics.define(String(data['name']), type, contains)
      return
    }
    const metric = this.#metrics.get(told.metric ?? '')
    const value = Number(data['value'])
    if (told.type !== 'Point' || metric === undefined || Number.isNaN(value)) return
    if (metric.name === 'iterations') this.#iterations += value
    else if (metric.name === 'dropped_iterations') this.#dropped += value
    else if (metric.name === 'vus') this.#vus = value
    else if (metric.name === 'vus_max') this.#vusMax = value
    const tags = Object.entries((data['tags'] as Record<string, unknown> | null) ?? {}).map(
      ([key, text]): [string, string] => [key, String(text)],
    )
    this.#store.add(metric, this.#tags.intern(tags.sort(([a], [b]) => (a < b ? -1 : 1))), value)
  }

  #window(): void {
    this.#tell({
      type: 'window',
      window: {
        unixMs: this.#clock.unixMs(),
        batch: this.#store.drain(),
        scenarios: Object.keys(this.#bundle.options.scenarios).map((name, i) => ({
          name,
          state: 'running',
          done: 0,
          labels: [],
          askedPerS: undefined,
          // k6 tells its iterations by scenario only in tags: of several, the first stands for all.
          started: i === 0 ? this.#iterations : 0,
          dropped: i === 0 ? this.#dropped : 0,
        })),
        vusActive: this.#vus,
        vusInitialized: this.#vusMax,
        iterationsCompleted: this.#iterations,
        iterationsInterrupted: 0,
        health: [],
        errors: [],
      },
    })
  }

  #log(line: string): void {
    this.#lastWords = line.slice(0, 1000)
    const message = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line
    const level = (['debug', 'info', 'error'] as const).find((one) => line.includes(`level=${one}`)) ?? 'warn'
    this.#say(level, message.slice(0, 4000))
  }

  #note(message: string): void {
    this.#say('error', message)
  }

  #say(level: LogLine['level'], message: string): void {
    this.#tell({ type: 'log', lines: [{ level, message, fields: {}, unixMs: this.#clock.unixMs() }] })
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

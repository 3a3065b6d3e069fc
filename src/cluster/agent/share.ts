/**
 * One share of one run on one agent, from the lease to the last acknowledged window.
 */
import type { KV } from '@nats-io/kv'
import type { Msg } from '@nats-io/nats-core'
import type { Clock } from '#base/clock.js'
import { PerfwrightError } from '#base/errors.js'
import { ScriptFailure } from '#engine/native/engine.js'
import type { LogLine, WorkerEvent, WorkerFailure, WorkerWindow } from '#engine/native/worker/protocol.js'
import { type Bundle, unpackBundle } from '../bundle.js'
import { type Bus, readJson } from '../bus.js'
import { type ClockSync, instantOf, syncClock } from '../clock-sync.js'
import {
  type AgentCall,
  type Beat,
  ISOLATED_NS,
  type LeaseEntry,
  ORPHANED_NS,
  runClock,
  runControl,
  type RunOrder,
  type RunPlanEntry,
  runStore,
  shareData,
  type ShareKey,
  type StartEntry,
} from '../protocol.js'
import { segmentOf } from '../segments.js'
import { encodeMessage, splitWindow } from '../share-message.js'
import { every, sleep } from '../sleep.js'
import type { SharePart } from './native-runner.js'
import { Publisher } from './publisher.js'
import type { ShareRunner, Tell } from './runner.js'

export interface ShareHost {
  readonly bus: Bus
  readonly clock: Clock
  readonly agent: { readonly id: string; readonly host: string }
  readonly start: (bundle: Bundle, part: SharePart, tell: Tell) => Promise<ShareRunner>
  readonly log: (message: string) => void
}

/** Log lines that one agent sends in a second; a script that prints in every iteration must not fill the stream. */
const LINES_PER_S = 100

export class Share {
  readonly run: string
  readonly key: ShareKey
  readonly #host: ShareHost
  readonly #fromS: number
  readonly #publisher: Publisher
  readonly #endings: (() => void)[] = []
  #state: Beat['state'] = 'preparing'
  #error: string | undefined
  #sync: ClockSync | undefined
  #runner: ShareRunner | undefined
  #seq = 0
  #startNs: number | undefined
  #toNs = 0
  #heardNs: number
  #serverNs: number
  #stopped = false
  #started: (() => void) | undefined
  #ended!: () => void
  readonly #end: Promise<void> = new Promise((resolve) => (this.#ended = resolve))
  #linesLeft = LINES_PER_S
  #linesDropped = 0
  #oldLines: LogLine[] = []

  constructor(host: ShareHost, call: Extract<AgentCall, { op: 'take' }>) {
    this.#host = host
    this.run = call.run
    this.key = call.share
    this.#fromS = call.fromS
    this.#heardNs = host.clock.nowNs()
    this.#serverNs = this.#heardNs
    const { segment, epoch } = call.share
    this.#publisher = new Publisher(
      host.bus,
      host.clock,
      shareData(call.run, call.share),
      `${call.run}.${segment}.${epoch}`,
    )
  }

  get beat(): Pick<Beat, 'run' | 'share' | 'state' | 'error' | 'clock' | 'unacknowledged'> {
    return {
      run: this.run,
      share: this.key,
      state: this.#state,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(this.#sync === undefined
        ? {}
        : { clock: { rttMs: this.#sync.rttMs, wallClockOffMs: this.#sync.wallClockOffMs } }),
      unacknowledged: this.#publisher.waiting,
    }
  }

  /**
   * Claims the lease; of two agents that are offered it only one gets it.
   * @throws when it is taken
   */
  async claim(): Promise<void> {
    const { bus, agent } = this.#host
    const lease: LeaseEntry = { agent: agent.id, host: agent.host, fromS: this.#fromS }
    const store = await bus.bucket(runStore(this.run))
    await store.create(`lease.${this.key.segment}.${this.key.epoch}`, JSON.stringify(lease))
  }

  /** From the lease to the end; never rejects. */
  async work(): Promise<void> {
    try {
      await this.#work()
    } catch (error) {
      this.#fail(error)
      // The coordinator reads the reason from the beats.
      await Promise.race([this.#end, sleep(this.#host.clock, 10e9)])
    } finally {
      for (const end of this.#endings) end()
      this.#publisher.close()
      await this.#runner?.close().catch(() => {})
    }
  }

  /** Ends as a Ctrl-C on the agent does: no new iterations, what was measured is delivered. */
  leave(): void {
    this.#stop('graceful', 'the agent was told to end')
    if (this.#state !== 'running') this.#ended()
  }

  /** Another agent has the share: what this one has measured so far still counts, because it was sent. */
  release(): void {
    this.#stop('now', 'another agent has the share')
    void this.#publisher
      .idle()
      .then(() => sleep(this.#host.clock, 1e9))
      .then(this.#ended)
  }

  async setup(): Promise<object> {
    return this.#answer(async () => {
      const { data } = (await this.#runner?.setup()) ?? { data: undefined }
      await this.#runner?.drain()
      return data === undefined ? {} : { data }
    })
  }

  async teardown(data: string | undefined): Promise<object> {
    return this.#answer(async () => {
      await this.#runner?.teardown(data)
      await this.#runner?.drain()
      await this.#publisher.idle()
      return {}
    })
  }

  async #work(): Promise<void> {
    const { bus, clock } = this.#host
    const store = await bus.bucket(runStore(this.run))
    this.#listen(bus)
    const plan = readJson<RunPlanEntry>((await store.get('plan'))?.string())
    const blob = await (await bus.objects(runStore(this.run))).getBlob('bundle')
    if (plan === undefined || blob === null) throw new Error('the run is gone')
    const bundle = unpackBundle(blob)
    const part = { ...segmentOf(this.key.segment, plan.segments), fromS: this.#fromS }
    this.#runner = await this.#host.start(bundle, part, (event) => this.#hear(event))
    await this.#runner.prepare()
    const ask = async (): Promise<number> => (await bus.ask<{ unixMs: number }>(runClock(this.run), {}, 2000)).unixMs
    this.#sync = await syncClock(clock, ask)
    this.#state = 'ready'
    const start = await this.#untilStart(store)
    if (start === undefined) return
    // A run may wait long for its last agent: clocks drift apart by some milliseconds a minute.
    this.#sync = await syncClock(clock, ask).catch(() => this.#sync as ClockSync)
    this.#startNs = instantOf(this.#sync, start.unixMs)
    this.#state = 'running'
    this.#toNs = this.#fromS * 1e9
    this.#watch(store)
    if (!this.#stopped) await this.#runner.run(start.setupData, this.#startNs + this.#fromS * 1e9)
    await this.#runner.drain()
    const toNs = Math.max(this.#toNs, clock.nowNs() - this.#startNs)
    this.#startNs = undefined
    this.#publish({ seq: this.#seq++, events: [], done: { toNs } })
    await this.#publisher.idle()
    this.#state = 'done'
    await this.#end
  }

  #listen(bus: Bus): void {
    const orders = bus.nc.subscribe(runControl(this.run), { callback: (_error, message) => this.#order(message) })
    this.#endings.push(() => orders.unsubscribe())
    const { clock } = this.#host
    this.#endings.push(
      every(clock, 1e9, () => {
        this.#linesLeft = LINES_PER_S
        if (this.#linesDropped > 0) {
          this.#oldLines.push(line(`${this.#linesDropped} log lines of this agent were left out`, clock.unixMs()))
          this.#linesDropped = 0
        }
        const nowNs = clock.nowNs()
        void bus.nc.rtt().then(
          () => (this.#serverNs = clock.nowNs()),
          () => {},
        )
        if (nowNs - this.#heardNs > ORPHANED_NS) this.#giveUp('no coordinator has been heard for two minutes')
        if (nowNs - this.#serverNs > ISOLATED_NS || this.#publisher.waitedNs > ISOLATED_NS)
          this.#giveUp('the message system could not be reached for 20 s')
      }),
    )
  }

  #giveUp(why: string): void {
    if (this.#state === 'running') this.#stop('now', why)
    else this.#ended()
  }

  /** The order to start or to stop may have come while nobody was connected: the bucket has it too. */
  #watch(store: KV): void {
    this.#endings.push(
      every(this.#host.clock, 2e9, () => {
        if (this.#state !== 'running') return
        store.get('stop').then(
          (entry) => {
            const stop = readJson<{ mode: 'graceful' | 'now'; reason: string }>(entry?.string())
            if (stop !== undefined) this.#stop(stop.mode, stop.reason)
          },
          () => {},
        )
      }),
    )
  }

  async #untilStart(store: KV): Promise<StartEntry | undefined> {
    const { clock } = this.#host
    for (;;) {
      let over = false
      void this.#end.then(() => (over = true))
      try {
        const start = readJson<StartEntry>((await store.get('start'))?.string())
        if (start !== undefined && Number.isFinite(start.unixMs)) return start
      } catch {
        // The server is away for a moment.
      }
      await Promise.race([this.#end, sleep(clock, 500e6), new Promise<void>((resolve) => (this.#started = resolve))])
      if (over || this.#stopped) return undefined
    }
  }

  #order(message: Msg): void {
    const order = readJson<RunOrder>(message.string())
    this.#heardNs = this.#host.clock.nowNs()
    this.#serverNs = this.#heardNs
    switch (order?.op) {
      case 'start':
        return this.#started?.()
      case 'stop':
        return this.#stop(order.mode, order.reason)
      case 'setVus':
        return void this.#runner?.setVus(order.scenario, order.vus, order.max).catch(() => {})
      case 'setPaused':
        return void this.#runner?.setPaused(order.paused).catch(() => {})
      case 'end':
        return this.#ended()
      default:
    }
  }

  #stop(mode: 'graceful' | 'now', reason: string): void {
    if (this.#stopped && mode === 'graceful') return
    this.#stopped = true
    this.#started?.()
    this.#runner?.stop(mode, String(reason))
  }

  #hear(event: WorkerEvent): void {
    if (event.type === 'window') return this.#window(event.window)
    if (event.type === 'log') {
      for (const one of event.lines) this.#logLine(one)
      // A line that warns of trouble is not kept back until the next second.
      if (event.lines.some(({ level }) => level === 'error')) this.#flushLines()
      return
    }
    // Raw samples stay here: a stream of all of them would cost more than the load. Secrets never leave the agent.
    if (event.type === 'samples' || event.type === 'secret') return
    this.#publish({ seq: this.#seq++, events: [event] })
  }

  #window(window: WorkerWindow): void {
    this.#flushLines()
    const fromNs = this.#toNs
    let span = { fromNs: 0, toNs: 0 }
    if (this.#startNs !== undefined) {
      span = { fromNs, toNs: Math.max(fromNs, this.#host.clock.nowNs() - this.#startNs) }
      // After a standstill the ticks that were due come all at once, with nothing in them.
      if (window.batch.rows.length === 0 && span.toNs - fromNs < 100e6) return
      this.#toNs = span.toNs
    } else if (window.batch.rows.length === 0) return
    const limit = Math.floor((this.#host.bus.nc.info?.max_payload ?? 1 << 20) * 0.9)
    for (const part of splitWindow({ ...window, span }, limit))
      this.#publish({ seq: this.#seq++, events: [{ type: 'window', window: part }] })
  }

  #logLine(one: LogLine): void {
    if (this.#linesLeft-- > 0) this.#oldLines.push(one)
    else this.#linesDropped++
  }

  #flushLines(): void {
    if (this.#oldLines.length === 0) return
    const lines = this.#oldLines
    this.#oldLines = []
    this.#publish({ seq: this.#seq++, events: [{ type: 'log', lines }] })
  }

  #publish(message: Parameters<typeof encodeMessage>[0]): void {
    this.#publisher.add(encodeMessage(message))
  }

  async #answer(work: () => Promise<object>): Promise<object> {
    try {
      return await work()
    } catch (error) {
      return { failure: failureOf(error) }
    }
  }

  #fail(error: unknown): void {
    this.#state = 'failed'
    this.#error = failureOf(error).message.slice(0, 2000)
    this.#host.log(`share ${this.key.segment + 1} of run ${this.run} failed: ${this.#error}`)
  }
}

function failureOf(error: unknown): WorkerFailure {
  if (error instanceof ScriptFailure) return error.failure
  const message =
    error instanceof PerfwrightError ? error.describe() : error instanceof Error ? error.message : String(error)
  return { message, stack: undefined, kind: 'internal', phase: 'vu' }
}

function line(message: string, unixMs: number): LogLine {
  return { level: 'warn', message, fields: {}, unixMs }
}

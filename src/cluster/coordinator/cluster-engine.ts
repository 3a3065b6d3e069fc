/**
 * Many machines as one engine: what `api/run-test.ts` asks of threads, this asks of agents. Everything that must survive
 * the coordinator lies on the server before it counts; a coordinator that is started again with the run's id reads it
 * all back, the stream from its first message on, and ends with the record that the first would have written.
 */
import type { JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { Clock } from '#base/clock.js'
import type { Options } from '#config/types.js'
import type { LoadEngine } from '#engine/load-engine.js'
import { NativeEngine, ScriptFailure } from '#engine/native/engine.js'
import type { LoadedScript, LoadParams, WorkerEvent, WorkerFailure } from '#engine/native/worker/protocol.js'
import type { Missing } from '#record/types.js'
import { hashOfCode, packBundle } from '../bundle.js'
import { type Bus, readJson } from '../bus.js'
import { agentLost, agentsNotReady, badUsage, cannotTakeUp } from '../errors.js'
import {
  agentSubject,
  type Beat,
  BEAT_NS,
  beatSubject,
  DUPLICATE_WINDOW_NS,
  KEEP_NS,
  type LeaseEntry,
  runClock,
  runControl,
  runData,
  type RunEntry,
  type RunOrder,
  type RunPlanEntry,
  RUNS_BUCKET,
  runStore,
  runStream,
  START_AHEAD_NS,
  type StartEntry,
} from '../protocol.js'
import { canBeTakenOver } from '../rest-of-run.js'
import { decodeMessage } from '../share-message.js'
import { every, sleep } from '../sleep.js'
import { SecondMerger } from './seconds.js'
import { type Fault, ShareBook, type ShareRow } from './share-book.js'

export type LossPolicy = 'fail' | 'degrade' | 'spare'

export interface ClusterOptions {
  readonly bus: Bus
  readonly clock: Clock
  /** Of the run; a new one, or one that is under way and is taken up. */
  readonly run: string
  readonly takeUp: boolean
  readonly name: string
  readonly coordinator: { readonly host: string; readonly pid: number }
  readonly version: string
  /** How many agents share the run; undefined takes all that are idle. */
  readonly agents: number | undefined
  /** How long to wait for them. */
  readonly waitNs: number
  readonly onLoss: LossPolicy
  readonly engine: 'native' | 'k6'
  readonly workers: number | undefined
  /** `k6 archive` of the script, for real k6. */
  readonly archive?: (() => Promise<Uint8Array>) | undefined
}

/** At the end, for an agent that was lost and may be back with what it measured. */
const RETURN_NS = 4e9
/** After the order to end at once, for those that do not answer. */
const LAST_WORDS_NS = 5e9
const TICK_NS = 100e6
const MOST_FAULTS = 1000

export class ClusterEngine implements LoadEngine {
  readonly name: string
  readonly canHaveMore = true
  readonly #options: ClusterOptions
  readonly #bus: Bus
  readonly #clock: Clock
  readonly #onEvent: (event: WorkerEvent) => void
  readonly #local: NativeEngine
  readonly #idle = new Map<string, { host: string; atNs: number }>()
  readonly #stops: (() => void)[] = []
  readonly #seconds: SecondMerger
  #params: Omit<LoadParams, 'stopFlag'> | undefined
  #book: ShareBook | undefined
  #store: KV | undefined
  #executors: RunPlanEntry['executors'] = []
  #start: StartEntry | undefined
  #stopped: { mode: 'graceful' | 'now'; atNs: number } | undefined
  #endNs: number | undefined
  #wake: (() => void) | undefined
  #failure: Error | undefined
  #faults = 0
  #awayNs: number | undefined
  #vus = { active: 0, initialized: 0 }
  #over = false
  /** Offers under way, by segment. */
  readonly #offering = new Set<number>()

  private constructor(options: ClusterOptions, local: NativeEngine, onEvent: (event: WorkerEvent) => void) {
    this.#options = options
    this.#bus = options.bus
    this.#clock = options.clock
    this.#local = local
    this.#onEvent = onEvent
    this.name = options.engine === 'k6' ? 'k6-cluster' : 'cluster'
    this.#seconds = new SecondMerger((window) => {
      this.#vus = { active: window.vusActive, initialized: window.vusInitialized }
      onEvent({ type: 'window', window: { ...window, unixMs: this.#unixOf(window.span?.toNs) } })
    })
  }

  static async start(options: ClusterOptions, onEvent: (event: WorkerEvent) => void): Promise<ClusterEngine> {
    let engine: ClusterEngine | undefined
    const local = await NativeEngine.start(options.clock, (event) => engine?.hearLocal(event))
    engine = new ClusterEngine(options, local, onEvent)
    engine.#listen()
    return engine
  }

  get canRunOnce(): boolean {
    return this.#local.canRunOnce
  }

  get totals(): LoadEngine['totals'] {
    return { vusActive: { total: this.#vus.active }, vusInitialized: { total: this.#vus.initialized } }
  }

  elapsedNs(): number | undefined {
    if (this.#endNs !== undefined) return this.#endNs
    if (this.#start === undefined) return undefined
    return Math.max(0, this.#nowNs())
  }

  missing(): readonly Missing[] {
    if (this.#endNs === undefined) return []
    return this.#book?.missing(this.#endNs) ?? []
  }

  /** Of the engine that runs what happens here: the init for the options, handleSummary. */
  hearLocal(event: WorkerEvent): void {
    if (event.type === 'window') {
      // Its totals are those of nobody; its rows are setup's, where that runs here.
      if (event.window.batch.rows.length > 0 && this.#options.engine === 'k6') this.#seconds.add(0, event.window)
      return
    }
    this.#onEvent(event)
  }

  load(params: Omit<LoadParams, 'stopFlag'>): Promise<LoadedScript> {
    if (params.rawSamples)
      throw badUsage('outputs of raw samples (json, csv) do not work over many machines', 'use --out of another kind')
    this.#params = params
    return this.#local.load(params)
  }

  async divide(options: Options, exported: Record<string, unknown>): Promise<void> {
    if (options.executionSegment !== undefined)
      throw badUsage('--execution-segment and --cluster exclude each other', 'leave --execution-segment out')
    await this.#local.divide(options, exported, 1)
    this.#executors = Object.values(options.scenarios).map(({ executor }) => executor)
    const { run, takeUp } = this.#options
    if (takeUp) return this.#takeUp(run)
    const agents = await this.#untilAgents()
    const segments = this.#options.agents ?? agents.length
    await this.#publish(options, exported, segments)
    const book = this.#newBook(segments)
    const taken = await Promise.all(agents.map((agent, segment) => this.#offer(agent, segment, 0)))
    const refused = taken.filter((one) => typeof one === 'string')
    if (refused.length > 0) throw agentsNotReady(`${refused.length} agents did not take their share: ${refused[0]}`)
    this.#stops.push(every(this.#clock, BEAT_NS, () => this.#say({ op: 'beat' })))
    book.forgive(this.#clock.nowNs())
    await this.#consume()
  }

  /** Waits until every agent has its VUs. */
  async initVus(): Promise<void> {
    const book = this.#book as ShareBook
    if (this.#start !== undefined) return
    for (;;) {
      if (this.#stopped !== undefined) return
      const failed = book.rows.find(({ state }) => state === 'failed')
      if (failed !== undefined)
        throw agentsNotReady(`the agent ${failed.agent} on ${failed.host} could not get ready: ${failed.error}`)
      if (this.#connected()) book.check(this.#clock.nowNs(), 0)
      const lost = book.rows.filter(({ state }) => state === 'lost')
      if (lost.length > 0 && this.#options.onLoss === 'fail')
        throw agentLost(`the agent ${lost[0]?.agent} was lost before the start`)
      const open = book.rows.filter(({ state }) => state === 'offered' || state === 'preparing')
      if (open.length === 0) {
        if (lost.length === book.rows.length) throw agentsNotReady('every agent was lost before the start')
        return
      }
      await sleep(this.#clock, TICK_NS)
    }
  }

  async setup(): Promise<{ data: string | undefined }> {
    // A run that is taken up has had its setup.
    if (this.#start !== undefined) return { data: this.#start.setupData }
    if (this.#options.engine === 'k6') return this.#local.setup()
    return this.#once({ op: 'setup' })
  }

  async run(setupData: string | undefined): Promise<void> {
    const book = this.#book as ShareBook
    if (this.#start === undefined) {
      const unixMs = this.#clock.unixMs() + START_AHEAD_NS / 1e6
      const start: StartEntry = setupData === undefined ? { unixMs } : { unixMs, setupData }
      await this.#put('start', start)
      this.#start = start
      this.#say({ op: 'start' })
      // The first second is told when it is over.
      book.forgive(this.#clock.nowNs() + START_AHEAD_NS + 1e9)
      await this.#announce('running')
    }
    await this.#untilOver(book)
    this.#seconds.flush()
    this.#endNs = book.endNs
    if (this.#failure !== undefined) throw this.#failure
  }

  async teardown(data: string | undefined): Promise<void> {
    if (this.#options.engine === 'k6') return this.#local.teardown(data)
    await this.#once(data === undefined ? { op: 'teardown' } : { op: 'teardown', data })
    // Its samples come by the stream.
    await sleep(this.#clock, TICK_NS)
  }

  handleSummary(data: string): ReturnType<LoadEngine['handleSummary']> {
    return this.#local.handleSummary(data)
  }

  async drain(): Promise<void> {
    await this.#local.drain()
  }

  async setSetupData(): Promise<void> {
    throw badUsage('the setup data of a run on many machines cannot be changed while it runs')
  }

  async setPaused(paused: boolean): Promise<void> {
    this.#say({ op: 'setPaused', paused })
  }

  async setVus(scenario: string, vus: number, max: number): Promise<void> {
    this.#say({ op: 'setVus', scenario, vus, max })
  }

  stop(mode: 'graceful' | 'now', reason: string): void {
    if (this.#stopped?.mode === 'now') return
    this.#stopped = { mode, atNs: this.#clock.nowNs() }
    this.#local.stop(mode, reason)
    // By message, because that is fast; in the bucket, because an agent may be away just now.
    this.#say({ op: 'stop', mode, reason })
    void this.#put('stop', { mode, reason }).catch(() => {})
    this.#wake?.()
  }

  clearStop(): void {
    this.#local.clearStop()
  }

  async close(): Promise<void> {
    this.#over = true
    for (const stop of this.#stops) stop()
    if (this.#book !== undefined) {
      this.#say({ op: 'end' })
      await this.#tidy()
    }
    await this.#local.close()
    await this.#bus.close()
  }

  #newBook(segments: number): ShareBook {
    const book = new ShareBook(segments, (fault) => this.#fault(fault))
    this.#book = book
    return book
  }

  #listen(): void {
    const { nc } = this.#bus
    nc.subscribe(beatSubject, {
      callback: (_error, message) => {
        const beat = readJson<Beat>(message.string())
        if (beat !== undefined && typeof beat.agent === 'string') this.#beat(beat)
      },
    })
    nc.subscribe(runClock(this.#options.run), {
      callback: (_error, message) => void message.respond(JSON.stringify({ unixMs: this.#clock.unixMs() })),
    })
    void this.#watchConnection()
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#bus.nc.status()) {
      if (this.#over) return
      if (type === 'disconnect') this.#awayNs ??= this.#clock.nowNs()
      if (type === 'reconnect' && this.#awayNs !== undefined) {
        const awayS = (this.#clock.nowNs() - this.#awayNs) / 1e9
        this.#awayNs = undefined
        this.#fault({
          what: 'server-away',
          text: `the message system was away for ${awayS.toFixed(1)} s; agents went on and delivered afterwards`,
        })
        // Agents need their time to find it again.
        this.#book?.forgive(this.#clock.nowNs() + 3e9)
      }
    }
  }

  #connected(): boolean {
    return this.#awayNs === undefined
  }

  #beat(beat: Beat): void {
    const nowNs = this.#clock.nowNs()
    if (beat.state === 'idle') {
      this.#idle.set(beat.agent, { host: '', atNs: nowNs })
      return
    }
    this.#idle.delete(beat.agent)
    if (beat.run !== this.#options.run) return
    const before = beat.share === null ? undefined : this.#book?.find(beat.share)
    this.#book?.beat(beat, nowNs, this.#elapsedS())
    if (before?.state === 'released') {
      const release = { op: 'release', run: this.#options.run }
      void this.#bus.ask(agentSubject(beat.agent), release, 2000).catch(() => {})
    }
  }

  async #untilAgents(): Promise<string[]> {
    const { agents, waitNs, onLoss } = this.#options
    const deadlineNs = this.#clock.nowNs() + waitNs
    // Every agent that is there has given a sign by then.
    await sleep(this.#clock, 3 * BEAT_NS)
    for (;;) {
      const idle = this.#idleAgents()
      if (agents === undefined ? idle.length > 0 : idle.length >= agents) return idle.slice(0, agents ?? idle.length)
      if (this.#clock.nowNs() > deadlineNs) {
        // Who said that the run may go on without some of them may also begin without them.
        if (idle.length > 0 && onLoss !== 'fail' && canBeTakenOver(this.#executors)) return idle
        throw agentsNotReady(
          `${idle.length === 0 ? 'no agent is' : `${idle.length} agents are`} idle${agents === undefined ? '' : `, ${agents} are wanted`}`,
        )
      }
      await sleep(this.#clock, TICK_NS)
    }
  }

  #idleAgents(): string[] {
    const nowNs = this.#clock.nowNs()
    return [...this.#idle]
      .filter(([, { atNs }]) => nowNs - atNs < 3 * BEAT_NS)
      .map(([agent]) => agent)
      .sort()
  }

  async #publish(options: Options, exported: Record<string, unknown>, segments: number): Promise<void> {
    const { run, engine, workers, version, archive } = this.#options
    const { jsm } = this.#bus
    await jsm.streams.add({
      name: runStream(run),
      subjects: [`${runData(run)}.>`],
      duplicate_window: DUPLICATE_WINDOW_NS,
      max_age: KEEP_NS,
    })
    const store = await this.#bus.bucket(runStore(run))
    this.#store = store
    const { env, ...params } = this.#params as Omit<LoadParams, 'stopFlag'>
    // `__ENV` holds the whole environment of this machine; agents get what the script can ask for.
    const asked = Object.entries(env).filter(([name]) => params.code.includes(name))
    const bundle = packBundle({
      engine,
      params: { ...params, env: Object.fromEntries(asked) },
      options,
      exported,
      workers,
      seed: await this.#local.seed(),
      ...(archive === undefined ? {} : { archive: await archive() }),
    })
    await (await this.#bus.objects(runStore(run))).putBlob({ name: 'bundle' }, bundle)
    const plan: RunPlanEntry = {
      segments,
      codeSha256: hashOfCode(params.code),
      executors: this.#executors,
      version,
    }
    await store.put('plan', JSON.stringify(plan))
    await this.#announce('preparing', segments)
  }

  async #announce(state: RunEntry['state'], segments: number = this.#book?.segments ?? 0): Promise<void> {
    const { run, name, coordinator } = this.#options
    const entry: RunEntry = { id: run, name, state, segments, startedUnixMs: this.#clock.unixMs(), coordinator }
    await (await this.#bus.bucket(RUNS_BUCKET)).put(run, JSON.stringify(entry))
  }

  /** @returns why the agent did not take it */
  async #offer(agent: string, segment: number, fromS: number): Promise<ShareRow | string> {
    const book = this.#book as ShareBook
    const epoch = (book.holder(segment)?.key.epoch ?? -1) + 1
    const key = { segment, epoch }
    const call = { op: 'take', run: this.#options.run, share: key, fromS }
    try {
      const answer = await this.#bus.ask<{ ok?: boolean; error?: string }>(agentSubject(agent), call, 5000)
      if (answer.ok !== true) return `${agent}: ${answer.error}`
      this.#idle.delete(agent)
      return book.add(key, { agent, host: agent, fromS }, this.#clock.nowNs())
    } catch (error) {
      return `${agent}: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  async #takeUp(run: string): Promise<void> {
    const runs = await this.#bus.bucket(RUNS_BUCKET)
    const entry = readJson<RunEntry>((await runs.get(run))?.string())
    if (entry === undefined) throw cannotTakeUp(run, 'there is no such run')
    const store = await this.#bus.bucket(runStore(run))
    this.#store = store
    const plan = readJson<RunPlanEntry>((await store.get('plan'))?.string())
    const start = readJson<StartEntry>((await store.get('start'))?.string())
    if (plan === undefined || start === undefined) throw cannotTakeUp(run, 'it had not begun')
    if (plan.codeSha256 !== hashOfCode((this.#params as LoadParams).code))
      throw cannotTakeUp(run, 'it runs another script')
    const book = this.#newBook(plan.segments)
    const keys: string[] = []
    for await (const key of await store.keys('lease.>')) keys.push(key)
    for (const key of keys.sort((a, b) => epochOf(a) - epochOf(b))) {
      const [, segment, epoch] = key.split('.').map(Number)
      const lease = readJson<LeaseEntry>((await store.get(key))?.string())
      if (lease === undefined || segment === undefined || epoch === undefined) continue
      book.add({ segment, epoch }, lease, this.#clock.nowNs()).state = 'running'
    }
    this.#start = start
    this.#stops.push(every(this.#clock, BEAT_NS, () => this.#say({ op: 'beat' })))
    const stop = readJson<{ mode: 'graceful' | 'now' }>((await store.get('stop'))?.string())
    if (stop !== undefined) this.#stopped = { mode: stop.mode, atNs: this.#clock.nowNs() }
    this.#fault({
      what: 'coordinator-taken-up',
      text: `another coordinator (${entry.coordinator.host}, process ${entry.coordinator.pid}) had begun this run; it was taken up at second ${(this.#elapsedS() ?? 0).toFixed(1)} and read again from its first second`,
    })
    book.forgive(this.#clock.nowNs() + 3e9)
    await this.#announce('running')
    await this.#consume()
  }

  async #consume(): Promise<void> {
    const consumer = await this.#bus.js.consumers.get(runStream(this.#options.run))
    const messages = await consumer.consume({ callback: (message) => this.#message(message) })
    this.#stops.push(() => messages.stop())
  }

  #message(message: JsMsg): void {
    const [segment, epoch] = message.subject.split('.').slice(-2).map(Number)
    const book = this.#book
    if (book === undefined || segment === undefined || epoch === undefined) return
    const row = book.find({ segment, epoch })
    if (row === undefined) return
    const nowNs = this.#clock.nowNs()
    let told: ReturnType<typeof decodeMessage>
    try {
      told = decodeMessage(message.data)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#fault({
        what: 'message-damaged',
        segment: segment + 1,
        text: `a message of share ${segment + 1} cannot be read: ${why}`,
      })
      return
    }
    if (!book.receive(row, told.seq)) return
    for (const event of told.events) {
      if (event.type !== 'window') {
        this.#onEvent(event)
        continue
      }
      const { span } = event.window
      if (span !== undefined && span.toNs > 0) book.covered(row, span, nowNs)
      this.#seconds.add(row.index, event.window)
    }
    if (told.done !== undefined) {
      book.done(row, told.done.toNs)
      this.#seconds.end(row.index)
    }
    this.#wake?.()
  }

  async #untilOver(book: ShareBook): Promise<void> {
    let othersOverNs: number | undefined
    for (;;) {
      const nowNs = this.#clock.nowNs()
      if (this.#connected()) for (const row of book.check(nowNs, this.#elapsedS() ?? 0)) this.#onLost(book, row)
      this.#fillFree(book)
      // Half a second is the agent's own lateness: a tick, the way, the merge.
      const toldNs = book.toldNs
      if (Number.isFinite(toldNs)) this.#seconds.advance(Math.floor((toldNs + 0.4e9) / 1e9))
      const alive = book.rows.filter(({ state }) => ['offered', 'preparing', 'ready', 'running'].includes(state))
      const isDone = Array.from({ length: book.segments }, (_, i) => i).every((segment) =>
        book.rows.some(({ key, state }) => key.segment === segment && state === 'done'),
      )
      if (isDone && alive.length === 0) return
      if (alive.length === 0 && this.#connected()) {
        othersOverNs ??= nowNs
        if (nowNs - othersOverNs > RETURN_NS) return
      } else othersOverNs = undefined
      const stopped = this.#stopped
      if (stopped?.mode === 'now' && nowNs - stopped.atNs > LAST_WORDS_NS) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#clock.coarseAt(nowNs + TICK_NS, resolve)
      })
    }
  }

  #onLost(book: ShareBook, row: ShareRow): void {
    const { onLoss } = this.#options
    if (onLoss === 'fail') {
      this.#failure ??= agentLost(
        `the agent ${row.agent} with share ${row.key.segment + 1} of ${book.segments} was lost`,
      )
      this.stop('now', 'an agent was lost')
      return
    }
    if (onLoss !== 'spare') return
    if (canBeTakenOver(this.#executors)) void this.#giveTo(book, row.key.segment)
    else
      this.#note(`share ${row.key.segment + 1} cannot be taken over: how many iterations are left of it nobody knows`)
  }

  /** A share that nobody took goes to an agent that came late. */
  #fillFree(book: ShareBook): void {
    if (this.#options.onLoss === 'fail' || this.#stopped !== undefined || !canBeTakenOver(this.#executors)) return
    for (let segment = 0; segment < book.segments; segment++) {
      const holder = book.holder(segment)
      const isFree = holder === undefined || (holder.state === 'lost' && holder.toNs === 0)
      if (isFree || (holder.state === 'lost' && this.#options.onLoss === 'spare')) void this.#giveTo(book, segment)
    }
  }

  async #giveTo(book: ShareBook, segment: number): Promise<void> {
    const [agent] = this.#idleAgents()
    if (agent === undefined || this.#offering.has(segment) || this.#stopped !== undefined) return
    this.#offering.add(segment)
    this.#idle.delete(agent)
    // It needs the script and its VUs first; a whole second, so that windows stay those of whole seconds.
    const fromS = Math.max(0, Math.ceil((this.#elapsedS() ?? 0) + 2))
    const had = book.holder(segment)
    const taken = await this.#offer(agent, segment, fromS)
    this.#offering.delete(segment)
    if (typeof taken === 'string') return
    const what = had === undefined ? 'agent-late' : 'share-taken-over'
    this.#fault({
      what,
      segment: segment + 1,
      agent,
      text: `agent ${agent} takes share ${segment + 1} of ${book.segments} from second ${fromS} on`,
    })
    this.#say({ op: 'start' })
  }

  /** What happens once, on the first agent that can be asked. */
  async #once(call: { op: 'setup' } | { op: 'teardown'; data?: string }): Promise<{ data: string | undefined }> {
    const row = this.#book?.rows.find(({ state }) => state === 'ready' || state === 'running' || state === 'done')
    if (row === undefined) throw agentsNotReady(`no agent is left that could run ${call.op}()`)
    const limitMs = 10 * 60_000
    const answer = await this.#bus.ask<{ data?: string; failure?: WorkerFailure; error?: string }>(
      agentSubject(row.agent),
      call,
      limitMs,
    )
    if (answer.failure !== undefined) throw new ScriptFailure(answer.failure)
    if (answer.error !== undefined) throw agentsNotReady(`${call.op}() did not run: ${answer.error}`)
    return { data: answer.data }
  }

  #say(order: RunOrder): void {
    this.#bus.say(runControl(this.#options.run), order)
  }

  /** The server may be away for a moment. */
  async #put(key: string, value: object): Promise<void> {
    for (let i = 0; ; i++) {
      try {
        await this.#store?.put(key, JSON.stringify(value))
        return
      } catch (error) {
        if (i >= 20) throw error
        await sleep(this.#clock, 500e6)
      }
    }
  }

  async #tidy(): Promise<void> {
    const { run } = this.#options
    const { jsm } = this.#bus
    const works = [
      jsm.streams.delete(runStream(run)),
      jsm.streams.delete(`KV_${runStore(run)}`),
      jsm.streams.delete(`OBJ_${runStore(run)}`),
      this.#bus.bucket(RUNS_BUCKET).then((runs) => runs.delete(run)),
    ]
    // What cannot be deleted now expires by itself.
    await Promise.race([Promise.allSettled(works), sleep(this.#clock, 3e9)])
  }

  #fault(fault: Fault): void {
    if (this.#faults++ >= MOST_FAULTS) return
    const { text, ...detail } = fault
    this.#onEvent({ type: 'note', name: 'cluster', detail: { ...detail, text, atS: this.#elapsedS() ?? null } })
    this.#note(text)
  }

  #note(message: string): void {
    const line = { level: 'warn' as const, message, fields: {}, unixMs: this.#clock.unixMs() }
    this.#onEvent({ type: 'log', lines: [line] })
  }

  /** Since the start instant; negative before it. */
  #nowNs(): number {
    return (this.#clock.unixMs() - (this.#start?.unixMs ?? 0)) * 1e6
  }

  #elapsedS(): number | undefined {
    return this.#start === undefined ? undefined : Math.max(0, this.#nowNs() / 1e9)
  }

  #unixOf(toNs: number | undefined): number {
    return this.#start === undefined || toNs === undefined ? this.#clock.unixMs() : this.#start.unixMs + toNs / 1e6
  }
}

function epochOf(key: string): number {
  return Number(key.split('.')[2])
}

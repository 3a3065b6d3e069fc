/** Runs of other processes, shown live from the files that they write. */
import { join } from 'node:path'
import type { Cancel, Clock } from '#base/clock.js'
import { nodeDisk, type RunFile } from '#record/index.js'
import { checkRunFile, readJson, stateOf } from '#record/run-file.js'
import { noFindings } from '#record/series-reader.js'
import { Refusal } from './errors.js'
import { askedPerS } from './plan.js'
import { plannedOf } from './plan-of-record.js'
import { LiveSession, type RunView } from './session.js'
import { EventTail, SeriesTail } from './tail.js'
import { marginOf, rightSide } from './threshold-log.js'
import type { ControlRequest, Controls, PlannedScenario, ThresholdState } from './wire.js'

/** Runs that are followed at once: each has its history in memory. */
const MAX_FOLLOWED = 4
/** Without a page for so long, a run is no longer followed. */
const IDLE_NS = 60e9
const PERIOD_NS = 1e9

/** How a run that this dashboard started is spoken to. */
export interface RemoteControl {
  controls(): Promise<Controls>
  control(request: ControlRequest): Promise<void>
}

export class RunFollower {
  readonly #clock: Clock
  readonly #remote: (id: string) => RemoteControl | undefined
  readonly #followed = new Map<string, Followed>()

  /** @param remote  control of the runs that can be controlled */
  constructor(clock: Clock, remote: (id: string) => RemoteControl | undefined) {
    this.#clock = clock
    this.#remote = remote
  }

  /** The run whose record is in `dir`, up to now. @throws Refusal, PW_RECORD_* */
  async session(id: string, dir: string): Promise<LiveSession> {
    let followed = this.#followed.get(id)
    if (followed === undefined) {
      for (const [name, other] of this.#followed) if (other.isIdle) this.#drop(name)
      if (this.#followed.size >= MAX_FOLLOWED) throw new Refusal(503, 'too many runs are looked at')
      followed = new Followed(id, dir, this.#clock, this.#remote(id), () => this.#drop(id))
      this.#followed.set(id, followed)
    }
    try {
      return await followed.ready
    } catch (error) {
      this.#drop(id)
      throw error
    }
  }

  close(): void {
    for (const id of this.#followed.keys()) this.#drop(id)
  }

  #drop(id: string): void {
    this.#followed.get(id)?.stop()
    this.#followed.delete(id)
  }
}

class Followed {
  readonly ready: Promise<LiveSession>
  readonly #dir: string
  readonly #clock: Clock
  readonly #remote: RemoteControl | undefined
  readonly #idle: () => void
  readonly #series: SeriesTail
  readonly #events: EventTail
  readonly #observed = new Map<string, ObservedTail>()
  #session: LiveSession | undefined
  #view: FileView | undefined
  #scenarios: readonly PlannedScenario[] = []
  #timer: Cancel | undefined
  #idleSinceNs: number | undefined
  #isStopped = false

  constructor(id: string, dir: string, clock: Clock, remote: RemoteControl | undefined, idle: () => void) {
    this.#dir = dir
    this.#clock = clock
    this.#remote = remote
    this.#idle = idle
    this.#series = new SeriesTail(join(dir, 'series'))
    this.#events = new EventTail(dir)
    this.ready = this.#open(id)
    // Whoever asked is told; nobody else waits for it.
    this.ready.catch(() => {})
  }

  get isIdle(): boolean {
    return this.#session !== undefined && this.#session.feed.pages === 0
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.()
    this.#session?.end({ exitCode: null, reason: 'no longer followed', trust: null })
  }

  async #open(id: string): Promise<LiveSession> {
    const run = await this.#runFile()
    this.#scenarios = plannedOf(run.options)
    const view = new FileView(run, this.#remote)
    this.#view = view
    const session = new LiveSession(
      {
        name: run.name,
        script: run.script.path,
        engine: run.engine.name,
        startedUnixMs: run.startedUnixMs,
        record: id,
        totalS: Math.max(0, ...this.#scenarios.map(({ toS }) => toS)),
        scenarios: this.#scenarios,
        source: 'files',
        stays: true,
      },
      view,
    )
    this.#session = session
    await this.#read()
    this.#again()
    return session
  }

  #again(): void {
    if (this.#isStopped || this.#session?.isOver === true) return
    this.#timer = this.#clock.coarseAt(this.#clock.nowNs() + PERIOD_NS, () => {
      void this.#turn().catch((error: unknown) =>
        this.#session?.end({
          exitCode: null,
          reason: error instanceof Error ? error.message : String(error),
          trust: null,
        }),
      )
    })
  }

  async #turn(): Promise<void> {
    const now = this.#clock.nowNs()
    if (!this.isIdle) this.#idleSinceNs = undefined
    else this.#idleSinceNs ??= now
    if (this.#idleSinceNs !== undefined && now - this.#idleSinceNs > IDLE_NS) return this.#idle()
    await this.#view?.refresh()
    if ((await this.#read()) > 0) this.#session?.feed.tick()
    else this.#session?.feed.state()
    this.#again()
  }

  /** Takes in what is new. @returns windows */
  async #read(): Promise<number> {
    const session = this.#session as LiveSession
    for (const name of await nodeDisk.folders(join(this.#dir, 'observed')))
      if (!this.#observed.has(name)) this.#observed.set(name, new ObservedTail(join(this.#dir, 'observed', name)))
    let windows = 0
    for (let frame = await this.#series.peek(); frame !== undefined; frame = await this.#series.peek()) {
      if (this.#isStopped) return windows
      this.#series.take()
      for (const [part, tail] of this.#observed) await tail.upTo(frame.toNs, (values) => session.observed(part, values))
      const { metrics, tagSets, rows, fromNs, toNs, unixMs } = frame
      session.take(
        { metrics, tagSets, rows },
        { fromNs, toNs, unixMs },
        { askedPerS: this.#asked(toNs / 1e9), startedPerS: undefined },
      )
      windows++
    }
    for (const event of await this.#events.read()) {
      this.#view?.event(event.type, event.detail)
      session.event(event)
    }
    const run = await this.#runFile()
    const state =
      run.state === 'finished'
        ? 'finished'
        : stateOf(run, { ...noFindings(), lastUnixMs: this.#clock.unixMs() }, { clock: this.#clock })
    if (state === 'running') return windows
    this.#view?.finished(run)
    session.feed.tick()
    session.end({
      exitCode: run.exit?.code ?? null,
      reason: run.exit?.reason ?? (state === 'killed' ? 'the run was killed' : null),
      trust: run.trust?.verdict ?? null,
    })
    return 0
  }

  #asked(t: number): number | undefined {
    const asked = this.#scenarios.map((scenario) => askedPerS(scenario, t)).filter((perS) => perS !== undefined)
    return asked.length === 0 ? undefined : asked.reduce((sum, perS) => sum + perS, 0)
  }

  async #runFile(): Promise<RunFile> {
    const path = join(this.#dir, 'run.json')
    return await checkRunFile(await readJson(nodeDisk, path), path)
  }
}

/** Readings of one observed part, in step with the windows. */
class ObservedTail {
  readonly #tail: SeriesTail
  readonly #names = new Map<number, string>()
  readonly #tags = new Map<number, Readonly<Record<string, string>>>()

  constructor(dir: string) {
    this.#tail = new SeriesTail(dir)
  }

  async upTo(
    toNs: number,
    told: (values: Record<string, number | { tags: Readonly<Record<string, string>>; value: number }[]>) => void,
  ): Promise<void> {
    for (
      let frame = await this.#tail.peek();
      frame !== undefined && frame.toNs <= toNs + 5e8;
      frame = await this.#tail.peek()
    ) {
      this.#tail.take()
      for (const { id, name } of frame.metrics) this.#names.set(id, name)
      for (const { id, entries } of frame.tagSets) this.#tags.set(id, Object.fromEntries(entries))
      const values: Record<string, number | { tags: Readonly<Record<string, string>>; value: number }[]> =
        Object.create(null)
      for (const { metric, tags, sum } of frame.rows) {
        const name = this.#names.get(metric)
        const of = this.#tags.get(tags) ?? {}
        if (name === undefined) continue
        if (Object.keys(of).length === 0) values[name] = sum
        else {
          const list = values[name]
          if (Array.isArray(list)) list.push({ tags: of, value: sum })
          else values[name] = [{ tags: of, value: sum }]
        }
      }
      told(values)
    }
  }
}

/** What the files of a run say of its progress. */
class FileView implements RunView {
  readonly #remote: RemoteControl | undefined
  #thresholds: ThresholdState[]
  #phase = 'init'
  #controls: Controls = {
    stop: ELSEWHERE,
    pause: ELSEWHERE,
    resume: ELSEWHERE,
    scale: ELSEWHERE,
    vus: null,
    maxVus: null,
  }

  constructor(run: RunFile, remote: RemoteControl | undefined) {
    this.#remote = remote
    this.#thresholds = thresholdsOf(run)
  }

  /** Asks the run what may be done. */
  async refresh(): Promise<void> {
    if (this.#remote !== undefined) this.#controls = await this.#remote.controls().catch(() => this.#controls)
  }

  event(type: string, detail: Readonly<Record<string, unknown>>): void {
    if (type === 'phase' && typeof detail['phase'] === 'string') this.#phase = detail['phase']
    if (type !== 'threshold-crossed') return
    this.#thresholds = this.#thresholds.map((one) => (one.metric === detail['metric'] ? { ...one, ok: false } : one))
  }

  finished(run: RunFile): void {
    this.#thresholds = run.thresholds.map(({ metric, source, abortOnFail, ok, value }) => ({
      ...emptyThreshold(metric, source),
      abortOnFail,
      ok: ok ?? true,
      value,
      margin: value === null ? null : marginOf(value, rightSide(source)),
    }))
  }

  progress(): ReturnType<RunView['progress']> {
    return {
      phase: this.#phase,
      paused: this.#controls.resume === true,
      scenarios: [],
      thresholds: this.#thresholds,
      controls: this.#controls,
    }
  }

  async control(request: ControlRequest): Promise<void> {
    if (this.#remote === undefined) throw new Error(ELSEWHERE)
    await this.#remote.control(request)
    await this.refresh()
  }

  annotate(): void {
    throw new Refusal(409, 'only the run itself writes its record: annotate in the dashboard of "run --dashboard"')
  }
}

const ELSEWHERE = 'this run belongs to another process: stop it in its terminal, or start it with --dashboard'

function thresholdsOf(run: RunFile): ThresholdState[] {
  const { thresholds } = run.options
  if (typeof thresholds !== 'object' || thresholds === null) return []
  return Object.entries(thresholds).flatMap(([metric, list]) =>
    (Array.isArray(list) ? list : []).slice(0, 100).flatMap((one: unknown) => {
      const source = typeof one === 'string' ? one : (one as { threshold?: unknown } | null)?.threshold
      return typeof source === 'string' ? [emptyThreshold(metric, source)] : []
    }),
  )
}

function emptyThreshold(metric: string, source: string): ThresholdState {
  const { operator, limit } = rightSide(source)
  const aggregation = source.split(/[<>=!]/)[0]?.trim() ?? ''
  return {
    metric,
    source,
    aggregation,
    operator,
    limit,
    ok: true,
    value: null,
    margin: null,
    abortOnFail: false,
    bad: [],
  }
}

/** One run that pages may look at: its model, its event stream, and what may be done about it. */
import { randomBytes } from 'node:crypto'
import type { Readings, RecordEvent } from '#record/index.js'
import type { WindowBatch } from '#metrics/types.js'
import { Refusal } from './errors.js'
import { Feed } from './feed.js'
import { LiveModel, type Pace } from './live-model.js'
import type { ControlRequest, Controls, Hello, LiveStatus, RunEnd } from './wire.js'

/** What only the owner of a run knows. */
export interface RunView {
  progress(): Pick<LiveStatus, 'phase' | 'paused' | 'scenarios' | 'thresholds' | 'controls'>
  /** @throws with the reason when it cannot be done */
  control(request: ControlRequest): Promise<void>
  /** Writes it into the record. @throws with the reason when it cannot be done */
  annotate(text: string): void
}

interface WindowTime {
  readonly fromNs: number
  readonly toNs: number
  readonly unixMs: number
}

export class LiveSession {
  readonly hello: Hello
  readonly model: LiveModel = new LiveModel()
  readonly feed: Feed
  readonly #view: RunView
  #end: RunEnd | null = null
  /** Wall clock of second 0 of the load, once it is known. */
  #originUnixMs: number | undefined

  constructor(hello: Omit<Hello, 'boot'>, view: RunView) {
    this.hello = { ...hello, boot: randomBytes(6).toString('hex') }
    this.#view = view
    this.feed = new Feed(this)
  }

  get isOver(): boolean {
    return this.#end !== null
  }

  status(): LiveStatus {
    const { model } = this
    return {
      ...this.#view.progress(),
      ...(this.#end === null ? {} : { controls: ENDED, phase: 'done' }),
      elapsedS: Math.round(model.elapsedS * 10) / 10,
      ...model.totals,
      generator: model.generator ?? null,
      starved: this.#end === null ? model.starved() : null,
      end: this.#end,
    }
  }

  window(batch: WindowBatch, time: WindowTime, pace?: Pace): void {
    this.take(batch, time, pace)
    this.feed.tick()
  }

  /** As `window`, while pages are not told yet: much of a run may be taken in at once. */
  take(batch: WindowBatch, time: WindowTime, pace?: Pace): void {
    this.#originUnixMs = time.unixMs - time.toNs / 1e6
    this.model.window(batch, time, pace)
  }

  observed(part: string, values: Readings): void {
    this.model.observed(part, values)
  }

  event(event: RecordEvent): void {
    const t = this.#originUnixMs === undefined ? 0 : (event.unixMs - this.#originUnixMs) / 1000
    this.model.event(event, Math.max(0, Math.round(t * 10) / 10))
    if (event.type === 'phase') this.feed.state()
  }

  async control(request: ControlRequest): Promise<void> {
    const controls = this.status().controls
    const allowed = controls[request.action]
    if (allowed !== true) throw new Refusal(409, allowed)
    try {
      await this.#view.control(request)
    } catch (error) {
      throw new Refusal(409, error instanceof Error ? error.message : String(error))
    }
    this.feed.state()
  }

  annotate(text: string): void {
    if (this.#end !== null) throw new Refusal(409, 'the run is over')
    this.#view.annotate(text)
  }

  end(end: RunEnd): void {
    if (this.#end !== null) return
    this.#end = end
    this.feed.end()
  }
}

const OVER = 'the run is over'
const ENDED: Controls = { stop: OVER, pause: OVER, resume: OVER, scale: OVER, vus: null, maxVus: null }

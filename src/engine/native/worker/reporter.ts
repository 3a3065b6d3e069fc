/**
 * What a worker tells unasked: log lines in small batches, one window a second.
 */
import type { Clock } from '#base/clock.js'
import type { ThreadHealth } from '../injector/types.js'
import type { LogFields, ScriptLog } from '../types.js'
import type { WindowBatch } from '#metrics/types.js'
import { csvFiles, type Inputs, INPUTS } from '../modules/http/inputs.js'
import type { FromWorker, LogLine, RawSample, ScenarioState, WorkerEvent, WorkerWindow } from './protocol.js'
import type { WorkerShared } from './shared.js'

/** Distinct messages of failed iterations that are counted one by one; the rest are counted together. */
const maxErrorKinds = 100

export class Reporter {
  readonly log: ScriptLog
  readonly #send: (message: FromWorker) => void
  readonly #clock: Clock
  #lines: LogLine[] = []
  #flushDue = false
  #errors = new Map<string, number>()
  #toldData = false

  constructor(send: (message: FromWorker) => void, clock: Clock) {
    this.#send = send
    this.#clock = clock
    const line = (level: LogLine['level']) => (message: string, fields?: LogFields) =>
      this.#line(level, message, fields ?? {})
    this.log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  }

  event(event: WorkerEvent): void {
    this.flushLogs()
    this.#send({ event })
  }

  iterationError(message: string): void {
    const key = this.#errors.has(message) || this.#errors.size < maxErrorKinds ? message : 'other errors'
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + 1)
  }

  window(shared: WorkerShared, scenarios: readonly ScenarioState[], health: ThreadHealth | undefined): void {
    this.flushLogs()
    this.flushSamples()
    const errors = [...this.#errors].map(([message, count]) => ({ message, count }))
    this.#errors.clear()
    this.#send({
      event: {
        type: 'window',
        window: {
          unixMs: this.#clock.unixMs(),
          batch: shared.samples.drain(),
          scenarios,
          vusActive: shared.totals.vusActive.total,
          vusInitialized: shared.totals.vusInitialized.total,
          iterationsCompleted: shared.totals.iterationsCompleted.total,
          iterationsInterrupted: shared.totals.iterationsInterrupted.total,
          health: health === undefined ? [] : [health],
          errors,
          ...this.#asked(shared),
        },
      },
    })
  }

  #asked(shared: WorkerShared): Pick<WorkerWindow, 'inputs' | 'data'> {
    const inputs = shared.store.get(INPUTS) as Inputs | undefined
    const taken = inputs?.take() ?? []
    if (taken.length === 0) return {}
    const isFirst = !this.#toldData
    this.#toldData = true
    return { inputs: taken, ...(isFirst ? { data: csvFiles(shared.store) } : {}) }
  }

  /** Sends every sample raw, in batches: for the outputs that want each of them. */
  streamSamples(shared: WorkerShared): void {
    const known = { metrics: 0, tagSets: new Set<number>() }
    let tagSets: WindowBatch['tagSets'][number][] = []
    let samples: RawSample[] = []
    this.flushSamples = () => {
      if (samples.length === 0) return
      const metrics = shared.metrics.all.slice(known.metrics)
      known.metrics = shared.metrics.all.length
      this.#send({ event: { type: 'samples', batch: { metrics, tagSets, samples } } })
      tagSets = []
      samples = []
    }
    shared.samples.listen(this.#clock, (metric, tags, value, unixMs, metadata) => {
      // Raw outputs have k6's shape, which knows no metrics of ours.
      if (metric.own) return
      if (!known.tagSets.has(tags.id)) {
        known.tagSets.add(tags.id)
        tagSets.push({ id: tags.id, entries: tags.entries })
      }
      samples.push({ metric: metric.id, tags: tags.id, value, unixMs, metadata })
      if (samples.length >= 2000) this.flushSamples()
    })
  }

  flushSamples: () => void = () => {}

  flushLogs(): void {
    this.#flushDue = false
    if (this.#lines.length === 0) return
    const lines = this.#lines
    this.#lines = []
    this.#send({ event: { type: 'log', lines } })
  }

  #line(level: LogLine['level'], message: string, fields: LogFields): void {
    this.#lines.push({ level, message, fields, unixMs: this.#clock.unixMs() })
    if (this.#lines.length >= 256) this.flushLogs()
    else if (!this.#flushDue) {
      // One message for all lines of a burst: a post per line would cost more than the line.
      this.#flushDue = true
      this.#clock.soon(() => this.flushLogs())
    }
  }
}

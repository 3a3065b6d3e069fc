import type { Metric, WindowBatch } from '#metrics/types.js'
import { unknownOutput } from './errors.js'
import type { Output, OutputContext, OutputFactory, OutputLoss, OutputSample, OutputTags } from './types.js'

/** A sample as a worker sends it: numbers instead of metric and tags, meaningful within that worker. */
export interface NumberedSample {
  readonly metric: number
  readonly tags: number
  readonly value: number
  readonly unixMs: number
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** All outputs of a run behind one face; gives numbered samples their metrics and tags. */
export class OutputSet {
  readonly #outputs: readonly Output[]
  readonly #context: OutputContext
  readonly #sources = new Map<string, Source>()
  #unresolved = 0

  /**
   * @param specs  as `--out` has them: `json=file.json`, `csv`
   * @throws PW_OUTPUT_UNKNOWN, PW_OUTPUT_CREATE in k6's words
   */
  constructor(specs: readonly string[], factories: Readonly<Record<string, OutputFactory>>, context: OutputContext) {
    this.#context = context
    this.#outputs = specs.map((spec) => {
      const equals = spec.indexOf('=')
      const name = equals < 0 ? spec : spec.slice(0, equals)
      const factory = Object.hasOwn(factories, name) ? factories[name] : undefined
      if (factory === undefined) throw unknownOutput(name, Object.keys(factories).sort())
      return factory(equals < 0 ? '' : spec.slice(equals + 1), context)
    })
  }

  get isEmpty(): boolean {
    return this.#outputs.length === 0
  }

  /** As the run's head lists them. */
  get descriptions(): readonly string[] {
    return this.#outputs.map((output) => output.description)
  }

  /** @throws PW_OUTPUT_CREATE; those that were started are stopped again */
  async start(): Promise<void> {
    const started: Output[] = []
    try {
      for (const output of this.#outputs) {
        await output.start()
        started.push(output)
      }
    } catch (error) {
      await Promise.all(started.map((output) => output.stop()))
      throw error
    }
  }

  /** Learns the definitions of a window; samples that came before theirs are sent on. */
  define(batch: Pick<WindowBatch, 'metrics' | 'tagSets'>, source = ''): void {
    if (this.isEmpty) return
    const known = this.#source(source)
    for (const metric of batch.metrics) known.metrics.set(metric.id, metric)
    for (const { id, entries } of batch.tagSets) known.tagSets.set(id, { entries })
    const { waiting } = known
    known.waiting = []
    if (waiting.length > 0) this.samples(waiting, source)
  }

  samples(samples: readonly NumberedSample[], source = ''): void {
    if (this.isEmpty) return
    const known = this.#source(source)
    const ready: OutputSample[] = []
    for (const sample of samples) {
      const metric = known.metrics.get(sample.metric)
      const tags = known.tagSets.get(sample.tags)
      // One that must wait holds up all after it: the order in time is kept.
      if (metric === undefined || tags === undefined || known.waiting.length > 0) this.#wait(known, sample)
      else ready.push({ metric, tags, value: sample.value, unixMs: sample.unixMs, metadata: sample.metadata })
    }
    if (ready.length > 0) for (const output of this.#outputs) output.samples(ready)
  }

  /** Closes all; answers what each could not write. */
  async stop(): Promise<readonly OutputLoss[]> {
    const unresolved = [...this.#sources.values()].reduce((sum, { waiting }) => sum + waiting.length, this.#unresolved)
    const losses = await Promise.all(this.#outputs.map((output) => output.stop()))
    const all = losses.filter((loss) => loss !== undefined)
    return unresolved === 0
      ? all
      : [...all, { output: 'all outputs', samples: unresolved, why: 'their metric or tags were never announced' }]
  }

  #wait(known: Source, sample: NumberedSample): void {
    if (known.waiting.length < MAX_WAITING) {
      known.waiting.push(sample)
      return
    }
    if (this.#unresolved++ === 0)
      this.#context.warn(
        'Samples are missing from the outputs: they came long before their definitions. The run goes on.',
      )
  }

  #source(name: string): Source {
    let source = this.#sources.get(name)
    if (source === undefined) {
      source = { metrics: new Map(), tagSets: new Map(), waiting: [] }
      this.#sources.set(name, source)
    }
    return source
  }
}

interface Source {
  readonly metrics: Map<number, Metric>
  readonly tagSets: Map<number, OutputTags>
  waiting: NumberedSample[]
}

/** Definitions come once a second; this many samples in a second are more than a worker makes. */
const MAX_WAITING = 1_000_000

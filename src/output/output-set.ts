import { type Cancel, type Clock } from '#base/clock.js'
import { TagRegistry } from '#metrics/index.js'
import type { Metric, WindowBatch } from '#metrics/types.js'
import type { Output, OutputContext, OutputLoss, OutputRow, OutputSample, OutputTags, RunState } from './types.js'

/** A sample as a worker sends it: numbers instead of metric and tags, meaningful within that worker. */
export interface NumberedSample {
  readonly metric: number
  readonly tags: number
  readonly value: number
  readonly unixMs: number
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** All outputs of a run behind one face; gives numbered samples and rows their metrics and tags. */
export class OutputSet {
  readonly #outputs: readonly Output[]
  readonly #forWindows: readonly Output[]
  readonly #context: Pick<OutputContext, 'clock' | 'warn'>
  /** Samples and windows travel apart, each with its own definitions. */
  readonly #sampleSources = new Map<string, Source>()
  readonly #windowSources = new Map<string, Source>()
  readonly #tags: TagRegistry = new TagRegistry()
  #unresolved = 0

  constructor(made: readonly Output[], context: Pick<OutputContext, 'clock' | 'warn'>) {
    this.#context = context
    this.#outputs = made
    this.#forWindows = made.filter((output) => output.window !== undefined)
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
      await Promise.all(started.map((output) => output.stop(1e9)))
      throw error
    }
  }

  /** Learns the definitions of samples; those that came before theirs are sent on. */
  define(batch: Pick<WindowBatch, 'metrics' | 'tagSets'>, source = ''): void {
    if (this.isEmpty) return
    const known = sourceOf(this.#sampleSources, source)
    learn(known, batch, this.#tags)
    const { waiting } = known
    known.waiting = []
    if (waiting.length > 0) this.samples(waiting, source)
  }

  samples(samples: readonly NumberedSample[], source = ''): void {
    if (this.isEmpty) return
    const known = sourceOf(this.#sampleSources, source)
    const ready: OutputSample[] = []
    for (const sample of samples) {
      const metric = known.metrics.get(sample.metric)
      const tags = known.tagSets.get(sample.tags)
      // One that must wait holds up all after it: the order in time is kept.
      if (metric === undefined || tags === undefined || known.waiting.length > 0) this.#wait(known, sample)
      else ready.push({ metric, tags, value: sample.value, unixMs: sample.unixMs, metadata: sample.metadata })
    }
    if (ready.length > 0) for (const output of this.#outputs) output.samples?.(ready)
  }

  /** One second of one worker, summed up; it brings its own definitions. */
  window(batch: WindowBatch, unixMs: number, source = ''): void {
    if (this.#forWindows.length === 0) return
    const known = sourceOf(this.#windowSources, source)
    learn(known, batch, this.#tags)
    const rows: OutputRow[] = []
    for (const row of batch.rows) {
      const metric = known.metrics.get(row.metric)
      const tags = known.tagSets.get(row.tags)
      if (metric === undefined || tags === undefined) this.#lost()
      else rows.push({ ...row, metric, tags })
    }
    for (const output of this.#forWindows) output.window?.({ unixMs, rows })
  }

  state(state: RunState): void {
    for (const output of this.#outputs) output.state?.(state)
  }

  /**
   * Closes all; answers what each could not write.
   * @param patienceNs  how long one that makes no progress is waited for
   */
  async stop(patienceNs: number = PATIENCE_NS): Promise<readonly OutputLoss[]> {
    const unresolved = [...this.#sampleSources.values()].reduce(
      (sum, { waiting }) => sum + waiting.length,
      this.#unresolved,
    )
    const losses = await Promise.all(this.#outputs.map((output) => bounded(output, patienceNs, this.#context.clock)))
    const all = losses.filter((loss) => loss !== undefined)
    return unresolved === 0
      ? all
      : [...all, { output: 'all outputs', samples: unresolved, why: 'their metric or tags were never announced' }]
  }

  #wait(known: Source, sample: NumberedSample): void {
    if (known.waiting.length < MAX_WAITING) known.waiting.push(sample)
    else this.#lost()
  }

  #lost(): void {
    if (this.#unresolved++ === 0)
      this.#context.warn(
        'Samples are missing from the outputs: they came long before their definitions. The run goes on.',
      )
  }
}

interface Source {
  readonly metrics: Map<number, Metric>
  readonly tagSets: Map<number, OutputTags>
  waiting: NumberedSample[]
}

/** Definitions come once a second; this many samples in a second are more than a worker makes. */
const MAX_WAITING = 1_000_000
const PATIENCE_NS = 10e9
/** Outputs end by themselves; this is for one that does not. */
const LAST_RESORT_NS = 600e9

function sourceOf(sources: Map<string, Source>, name: string): Source {
  let source = sources.get(name)
  if (source === undefined) {
    source = { metrics: new Map(), tagSets: new Map(), waiting: [] }
    sources.set(name, source)
  }
  return source
}

function learn(known: Source, batch: Pick<WindowBatch, 'metrics' | 'tagSets'>, registry: TagRegistry): void {
  for (const metric of batch.metrics) known.metrics.set(metric.id, metric)
  for (const { id, entries } of batch.tagSets) known.tagSets.set(id, registry.intern(entries))
}

async function bounded(output: Output, patienceNs: number, clock: Clock): Promise<OutputLoss | undefined> {
  let cancel: Cancel = () => {}
  const tooLate = new Promise<OutputLoss>((resolve) => {
    cancel = clock.coarseAt(clock.nowNs() + patienceNs + LAST_RESORT_NS, () =>
      resolve({ output: output.description, samples: 0, why: 'it did not end in time; what it holds is unknown' }),
    )
  })
  try {
    return await Promise.race([output.stop(patienceNs), tooLate])
  } finally {
    cancel()
  }
}

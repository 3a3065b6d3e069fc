import type { Writable } from 'node:stream'
import type { Clock } from '#base/clock.js'
import type { Options } from '#config/types.js'
import type { Metric, WindowRow } from '#metrics/types.js'

/** A place that gets a run's measurements while it goes on. Has `samples` or `windows`, after what it sends. */
export interface Output {
  /** As the run's head lists it: `csv (file.csv)`. */
  readonly description: string
  /** @throws PW_OUTPUT_CREATE before the run, when the place cannot be written */
  start(): Promise<void>
  /** Every sample, one by one. Never waits and never throws: what the place cannot take is counted. */
  samples?(samples: readonly OutputSample[]): void
  /** Samples summed up by series, once a second and worker. Never waits and never throws. */
  window?(window: OutputWindow): void
  /** What perfwright knows beside k6's metrics, once a second. */
  state?(state: RunState): void
  /**
   * Resolves when everything is written, or when nothing moves any more: a place that stands still is left after
   * `patienceNs`. Answers what was not written, undefined when all was.
   */
  stop(patienceNs: number): Promise<OutputLoss | undefined>
}

export interface OutputSample {
  readonly metric: Metric
  readonly tags: OutputTags
  readonly value: number
  readonly unixMs: number
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** Sorted by key. The same tags are the same object, so that an output renders them once. */
export interface OutputTags {
  readonly entries: readonly (readonly [key: string, value: string])[]
}

/** A second of one worker. */
export interface OutputWindow {
  /** Its end. */
  readonly unixMs: number
  readonly rows: readonly OutputRow[]
}

/** What came into one series; the numbers are those of `WindowRow`. */
export interface OutputRow extends Omit<WindowRow, 'metric' | 'tags'> {
  readonly metric: Metric
  /** The same object for equal tags, whichever worker they come from. */
  readonly tags: OutputTags
}

/** The plan, the thresholds and the injector, for dashboards. Counts are of the whole run so far. */
export interface RunState {
  readonly unixMs: number
  readonly scenarios: readonly {
    readonly name: string
    /** Iterations a second that the plan asks for now; undefined in a closed model. */
    readonly askedPerS: number | undefined
    readonly started: number
    readonly dropped: number
  }[]
  /** Readings of the load generator by the names that the record has for them: `cpu_ratio`, `event_loop_lag_p99_ms`. */
  readonly injector: Readonly<Record<string, number | undefined>>
  readonly iterationErrors: number
  readonly thresholds: readonly {
    readonly metric: string
    readonly source: string
    readonly ok: boolean
    readonly value: number | undefined
  }[]
}

export interface OutputLoss {
  readonly output: string
  readonly samples: number
  /** What `samples` counts, in the plural, when it is not samples. */
  readonly unit?: string
  readonly why: string
}

/** What an output may need of its run. */
export interface OutputContext {
  readonly options: Pick<Options, 'thresholds' | 'systemTags' | 'noThresholds' | 'tags'>
  /** For `K6_CSV_FILENAME` and its kin. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** k6's feature flags that are on: `native-histograms`. */
  readonly features: readonly string[]
  readonly cwd: string
  readonly clock: Clock
  /** perfwright's. */
  readonly version: string
  readonly stdout: NodeJS.WritableStream
  /** Told once per output that loses samples. */
  readonly warn: (message: string) => void
  /** Opens a file for writing from its start; by default on the disk. */
  readonly openFile?: (path: string) => Promise<Writable>
}

/**
 * Makes an output from what stands behind `NAME=` in `--out`; '' when nothing does.
 * @throws PW_OUTPUT_CREATE
 */
export type OutputFactory = (argument: string, context: OutputContext) => Output

/** An output by its name; its code is read when it is asked for. */
export interface OutputKind {
  readonly wants: 'samples' | 'windows'
  readonly load: () => Promise<OutputFactory>
}

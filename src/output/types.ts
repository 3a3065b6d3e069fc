import type { Writable } from 'node:stream'
import type { Options } from '#config/types.js'
import type { Metric } from '#metrics/types.js'

/** A place that gets every sample of a run, one by one. */
export interface Output {
  /** As the run's head lists it: `csv (file.csv)`. */
  readonly description: string
  /** @throws PW_OUTPUT_CREATE before the run, when the place cannot be written */
  start(): Promise<void>
  /** Never waits and never throws: what the place cannot take is counted. */
  samples(samples: readonly OutputSample[]): void
  /** Resolves when everything is written. Answers what was not, undefined when all was. */
  stop(): Promise<OutputLoss | undefined>
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

export interface OutputLoss {
  readonly output: string
  readonly samples: number
  readonly why: string
}

/** What an output may need of its run. */
export interface OutputContext {
  readonly options: Pick<Options, 'thresholds' | 'systemTags' | 'noThresholds'>
  /** For `K6_CSV_FILENAME` and its kin. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdout: NodeJS.WritableStream
  /** Told once per output that loses samples. */
  readonly warn: (message: string) => void
  /** Opens a file for writing from its start; by default on the disk. */
  readonly openFile?: (path: string) => Promise<Writable>
}

/** Makes an output from what stands behind `NAME=` in `--out`; '' when nothing does. */
export type OutputFactory = (argument: string, context: OutputContext) => Output

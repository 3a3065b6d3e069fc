/** What goes into a conversion and what comes out of it. */
import type { Script } from './script/model.js'

export type Format = 'har' | 'openapi' | 'postman' | 'curl' | 'log'

export interface ConvertOptions {
  readonly keepStatic: boolean
  /** Hosts to keep: names, `*.name`, `*`; undefined for the site of the first page. */
  readonly hosts: readonly string[] | undefined
  /** Longest pause that is kept, seconds. */
  readonly maxThinkS: number
  /** A journey a session of an access log falls into is cut where a client was silent for longer. */
  readonly sessionGapS: number
  /** At most so many journeys out of an access log. */
  readonly journeys: number
  /** The rate of the log by time of day as stages of a ramping-arrival-rate. */
  readonly rates: boolean
  /** What the requests of a log go to, which names no host. */
  readonly baseUrl: string | undefined
}

export interface Converted {
  readonly script: Script
  /** The finished text without values that were to stay out of it; `words` names secrets that are common words in it. */
  blot(text: string): { readonly text: string; readonly words: readonly string[] }
  readonly summary: Summary
}

export interface Summary {
  readonly kept: number
  readonly journeys: number
  readonly dropped: readonly string[]
  readonly correlated: readonly string[]
  readonly secrets: readonly string[]
  readonly files: readonly string[]
  readonly notes: readonly string[]
}

import type { Amount } from './words/amounts.js'

export interface Sentence {
  readonly text: string
  /** Fields on which it stands: `analysis.answer`, `findings[0]`. */
  readonly from: readonly string[]
}

/** One of the three numbers at the top. */
export interface KeyNumber {
  readonly label: string
  readonly value: Amount
  /** `200 ms` as the goal says it; null without a goal. */
  readonly target: string | null
  readonly interval: string | null
  readonly state: 'met' | 'missed' | 'unsure' | 'none'
  /** In production, by the scaling factor; null without one. */
  readonly scaled: Amount | null
}

export interface Executive {
  readonly goal: Sentence
  readonly verdict: 'yes' | 'no' | 'cannot-tell'
  readonly answer: readonly Sentence[]
  readonly risk: readonly Sentence[]
  readonly capacity: readonly Sentence[]
  readonly next: Sentence
  readonly numbers: readonly KeyNumber[]
}

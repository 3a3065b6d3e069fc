/** What an adviser adds to a finding: the change to make, what it gains and costs, and how far that was tried. */

export interface AdviceDetails {
  /** What to do, as text to be applied; several are steps in this order. Empty where only a person can write it. */
  readonly changes: readonly Change[]
  /** Null where nothing could be measured or worked out; then `verification.how` says why. */
  readonly gain: Gain | null
  /** What it costs, each in a sentence with its numbers: size, slower writes, staleness, what got slower. */
  readonly costs: readonly string[]
  readonly verification: Verification
}

export interface Change {
  /**
   * `statement`: for the server, as it stands; `patch`: a unified diff; `code`: text for the target's language, where its
   * source was not at hand; `setting`: a line of a configuration.
   */
  readonly form: 'statement' | 'patch' | 'code' | 'setting'
  /** `sql`, `javascript`, `python`, `go`, `redis`, `nginx`, ... */
  readonly language: string
  readonly text: string
  /** Takes it back: `DROP INDEX CONCURRENTLY orders_customer_id`. */
  readonly undo?: string
  /** Where it goes, as far as known. */
  readonly file?: string
  readonly line?: number
}

export interface Gain {
  /** What gets smaller: `GET /orders response time`, `statement time`, `bytes sent`. */
  readonly metric: string
  readonly unit: string
  readonly before: number
  readonly after: number
  /** 95 % interval of `after`; null where there is none. */
  readonly afterLow: number | null
  readonly afterHigh: number | null
  readonly basis: 'measured' | 'estimated'
  /** How the numbers came about: how often, on what. */
  readonly how: string
}

export interface Verification {
  /**
   * `observed`: the fault is seen, its mend is not tried; `predicted`: worked out or planned by the server; `verified`:
   * tried, and better; `refuted`: tried, and not better.
   */
  readonly state: 'observed' | 'predicted' | 'verified' | 'refuted'
  /** What was done: "both ways read the same 20 pages on the real database". */
  readonly how: string
}

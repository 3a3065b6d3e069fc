/** What an adviser is given and what it answers. One adviser a file or folder, one line in `index.ts`. */
import type { Clock } from '#base/clock.js'
import type { Random } from '#base/random.js'
import type { AdviceDetails, Finding, FindingKind, RunRecord } from '#record/index.js'
import type { WireProtocol } from '#wire/types.js'
import type { Capture } from './probe/capture.js'
import type { SourceFiles } from './target/detect.js'
import type { TargetFacts } from './target/facts.js'

/** A finding with the change that mends it. */
export type Advice = Finding & { readonly advice: AdviceDetails }

export interface Advisor {
  /** Also the name for `--only`: `n-plus-one`, `postgres-indexes`. */
  readonly name: string
  readonly kinds: readonly FindingKind[]
  /** What it looks at and when it speaks, for `--explain`. */
  readonly explains: string
  /** A PerfwrightError that it throws is shown, and the other advisers go on. */
  advise(input: AdviseInput): Promise<AdvisorAnswer>
}

export interface AdvisorAnswer {
  readonly advice: readonly Advice[]
  /** What was looked at and is well, with its numbers. */
  readonly fine: readonly string[]
  /** What could not be looked at, and why. */
  readonly notAssessed: readonly string[]
}

export interface AdviseInput {
  /** `--record`; its statements, endpoints and observations say what the load cost. */
  readonly record: RunRecord | undefined
  /** `--db`, in the order given. */
  readonly databases: readonly DatabaseAt[]
  /** What the target did when its requests were sent one at a time through the wire proxies. */
  readonly capture: Capture | undefined
  readonly target: TargetFacts
  /** Reads the target's source, for call sites. */
  readonly sources: SourceFiles
  /** `--scratch URI`: a server on which databases of our own may be made; undefined: nothing is written anywhere. */
  readonly scratch: string | undefined
  /** `--staleness`: how old an answer may be, by endpoint glob; '*' holds for all. */
  readonly stalenessS: ReadonlyMap<string, number>
  readonly clock: Clock
  readonly random: Random
  /** Ctrl-C: leave off what is begun, undo what is of our making, and throw. */
  readonly signal: AbortSignal
  /** A line for the person when something takes over two seconds. */
  readonly progress: (text: string) => void
}

export interface DatabaseAt {
  readonly kind: WireProtocol
  readonly uri: string
}

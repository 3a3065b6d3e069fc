/** What a protocol's fuzz test gets from its runner. A small count runs in `npm test`, any count by `run.mjs`. */
export interface FuzzRun {
  readonly count: number
  /** The same seed makes the same cases. */
  readonly seed: number
  /** To be called after each case, with how many are done. */
  readonly progress: (done: number) => void
}

/**
 * Feeds `count` malformed inputs to the code under test, in random pieces.
 * @returns  how often what came out
 * @throws   when something came out that may not, with the number of the case and its input
 */
export type Fuzz = (run: FuzzRun) => Promise<Readonly<Record<string, number>>>

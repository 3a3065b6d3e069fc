/**
 * Chooses indexes for the whole workload, greedily by the time that the next one saves beyond those chosen already, then
 * drops those that the others made needless. (The greedy choice over what-if costs: Chaudhuri and Narasayya, VLDB 1997.)
 */
import type { Candidate } from './candidates.js'
import type { Planned, Planner } from './planner.js'
import type { HypotheticalIndex, HypotheticalIndexes } from './what-if.js'
import type { Statement } from './workload.js'

/** What an entry of an index costs a write, in milliseconds; a warm btree takes 2 to 5 us, measured in docs/advise-database.md. */
export const WRITE_MS = 0.004

const MAX_CHOSEN = 12
/** An index that saves less of the whole time than this is not worth its keep. */
const MIN_SHARE = 0.005
/** A statement is helped when its cost falls at least by this. */
const MIN_RELATIVE = 0.25
/** And when a call of it saves at least this: what is quick already is not made quicker by a wider index. */
const MIN_SAVED_MS = 0.2

export interface ChosenIndex {
  readonly candidate: Candidate
  /** hypopg's estimate. */
  readonly bytes: number
  readonly helped: readonly Helped[]
  /** Of the measured time of the whole workload. */
  readonly savedMs: number
  readonly writeMs: number
}

export interface Helped {
  readonly statement: Statement
  /** Planner's cost without and with the index. */
  readonly costBefore: number
  readonly costAfter: number
}

export interface ChooseInput {
  readonly planner: Planner
  readonly whatIf: HypotheticalIndexes
  readonly statements: readonly { readonly planned: Planned; readonly candidates: readonly Candidate[] }[]
  readonly totalMs: number
  /** Milliseconds that writes of the workload would pay for one more index on the table. */
  readonly writeMsOf: (candidate: Candidate) => number
  /** Says that time is up: what was chosen so far is the answer. */
  readonly isLate: () => boolean
}

export async function chooseIndexes(input: ChooseInput): Promise<readonly ChosenIndex[]> {
  const { planner, whatIf, statements, isLate } = input
  await whatIf.reset()
  const costs = new Map<Planned, number>()
  for (const { planned } of statements) {
    const now = await planner.cost(planned)
    if (now !== undefined) costs.set(planned, now.cost)
  }
  const base = new Map(costs)
  // A candidate of one statement may help any other that touches its table.
  const all = [...new Map(statements.flatMap(({ candidates }) => candidates.map((one) => [one.id, one]))).values()]
  const touching = (candidate: Candidate): Planned[] =>
    statements
      .filter(({ planned }) => costs.has(planned) && touches(planned.statement, candidate))
      .map(({ planned }) => planned)
  const gains = new Map<Candidate, Gain>()
  for (const candidate of all) {
    if (isLate()) break
    gains.set(candidate, await gainOf(input, candidate, touching(candidate), costs, base))
  }
  const chosen: { candidate: Candidate; hypothetical: HypotheticalIndex }[] = []
  while (chosen.length < MAX_CHOSEN && !isLate()) {
    const best = await nextBest(input, gains, touching, costs, base)
    if (best === undefined) break
    gains.delete(best)
    const hypothetical = await whatIf.add(best.definition)
    if (hypothetical === undefined) continue
    chosen.push({ candidate: best, hypothetical })
    for (const planned of touching(best)) {
      const now = await planner.cost(planned)
      if (now !== undefined) costs.set(planned, now.cost)
    }
    // What it changed is asked anew only for candidates of its own table; others keep their gain.
    for (const [other, gain] of gains) if (other.table === best.table) gains.set(other, { ...gain, isStale: true })
  }
  return await pruned(input, chosen, base, touching)
}

interface Gain {
  readonly netMs: number
  readonly isStale: boolean
}

/** Lazily: a gain only falls as more is chosen, so the one on top that is fresh is the best. */
async function nextBest(
  input: ChooseInput,
  gains: Map<Candidate, Gain>,
  touching: (candidate: Candidate) => Planned[],
  costs: ReadonlyMap<Planned, number>,
  base: ReadonlyMap<Planned, number>,
): Promise<Candidate | undefined> {
  for (;;) {
    let top: [Candidate, Gain] | undefined
    for (const entry of gains) if (top === undefined || better(entry, top)) top = entry
    if (top === undefined || top[1].netMs < input.totalMs * MIN_SHARE) return undefined
    if (!top[1].isStale) return top[0]
    gains.set(top[0], await gainOf(input, top[0], touching(top[0]), costs, base))
  }
}

/** Of two that gain nearly the same the narrower: it is smaller, and updates of the other columns stay cheap. */
function better([a, gainA]: [Candidate, Gain], [b, gainB]: [Candidate, Gain]): boolean {
  const difference = gainA.netMs - gainB.netMs
  if (Math.abs(difference) > 0.05 * Math.max(gainA.netMs, gainB.netMs)) return difference > 0
  return a.columns.length < b.columns.length
}

async function gainOf(
  { planner, whatIf, writeMsOf }: ChooseInput,
  candidate: Candidate,
  plannedOnes: readonly Planned[],
  costs: ReadonlyMap<Planned, number>,
  base: ReadonlyMap<Planned, number>,
): Promise<Gain> {
  const index = await whatIf.add(candidate.definition)
  if (index === undefined) return { netMs: 0, isStale: false }
  let savedMs = 0
  for (const planned of plannedOnes) {
    const before = costs.get(planned) ?? 0
    const now = await planner.cost(planned)
    if (now === undefined || !now.indexes.has(index.name)) continue
    // The measured time belongs to the cost without any index of ours.
    const start = Math.max(before, base.get(planned) ?? before)
    savedMs += savedBy(planned.statement, before, now.cost, start)
  }
  await whatIf.drop(index)
  return { netMs: savedMs - writeMsOf(candidate), isStale: false }
}

/**
 * Milliseconds of the whole load; 0 when the statement is not helped.
 * @param start  its cost as it was measured, without any index of ours
 */
function savedBy({ totalMs, msPerCall }: Statement, before: number, after: number, start: number): number {
  if (before <= 0 || after >= before * (1 - MIN_RELATIVE)) return 0
  const share = (before - after) / start
  return msPerCall * share < MIN_SAVED_MS ? 0 : totalMs * share
}

async function pruned(
  { planner, whatIf, writeMsOf, totalMs }: ChooseInput,
  chosen: { readonly candidate: Candidate; readonly hypothetical: HypotheticalIndex }[],
  base: ReadonlyMap<Planned, number>,
  touching: (candidate: Candidate) => Planned[],
): Promise<readonly ChosenIndex[]> {
  const result: ChosenIndex[] = []
  for (const one of chosen) {
    const others = touching(one.candidate)
    const withIt = new Map<Planned, number>()
    for (const planned of others) withIt.set(planned, (await planner.cost(planned))?.cost ?? 0)
    const { bytes } = one.hypothetical
    await whatIf.drop(one.hypothetical)
    const helped: Helped[] = []
    let savedMs = 0
    for (const planned of others) {
      const without = (await planner.cost(planned))?.cost ?? 0
      const with_ = withIt.get(planned) ?? 0
      const saved = savedBy(planned.statement, without, with_, Math.max(base.get(planned) ?? without, without))
      if (saved === 0) continue
      helped.push({ statement: planned.statement, costBefore: without, costAfter: with_ })
      savedMs += saved
    }
    const writeMs = writeMsOf(one.candidate)
    if (savedMs - writeMs < totalMs * MIN_SHARE) continue
    const again = await whatIf.add(one.candidate.definition)
    if (again !== undefined)
      result.push({ candidate: one.candidate, bytes: again.bytes || bytes, helped, savedMs, writeMs })
  }
  return result.sort((a, b) => b.savedMs - a.savedMs)
}

function touches({ shape }: Statement, { table, columns }: Candidate): boolean {
  const [leading] = columns
  return shape.tables.some(
    (use) =>
      use.name === table.name &&
      (use.schema === undefined || use.schema === table.schema) &&
      (use.predicates.some(({ key }) => key.column === leading) || use.order.some(({ key }) => key.column === leading)),
  )
}

/**
 * Without hypopg: what an index would save, from the plan as it is. A scan that throws most of its rows away would read
 * only those it keeps, each at the price of a random page; the rest of the plan stays as it is.
 */
import type { Candidate } from './candidates.js'
import type { ChosenIndex, Helped } from './choose.js'
import { nodesOf, type PlanNode } from './plan.js'
import type { Planned, Planner } from './planner.js'

/** PostgreSQL's own random_page_cost, and the walk down a btree. */
const ROW_COST = 4
const DESCENT_COST = 10
/** Below this, the planner itself would hardly take the index. */
const MOST_KEPT = 0.1
const MAX_GUESSED = 8

export interface GuessInput {
  readonly planner: Planner
  readonly statements: readonly { readonly planned: Planned; readonly candidates: readonly Candidate[] }[]
  readonly totalMs: number
  readonly writeMsOf: (candidate: Candidate) => number
}

export async function guessIndexes(input: GuessInput): Promise<readonly ChosenIndex[]> {
  const byCandidate = new Map<string, { candidate: Candidate; helped: Helped[]; savedMs: number }>()
  for (const { planned, candidates } of input.statements) {
    const [plan] = await input.planner.plans(planned)
    if (plan === undefined) continue
    for (const node of nodesOf(plan.root)) {
      const best = candidateFor(node, candidates)
      if (best === undefined) continue
      const before = plan.root.totalCost
      const after = Math.max(1, before - node.totalCost + keptRows(node, planned) * ROW_COST + DESCENT_COST)
      if (after > before / 2) continue
      const one = byCandidate.get(best.id) ?? { candidate: best, helped: [], savedMs: 0 }
      one.helped.push({ statement: planned.statement, costBefore: before, costAfter: after })
      one.savedMs += planned.statement.totalMs * (1 - after / before)
      byCandidate.set(best.id, one)
    }
  }
  return [...byCandidate.values()]
    .map((one) => ({ ...one, bytes: 0, writeMs: input.writeMsOf(one.candidate) }))
    .filter(({ savedMs, writeMs }) => savedMs - writeMs > input.totalMs * 0.01)
    .sort((a, b) => b.savedMs - a.savedMs)
    .slice(0, MAX_GUESSED)
}

/** The planner knows nothing of expressions; a statement on one table returns what its scan kept. */
function keptRows(node: PlanNode, { statement }: Planned): number {
  const isAlone =
    statement.shape.tables.length === 1 && statement.shape.functions.every((name) => !aggregate.test(name))
  return isAlone ? Math.min(node.planRows, Math.max(1, statement.rowsPerCall)) : node.planRows
}

const aggregate = /^(?:count|sum|avg|min|max|\w+_agg)$/i

/** The one with most of the columns that the scan filters by. */
function candidateFor(node: PlanNode, candidates: readonly Candidate[]): Candidate | undefined {
  if (node.type !== 'Seq Scan' || node.filter === undefined) return undefined
  const filter = node.filter
  const fitting = candidates.filter(
    ({ table, definition, columns }) =>
      table.name === node.relation &&
      node.planRows < table.rows * MOST_KEPT &&
      definition.include.length === 0 &&
      columns.every((column) => filter.includes(column)),
  )
  return fitting.sort((a, b) => b.columns.length - a.columns.length)[0]
}

/** EXPLAIN (FORMAT JSON) of PostgreSQL 12 to 18, read without trust in its form. */

export interface PlanNode {
  /** `Seq Scan`, `Hash Join`. */
  readonly type: string
  readonly relation: string | undefined
  readonly schema: string | undefined
  readonly index: string | undefined
  readonly filter: string | undefined
  readonly totalCost: number
  readonly planRows: number
  /** Of an EXPLAIN ANALYZE; rows and time a loop. */
  readonly actual: ActualNode | undefined
  readonly children: readonly PlanNode[]
}

export interface ActualNode {
  readonly rows: number
  readonly loops: number
  readonly totalMs: number
  readonly rowsRemoved: number
  /** kB on disk of a sort, batches beyond the first of a hash. */
  readonly diskKb: number
  readonly hashBatches: number
  readonly heapFetches: number
  readonly tempBlocksWritten: number
}

export interface Plan {
  readonly root: PlanNode
  readonly executionMs: number | undefined
  readonly jitMs: number
}

/** @returns undefined when the answer is not a plan */
export function planOf(answer: unknown): Plan | undefined {
  const [first] = Array.isArray(answer) ? answer : []
  const body = first as Raw | undefined
  if (typeof body?.['Plan'] !== 'object' || body['Plan'] === null) return undefined
  const timing = (body['JIT'] as Raw | undefined)?.['Timing'] as Raw | undefined
  const total = timing?.['Total']
  return {
    root: nodeOf(body['Plan'] as Raw, 0),
    executionMs: typeof body['Execution Time'] === 'number' ? body['Execution Time'] : undefined,
    jitMs: typeof total === 'number' ? total : 0,
  }
}

/** Every node, the root first. */
export function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node
  for (const child of node.children) yield* nodesOf(child)
}

/** What stays the same while only numbers change: node types with their relations and indexes, in the plan's order. */
export function planShape(root: PlanNode): string {
  const { type, relation, index, children } = root
  const own = `${type}${relation === undefined ? '' : ` ${relation}`}${index === undefined ? '' : ` by ${index}`}`
  return children.length === 0 ? own : `${own} (${children.map(planShape).join(', ')})`
}

type Raw = Readonly<Record<string, unknown>>

/** A plan nests as deep as its statement; deeper than this it is not one. */
const MAX_DEPTH = 200

function nodeOf(raw: Raw, depth: number): PlanNode {
  const text = (name: string): string | undefined => (typeof raw[name] === 'string' ? raw[name] : undefined)
  const number = (name: string): number => (typeof raw[name] === 'number' ? raw[name] : 0)
  const plans = depth < MAX_DEPTH && Array.isArray(raw['Plans']) ? (raw['Plans'] as Raw[]) : []
  const condition = text('Filter') ?? text('Recheck Cond')
  return {
    type: text('Node Type') ?? 'unknown',
    relation: text('Relation Name'),
    schema: text('Schema'),
    index: text('Index Name'),
    filter: condition,
    totalCost: number('Total Cost'),
    planRows: number('Plan Rows'),
    actual:
      raw['Actual Rows'] === undefined
        ? undefined
        : {
            rows: number('Actual Rows'),
            loops: number('Actual Loops'),
            totalMs: number('Actual Total Time'),
            rowsRemoved: number('Rows Removed by Filter'),
            diskKb:
              (text('Sort Space Type') === 'Disk' ? number('Sort Space Used') : 0) +
              (text('Node Type') === 'Aggregate' ? number('Disk Usage') : 0),
            hashBatches: number('Hash Batches') + number('HashAgg Batches'),
            heapFetches: number('Heap Fetches'),
            tempBlocksWritten: number('Temp Written Blocks'),
          },
    children: plans.map((plan) => nodeOf(plan, depth + 1)),
  }
}

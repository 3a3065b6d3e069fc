/** `like '%words%'`: no btree answers it, an index of trigrams does. Hypothetical ones do not exist, so it is built to be tried. */
import type { Catalog, Table } from './catalog.js'
import type { ChosenIndex } from './choose.js'
import { nodesOf } from './plan.js'
import type { Planned, Planner } from './planner.js'

/** Below this a scan is as quick as looking through the lists of trigrams. */
const MIN_ROWS = 10_000

export async function patternIndexes(
  planner: Planner,
  statements: readonly Planned[],
  catalog: Catalog,
): Promise<readonly ChosenIndex[]> {
  const found = new Map<string, ChosenIndex>()
  for (const planned of statements) {
    const { statement } = planned
    const [plan] = await planner.plans(planned)
    if (plan === undefined) continue
    for (const use of statement.shape.tables) {
      const table = catalog.find(use.schema, use.name)
      const scans = [...nodesOf(plan.root)].filter(
        ({ relation, type }) => relation === table?.name && type === 'Seq Scan',
      )
      if (table === undefined || table.rows < MIN_ROWS || scans.length === 0) continue
      for (const { key, use: how, inOr } of use.predicates) {
        if (how !== 'contains' || inOr || hasTrigrams(table, key.text)) continue
        const keys = [`${key.text} gin_trgm_ops`]
        const id = `${table.oid} ${keys[0]}`
        const before = found.get(id)
        const definition = {
          tableOid: table.oid,
          table: table.sqlName,
          method: 'gin',
          keys,
          include: [],
          where: undefined,
          taken: table.indexes.map(({ name }) => name),
        } as const
        found.set(id, {
          candidate: { id, table, definition, columns: [key.column] },
          bytes: 0,
          helped: [
            ...(before?.helped ?? []),
            { statement, costBefore: plan.root.totalCost, costAfter: plan.root.totalCost },
          ],
          savedMs: (before?.savedMs ?? 0) + statement.totalMs,
          writeMs: 0,
        })
      }
    }
  }
  return [...found.values()]
}

function hasTrigrams(table: Table, key: string): boolean {
  return table.indexes.some(
    ({ isValid, definition, keys }) =>
      isValid && definition.includes('_trgm_ops') && keys.some((one) => one.includes(key)),
  )
}

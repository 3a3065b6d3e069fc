/** Why no index answers a statement's condition, in words that say what to write instead. */
import type { Catalog } from './catalog.js'
import { nodesOf, type Plan } from './plan.js'
import type { Statement } from './workload.js'

export function reasonsAgainstIndexes({ shape, sql }: Statement, plan: Plan, catalog: Catalog): readonly string[] {
  const reasons = new Set<string>()
  const scanned = new Set(
    [...nodesOf(plan.root)].filter(({ type }) => type === 'Seq Scan').map(({ relation }) => relation ?? ''),
  )
  for (const use of shape.tables) {
    const table = catalog.find(use.schema, use.name)
    if (table === undefined || !scanned.has(table.name)) continue
    for (const { key, use: how } of use.predicates) {
      const type = table.columns.get(key.column)?.type ?? 'unknown'
      if (how === 'contains') {
        reasons.add(
          `the pattern on ${key.text} may begin with anything: a btree cannot answer it, an index of trigrams (pg_trgm) can`,
        )
      } else if (
        key.isExpression &&
        /timestamp with time zone/.test(type) &&
        /date|trunc|extract|to_char/.test(key.text)
      ) {
        reasons.add(
          `${key.text} depends on the session's time zone, so it cannot be indexed: compare ${key.column} itself with the first and last moment (${key.column} >= $1 and ${key.column} < $2)`,
        )
      } else if (key.isExpression && how !== 'join') {
        reasons.add(
          `${key.text} is computed for each row: an index on the expression, ((${key.text})), or the bare column answers it`,
        )
      }
    }
    for (const { relation, filter } of nodesOf(plan.root)) {
      if (relation !== table.name || filter === undefined) continue
      for (const [, column = '', target = ''] of filter.matchAll(implicitCast)) {
        const type = table.columns.get(column)?.type
        const isOwn = shape.tables.some((one) =>
          one.predicates.some(({ key }) => key.isExpression && key.column === column),
        )
        if (type === undefined || isOwn || harmless(type, target)) continue
        reasons.add(
          `${column} is ${type} and is compared with a ${target}: every row is cast; pass the value as ${type}`,
        )
      }
    }
  }
  if (/\border\s+by\s+random\s*\(/i.test(sql))
    reasons.add('order by random() sorts everything: take a random key and read from there, or TABLESAMPLE')
  if (/\bnot\s+in\s*\(\s*select\b/i.test(sql))
    reasons.add('NOT IN (SELECT ...) is asked for each row: write NOT EXISTS, which can be joined')
  if (shape.tables.some(({ predicates }) => predicates.some(({ inOr }) => inOr)))
    reasons.add('an OR needs an index for each of its branches, or two statements with UNION ALL')
  return [...reasons]
}

/** `(code)::numeric` and `(t.code)::numeric` in a filter as the server prints it. */
const implicitCast = /\((?:\w+\.)?"?(\w+)"?\)::([a-z][a-z ]*[a-z])/g

function harmless(type: string, target: string): boolean {
  // Binary coercible: the planner sees through it.
  return /^(?:character varying|text|name|citext)/.test(type) && /^(?:text|character varying)/.test(target)
}

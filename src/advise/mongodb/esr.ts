/** The index of a MongoDB query by the ESR rule: equality, sort, range (mongodb.com/docs/manual/tutorial/equality-sort-range-guideline). */

export interface EsrIndex {
  readonly keys: readonly (readonly [field: string, direction: 1 | -1])[]
}

type Document = Readonly<Record<string, unknown>>

const MAX_KEYS = 5
const ranges = new Set(['$gt', '$gte', '$lt', '$lte', '$ne', '$nin', '$exists', '$regex'])

/** @returns undefined when nothing of it can be held in an index */
export function esrIndex(filter: unknown, sort: unknown): EsrIndex | undefined {
  const equal = new Set<string>()
  const range = new Set<string>()
  readFilter(filter, equal, range, 0)
  const sorted = entriesOf(sort).flatMap(([field, direction]) =>
    isField(field) && (direction === 1 || direction === -1) ? [[field, direction] as const] : [],
  )
  const keys = [
    ...[...equal].map((field) => [field, 1] as const),
    ...sorted.filter(([field]) => !equal.has(field)),
    ...[...range]
      .filter((field) => !equal.has(field) && !sorted.some(([one]) => one === field))
      .map((field) => [field, 1] as const),
  ].slice(0, MAX_KEYS)
  return keys.length === 0 || (keys.length === 1 && keys[0]?.[0] === '_id') ? undefined : { keys }
}

function readFilter(filter: unknown, equal: Set<string>, range: Set<string>, depth: number): void {
  for (const [field, condition] of entriesOf(filter)) {
    if (field === '$and' && Array.isArray(condition) && depth < 5)
      for (const one of condition.slice(0, 20)) readFilter(one, equal, range, depth + 1)
    if (!isField(field)) continue
    const operators = entriesOf(condition).map(([name]) => name)
    const isOperation = operators.length > 0 && operators.every((name) => name.startsWith('$'))
    if (!isOperation || operators.every((name) => name === '$eq' || name === '$in')) equal.add(field)
    else if (operators.some((name) => ranges.has(name))) range.add(field)
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof Date ||
    '_bsontype' in value
  )
    return []
  return Object.entries(value as Document).slice(0, 50)
}

/** What a server may name a field; anything else would not stand in a shell's line as it is meant. */
function isField(name: string): boolean {
  return !name.startsWith('$') && /^[\w.@-]{1,120}$/.test(name)
}

/** Indexes worth trying for one statement: equality columns, then the ordering or one range, by the ESR rule of thumb. */
import type { Catalog, Index, Table } from './catalog.js'
import type { Key, Predicate, StatementShape, TableUse } from './sql/shape.js'
import type { IndexDefinition } from './what-if.js'

const MAX_KEYS = 4
const MAX_FOR_A_TABLE = 24
/** A scan of fewer rows is done before an index would have been looked at. */
export const MIN_ROWS = 1000

export interface Candidate {
  readonly id: string
  readonly table: Table
  readonly definition: IndexDefinition
  /** Columns that it holds, expressions by theirs. */
  readonly columns: readonly string[]
}

export function candidatesFor(shape: StatementShape, catalog: Catalog): readonly Candidate[] {
  const found = new Map<string, Candidate>()
  for (const use of shape.tables) {
    const table = catalog.find(use.schema, use.name)
    if (table === undefined || table.rows < MIN_ROWS) continue
    let left = MAX_FOR_A_TABLE
    for (const candidate of forTable(use, table)) {
      if (left === 0) break
      if (found.has(candidate.id) || table.indexes.some((index) => covers(index, candidate))) continue
      found.set(candidate.id, candidate)
      left--
    }
  }
  return [...found.values()]
}

function* forTable(use: TableUse, table: Table): Generator<Candidate> {
  const make = (keys: readonly SortKey[], more: Partial<IndexDefinition> = {}): Candidate =>
    candidate(table, keys.slice(0, MAX_KEYS), more)
  const equal = distinctKeys(use.predicates, ['eq', 'in', 'join', 'true', 'false'])
  equal.sort((a, b) => distinctOf(table, b) - distinctOf(table, a))
  const ranges = distinctKeys(use.predicates, ['range'])
  const prefixes = distinctKeys(use.predicates, ['prefix', 'pattern']).map(withPatternOps(table))
  const isMixed = new Set(use.order.map(({ isDescending }) => isDescending)).size > 1
  const order = use.order.map(({ key, isDescending }) => ({ ...key, isDescending: isMixed && isDescending }))
  const orderAfter = order.filter(({ text }) => !equal.some((key) => key.text === text))

  for (const key of [...equal, ...prefixes, ...ranges]) yield make([key])
  if (order.length > 0 && order.length <= MAX_KEYS) yield make(order)
  const sets = [equal.slice(0, 3), ...pairsOf(equal), ...equal.map((key) => [key])].filter((set) => set.length > 0)
  for (const set of sets) {
    yield make(set)
    if (orderAfter.length > 0) yield make([...set, ...orderAfter])
    for (const range of [...ranges, ...prefixes]) yield make([...set, range])
  }
  // A condition that no parameter changes picks out a part of the table once and for all.
  const fixed = use.predicates.filter(({ use: how, inOr }) => !inOr && constantConditions[how] !== undefined)
  for (const { key, use: how } of fixed) {
    const where = constantConditions[how]?.(key.text)
    const others = [...equal.filter(({ text }) => text !== key.text).slice(0, 2), ...orderAfter]
    const keys = others.length > 0 ? others : ranges.length > 0 ? ranges.slice(0, 1) : [key]
    if (where !== undefined) yield make(keys, { where })
  }
  const include = includable(use, table, equal)
  if (include.length > 0 && equal.length > 0) {
    yield make(equal.slice(0, 3), { include })
    if (orderAfter.length > 0)
      yield make([...equal.slice(0, 2), ...orderAfter], { include: without(include, orderAfter) })
  }
}

type SortKey = Key & { readonly isDescending?: boolean; readonly operatorClass?: string }

const constantConditions: Partial<Record<Predicate['use'], (key: string) => string>> = {
  'is-null': (key) => `${key} is null`,
  'not-null': (key) => `${key} is not null`,
  true: (key) => key,
  false: (key) => `not ${key}`,
}

function candidate(table: Table, keys: readonly SortKey[], more: Partial<IndexDefinition>): Candidate {
  const texts = keys.map(
    ({ text, operatorClass, isDescending }) =>
      `${text}${operatorClass === undefined ? '' : ` ${operatorClass}`}${isDescending === true ? ' desc' : ''}`,
  )
  const definition: IndexDefinition = {
    tableOid: table.oid,
    table: table.sqlName,
    method: 'btree',
    keys: texts,
    include: more.include ?? [],
    where: more.where,
    taken: table.indexes.map(({ name }) => name),
  }
  const id = `${table.oid} ${texts.join(', ')} | ${definition.include.join(', ')} | ${definition.where ?? ''}`
  const included = definition.include.map((name) => name.replace(/^"|"$/g, ''))
  return { id, table, definition, columns: [...keys.map(({ column }) => column), ...included] }
}

function distinctKeys(predicates: readonly Predicate[], uses: readonly Predicate['use'][]): SortKey[] {
  const keys = predicates.filter(({ use }) => uses.includes(use)).map(({ key }) => key)
  return [...new Map(keys.map((key) => [key.text, key])).values()]
}

function distinctOf(table: Table, { column, isExpression }: Key): number {
  const distinct = table.columns.get(column)?.stats?.distinct
  return distinct ?? (isExpression ? table.rows : 1)
}

/** Only with the pattern's own operator class does a btree of another collation than C answer `like 'abc%'`. */
function withPatternOps(table: Table): (key: SortKey) => SortKey {
  return (key) => {
    const type = table.columns.get(key.column)?.type ?? 'text'
    const operatorClass =
      type.startsWith('character varying') && !key.isExpression ? 'varchar_pattern_ops' : 'text_pattern_ops'
    return { ...key, operatorClass }
  }
}

function pairsOf<T>(items: readonly T[]): T[][] {
  const few = items.slice(0, 4)
  return few.flatMap((a) => few.filter((b) => b !== a).map((b) => [a, b]))
}

/** The few narrow columns that make the table itself needless; none when the statement reads more. */
function includable(use: TableUse, table: Table, keys: readonly SortKey[]): readonly string[] {
  if (use.columns.has('*')) return []
  const names = [...use.columns].filter((name) => !keys.some(({ column }) => column === name))
  const width = names.reduce((sum, name) => sum + (table.columns.get(name)?.stats?.width ?? 100), 0)
  return names.length > 0 && names.length <= 3 && width <= 40
    ? names.map((name) => (/^[a-z_]\w*$/.test(name) ? name : `"${name}"`))
    : []
}

function without(include: readonly string[], keys: readonly Key[]): readonly string[] {
  return include.filter((name) => !keys.some(({ text }) => text === name))
}

/** An index that is there begins with the candidate's keys, alike sorted, and holds every row that it would. */
function covers(index: Index, { definition }: Candidate): boolean {
  if (!index.isValid || index.method !== 'btree' || definition.method !== 'btree') return false
  if (index.where !== null && index.where !== definition.where) return false
  if (definition.include.length > 0) return false
  return definition.keys.every((key, i) => {
    const has = normalKey(index.keys[i] ?? '')
    return (
      has === normalKey(key) ||
      (has === normalKey(key.replace(/ (?:text|varchar)_pattern_ops$/, '')) &&
        index.definition.includes('_pattern_ops'))
    )
  })
}

/** `lower(name)`, `lower((name)::text)` and `(lower(name))` are one key. */
export function normalKey(text: string): string {
  return text
    .replace(/::(?:text|character varying(?:\(\d+\))?)/g, '')
    .replace(/::int\b|::int4\b/g, '::integer')
    .replace(/[\s()"]/g, '')
    .toLowerCase()
}

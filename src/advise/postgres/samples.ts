/** Values for the parameters of generic statements, drawn from the statistics of the columns that they are compared with. */
import type { Catalog, ColumnStats, Table } from './catalog.js'
import { literal } from './sql/print.js'
import type { ParameterUse } from './sql/shape.js'
import type { Statement } from './workload.js'

/** Each set of values asks the plan about another part of the data; the last is what is rare, which is what people often ask for (open orders). */
const PLACES = [0.5, 0.1, 0.9, 0.995]

/**
 * SQL literals for one EXECUTE, one list a sample; values never leave the connection to the server they came from.
 * @param types  as the server inferred them
 */
export function sampleValues(statement: Statement, types: readonly string[], catalog: Catalog): readonly string[][] {
  const count = types.length === 0 ? 1 : PLACES.length
  const sets = PLACES.slice(0, count).map((place) =>
    types.map((type, i) => valueFor(statement, i + 1, type, place, catalog)),
  )
  // Without statistics all are alike.
  return [...new Map(sets.map((set) => [set.join('\0'), set])).values()]
}

function valueFor(statement: Statement, number: number, type: string, place: number, catalog: Catalog): string {
  const use = statement.shape.parameters.get(number)
  if (use?.use === 'limit') return String(Math.max(1, Math.round(statement.rowsPerCall)))
  if (use?.use === 'offset') return '0'
  const stats = use === undefined ? undefined : statsOf(use, catalog)
  if (use?.use === 'glue') return glueFor(statement, number, use, stats, place)
  // The statistics of a column are in its type; an expression over it (`lower(email)`, `code::int`) may be of another.
  const value = stats === undefined ? undefined : valueAt(stats, place)
  if (use?.use === 'prefix' || use?.use === 'pattern') return `${literal(`${(value ?? 'a').slice(0, 6)}%`)}::${type}`
  if (use?.use === 'contains') return `${literal(`%${(value ?? 'a').slice(-6)}%`)}::${type}`
  if (type.endsWith('[]')) {
    const values = stats === undefined ? [] : [0.05, 0.25, 0.45, 0.65, 0.85].map((at) => valueAt(stats, at))
    const items = values.filter((one): one is string => one !== undefined && fits(type.slice(0, -2), one))
    return `${literal(`{${items.map(arrayItem).join()}}`)}::${type}`
  }
  return value !== undefined && fits(type, value) ? `${literal(value)}::${type}` : defaultOf(type)
}

/** The parts of `a || b || c`: wildcards outside, the words of a person between them. */
function glueFor(
  statement: Statement,
  number: number,
  use: ParameterUse,
  stats: ColumnStats | undefined,
  place: number,
): string {
  const parts = [...statement.shape.parameters].filter(([, other]) => other.use === 'glue' && other.key === use.key)
  const at = parts.findIndex(([other]) => other === number)
  const word = (stats === undefined ? undefined : valueAt(stats, place))?.slice(-6) ?? 'a'
  if (parts.length >= 3) return at === 1 ? literal(word) : at === 0 || at === parts.length - 1 ? "'%'" : "''"
  return at === parts.length - 1 && parts.length > 1 ? "'%'" : literal(word)
}

function statsOf({ table, key }: ParameterUse, catalog: Catalog): ColumnStats | undefined {
  if (table === undefined || key === undefined) return undefined
  return (catalog.find(table.schema, table.name) as Table | undefined)?.columns.get(key.column)?.stats
}

/** The value below which that share of the rows lies, over frequent values and then the bounds of the rest. */
function valueAt({ commonValues, commonRatios, bounds }: ColumnStats, place: number): string | undefined {
  let left = place
  for (const [i, ratio] of commonRatios.entries()) {
    if (commonValues[i] === undefined) break
    if (left <= ratio) return commonValues[i]
    left -= ratio
  }
  if (bounds.length === 0) return commonValues.at(-1)
  const covered = commonRatios.reduce((sum, ratio) => sum + ratio, 0)
  const inside = Math.min(1, left / Math.max(1e-9, 1 - covered))
  return bounds[Math.min(bounds.length - 1, Math.round(inside * (bounds.length - 1)))]
}

function fits(type: string, value: string): boolean {
  if (/^(?:smallint|integer|bigint)$/.test(type)) return /^-?\d{1,18}$/.test(value)
  if (/^(?:numeric|real|double precision)/.test(type)) return /^-?\d+(?:\.\d+)?$/.test(value)
  if (/^(?:date|timestamp)/.test(type)) return /^\d{4}-\d\d-\d\d/.test(value)
  if (type === 'uuid') return /^[\da-f-]{36}$/i.test(value)
  if (type === 'boolean') return /^(?:t|f|true|false)$/.test(value)
  return /^(?:text|character|name|citext|bpchar|"char")/.test(type) || /^[a-z_]\w*$/.test(type)
}

function defaultOf(type: string): string {
  if (/^(?:smallint|integer|bigint|numeric|real|double precision)/.test(type)) return `1::${type}`
  if (/^timestamp|^date/.test(type)) return `now()::${type}`
  if (type === 'interval') return "'1 day'::interval"
  if (type === 'boolean') return 'true'
  if (/^(?:text|character|citext)/.test(type)) return `'a'::${type}`
  return `null::${type}`
}

function arrayItem(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

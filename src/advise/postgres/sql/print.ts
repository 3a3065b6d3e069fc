/** Expressions of an index's key back into text: as far as keys go, and no further. */
import { fieldsOf, listOf, namesOf, nodeOf } from './tree.js'

/** Quoted where PostgreSQL would need it. */
export function ident(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** An expression over one column and constants, columns without their table; undefined for any other. */
export function expressionText(node: unknown): string | undefined {
  const { type, fields } = nodeOf(node) ?? { type: '', fields: {} }
  if (type === 'ColumnRef') {
    const name = namesOf(fields['fields']).at(-1)
    return name === undefined || name === '*' ? undefined : ident(name)
  }
  if (type === 'A_Const') return constantText(fields)
  if (type === 'TypeCast') {
    const inner = expressionText(fields['arg'])
    const name = typeText(fields['typeName'])
    return inner === undefined || name === undefined ? undefined : `(${inner})::${name}`
  }
  if (type === 'FuncCall') {
    const name = namesOf(fields['funcname']).filter((part) => part !== 'pg_catalog')
    const plain = ['agg_star', 'agg_distinct', 'agg_order', 'agg_filter', 'over', 'func_variadic', 'agg_within_group']
    if (name.length === 0 || plain.some((field) => fields[field] !== undefined)) return undefined
    const words = listOf(fields['args']).map(expressionText)
    return words.includes(undefined) ? undefined : `${name.map(ident).join('.')}(${words.join(', ')})`
  }
  if (type === 'A_Expr' && fields['kind'] === 'AEXPR_OP') {
    const [left, right] = [expressionText(fields['lexpr']), expressionText(fields['rexpr'])]
    const operator = namesOf(fields['name'])[0]
    return left === undefined || right === undefined || operator === undefined
      ? undefined
      : `(${left} ${operator} ${right})`
  }
  return undefined
}

function constantText(fields: Readonly<Record<string, unknown>>): string | undefined {
  if (fields['isnull'] === true) return 'NULL'
  const of = (name: string): Readonly<Record<string, unknown>> | undefined =>
    fields[name] as Readonly<Record<string, unknown>> | undefined
  if (of('ival') !== undefined) return String(of('ival')?.['ival'] ?? 0)
  if (of('fval') !== undefined) return String(of('fval')?.['fval'] ?? 0)
  if (of('boolval') !== undefined) return of('boolval')?.['boolval'] === true ? 'true' : 'false'
  if (of('sval') !== undefined) return literal(String(of('sval')?.['sval'] ?? ''))
  return undefined
}

/** `text`, `varchar(20)`, `int[]`. */
function typeText(value: unknown): string | undefined {
  const type = value as Readonly<Record<string, unknown>> | undefined
  const names = namesOf(type?.['names']).filter((part) => part !== 'pg_catalog')
  if (type === undefined || names.length === 0) return undefined
  const limits = listOf(type['typmods']).map((limit) => constantText(fieldsOf(limit, 'A_Const') ?? {}))
  if (limits.includes(undefined)) return undefined
  const bounds = listOf(type['arrayBounds']).length > 0 ? '[]' : ''
  return `${names.map(ident).join('.')}${limits.length > 0 ? `(${limits.join(', ')})` : ''}${bounds}`
}

/** Of PostgreSQL's reserved words those that people name columns by; the rest are hard to type by chance. */
const reserved = new Set(
  'all analyse analyze and any array as asc both case cast check collate column constraint create default desc distinct do else end except false fetch for foreign from grant group having in into leading limit not null offset on only or order placing primary references returning select some table then to trailing true union unique user using variadic when where window with'.split(
    ' ',
  ),
)

/** One statement for all keys in place of one for each: `where order_id = any($1)`. */
import type { Dialect } from '../database/read-only.js'
import { keywordAt, nextSolid, slotValues, sqlOf, type Token, tokensOf } from './tokens.js'

export interface OneForAll {
  /** The statement with one parameter that is a list. */
  readonly sql: string
  /** As it is asked for all keys. */
  readonly params: readonly (string | null | readonly string[])[]
  /** Its column by which answers are told apart: `l.order_id`. */
  readonly key: string
  readonly keys: readonly string[]
  /** The column stands first in the answer and was not in the old one. */
  readonly addsKey: boolean
  /** What the old ones asked, ready to be asked again. */
  readonly originals: readonly { readonly sql: string; readonly params: readonly (string | null)[] }[]
  /** The child's key is its own `id`: each parent has one of it. */
  readonly isToOne: boolean
}

export interface Repeat {
  readonly text: string
  readonly params: readonly (string | null | undefined)[]
}

const aggregates = /^(count|sum|avg|min|max|bool_or|bool_and|array_agg|string_agg|json_agg|jsonb_agg|group_concat)$/i

/**
 * @param repeats  statements of one family that differ in one value
 * @returns undefined when their form is not understood: then only a person can rewrite them
 */
export function oneForAll(repeats: readonly Repeat[], dialect: Dialect): OneForAll | undefined {
  const first = repeats[0]
  const tokens = first === undefined ? undefined : tokensOf(first.text)
  if (first === undefined || tokens === undefined || !/^\s*select\b/i.test(first.text)) return undefined
  const slots = repeats.map((one) => {
    const own = tokensOf(one.text)
    return own === undefined ? [] : slotValues(own, one.params)
  })
  const count = slots[0]?.length ?? 0
  if (slots.some((list) => list.length !== count)) return undefined
  const varying = Array.from({ length: count }, (_, i) => i).filter(
    (i) => new Set(slots.map((list) => list[i]?.value)).size > 1,
  )
  const slot = varying.length === 1 ? slots[0]?.[varying[0] as number] : undefined
  const keys = slots.map((list) => list[varying[0] ?? 0]?.value)
  if (slot === undefined || keys.some((key) => typeof key !== 'string')) return undefined
  // Other values stay; one that is not known cannot be asked again.
  if (slots[0]?.some(({ value }) => value === undefined)) return undefined
  const place = keyPlace(tokens, slot.at)
  if (place === undefined) return undefined
  if (['union', 'intersect', 'except', 'for', 'offset', 'with', 'window'].some((word) => keywordAt(tokens, word) >= 0))
    return undefined
  const limit = keywordAt(tokens, 'limit')
  const limitText = limit < 0 ? undefined : tokens[nextSolid(tokens, limit, 1)]?.text
  const limited =
    limit >= 0 && limitText !== '1' && slots[0]?.find(({ at }) => at === nextSolid(tokens, limit, 1))?.value !== '1'
  if (limited && dialect !== 'postgres') return undefined
  const bare = limit < 0 ? tokens : tokens.slice(0, limit)
  const isSlot = tokens[slot.at]?.kind === 'slot'
  const others = first.params.map((value) => value ?? null)
  const number = isSlot ? Number(tokens[slot.at]?.text.slice(1)) : others.length + 1
  const before = tokens.slice(0, slot.at).filter(({ kind }) => kind === 'slot').length
  const at = dialect === 'postgres' ? number - 1 : before
  if (!Number.isInteger(at) || at < 0) return undefined
  const params = isSlot ? others.with(at, null) : others.toSpliced(at, 0, null)
  const all = [...new Set(keys as string[])]
  const compare = dialect === 'postgres' ? `= any($${at + 1})` : 'in (?)'
  const built = limited
    ? { sql: lateral(tokens, slot.at, all, at + 1), addsKey: true }
    : inOneWhere(bare, place, compare)
  if (built === undefined) return undefined
  const unqualified = place.column.split('.').at(-1)?.replaceAll(/["`]/g, '') ?? ''
  return {
    ...built,
    params: params.map((value, i) => (i === at ? all : value)),
    key: place.column,
    keys: all,
    originals: repeats.map(({ text, params }) => ({ sql: text, params: params.map((value) => value ?? null) })),
    isToOne: /^(id|_?id|uuid)$/i.test(unqualified),
  }
}

interface KeyPlace {
  readonly column: string
  /** Tokens from the comparison's operator to the end of the value. */
  readonly from: number
  readonly to: number
}

/** `column = VALUE`, or `column in (VALUE)`, in the statement's own WHERE. */
function keyPlace(tokens: readonly Token[], at: number): KeyPlace | undefined {
  const where = keywordAt(tokens, 'where')
  if (where < 0 || at < where) return undefined
  let [from, to] = [nextSolid(tokens, at, -1), at]
  // A cast belongs to the value.
  if (tokens[nextSolid(tokens, to, 1)]?.text === '::') to = nextSolid(tokens, nextSolid(tokens, to, 1), 1)
  if (tokens[from]?.text === '(' && tokens[nextSolid(tokens, to, 1)]?.text === ')') {
    from = nextSolid(tokens, from, -1)
    to = nextSolid(tokens, to, 1)
    if (tokens[from]?.text.toLowerCase() !== 'in') return undefined
  } else if (tokens[from]?.text !== '=') return undefined
  if (tokens[from]?.depth !== 0) return undefined
  let i = nextSolid(tokens, from, -1)
  const parts: string[] = []
  while (tokens[i]?.kind === 'word' || tokens[i]?.kind === 'name' || tokens[i]?.text === '.') {
    parts.unshift(tokens[i]?.text ?? '')
    if (tokens[i]?.text !== '.' && tokens[i - 1]?.text !== '.') break
    i--
  }
  const column = parts.join('')
  const word = column.toLowerCase()
  // An OR beside it would make the rows of one key those of all.
  if (column === '' || word === 'where' || word === 'and' || keywordAt(tokens, 'or', where) >= 0) return undefined
  return { column, from, to }
}

function inOneWhere(
  tokens: readonly Token[],
  { column, from, to }: KeyPlace,
  compare: string,
): { readonly sql: string; readonly addsKey: boolean } | undefined {
  const select = keywordAt(tokens, 'select')
  const fromClause = keywordAt(tokens, 'from')
  if (fromClause < 0 || keywordAt(tokens, 'distinct') >= 0) return undefined
  const list = tokens.slice(select + 1, fromClause)
  const name = column.split('.').at(-1)?.toLowerCase() ?? ''
  const isAggregated = list.some(
    ({ kind, text, depth }, i) =>
      kind === 'word' && depth === 0 && aggregates.test(text) && list[nextSolid(list, i, 1)]?.text === '(',
  )
  const hasColumn = list.some(
    ({ text, depth, kind }, i) =>
      depth === 0 &&
      ((text === '*' && !isAggregated) ||
        ((kind === 'word' || kind === 'name') &&
          text.toLowerCase() === name &&
          list[nextSolid(list, i, 1)]?.text !== '(')),
  )
  const group = keywordAt(tokens, 'group')
  const order = keywordAt(tokens, 'order')
  const body = tokens.map((token, i) =>
    i < from || i > to ? token : i === from ? { ...token, text: compare } : { ...token, text: '' },
  )
  const head = [...body.slice(0, select + 1), ...(hasColumn ? [] : [mark(` ${column},`)])]
  const rest = body.slice(select + 1)
  const shift = select + 1
  if (!isAggregated && group < 0) return { sql: sqlOf([...head, ...rest]), addsKey: !hasColumn }
  const at = group >= 0 ? nextSolid(tokens, nextSolid(tokens, group, 1), 1) : order >= 0 ? order : tokens.length
  const grouping = group >= 0 ? mark(`${column}, `) : mark(` group by ${column} `)
  return {
    sql: sqlOf([...head, ...rest.slice(0, at - shift), grouping, ...rest.slice(at - shift)]),
    addsKey: !hasColumn,
  }
}

/** Any form of statement, once for each key, in one round trip. */
function lateral(tokens: readonly Token[], at: number, keys: readonly string[], number: number): string {
  const type = keys.every((key) => /^-?\d+$/.test(key))
    ? 'bigint'
    : keys.every((key) => /^[0-9a-f-]{36}$/i.test(key))
      ? 'uuid'
      : 'text'
  const inner = sqlOf(tokens.map((token, i) => (i === at ? { ...token, text: 'k.key' } : token)))
  return `select k.key, each.* from unnest($${number}::${type}[]) with ordinality as k(key, n) cross join lateral (${inner}) each order by k.n`
}

function mark(text: string): Token {
  return { kind: 'mark', text, depth: 0 }
}

/** `OFFSET n` as a statement that goes on after the last row of the page before: keyset pagination. */
import type { Dialect } from '../database/read-only.js'
import { keywordAt, nextSolid, slotValues, sqlOf, type Token, tokensOf } from './tokens.js'

export interface OffsetPage {
  /** Rows that are read and thrown away. */
  readonly offset: number
  readonly limit: number
}

/** @returns undefined for a statement that has no OFFSET of its own, or one whose value is not known */
export function offsetOf(sql: string, params: readonly (string | null | undefined)[]): OffsetPage | undefined {
  const tokens = tokensOf(sql)
  if (tokens === undefined) return undefined
  const places = placesOf(tokens)
  if (places === undefined) return undefined
  const values = slotValues(tokens, params)
  const valueAt = (at: number): number => Number(values.find((one) => one.at === at)?.value ?? Number.NaN)
  const [offset, limit] = [valueAt(places.offset), valueAt(places.limit)]
  return Number.isInteger(offset) && Number.isInteger(limit) ? { offset, limit } : undefined
}

export interface OrderColumn {
  /** As in the statement: `p.price`. */
  readonly column: string
  readonly isDescending: boolean
}

export interface PagedStatement {
  readonly tokens: readonly Token[]
  readonly params: readonly (string | null)[]
  readonly order: readonly OrderColumn[]
  readonly table: string
  readonly alias: string
  readonly limit: number
}

/** @returns undefined when its form is not one that is rewritten by rule: no ORDER BY of plain columns, a union, grouping */
export function pagedStatement(
  sql: string,
  params: readonly (string | null | undefined)[],
): PagedStatement | undefined {
  const tokens = tokensOf(sql)
  const page = offsetOf(sql, params)
  if (tokens === undefined || page === undefined) return undefined
  if (
    ['union', 'intersect', 'except', 'group', 'with', 'distinct', 'window', 'for'].some(
      (word) => keywordAt(tokens, word) >= 0,
    )
  )
    return undefined
  if (params.some((value) => value === undefined)) return undefined
  const order = orderOf(tokens)
  const from = keywordAt(tokens, 'from')
  if (order === undefined || from < 0) return undefined
  const table = nameAt(tokens, nextSolid(tokens, from, 1))
  let next = nextSolid(tokens, table.end - 1, 1)
  if (tokens[next]?.text.toLowerCase() === 'as') next = nextSolid(tokens, next, 1)
  const word = tokens[next]
  const isAlias =
    (word?.kind === 'word' || word?.kind === 'name') &&
    !/^(where|order|join|left|right|inner|cross|full|limit|on|natural)$/i.test(word.text)
  return {
    tokens,
    params: params.map((value) => value ?? null),
    order,
    table: table.text,
    alias: isAlias ? (word?.text ?? '') : table.text,
    limit: page.limit,
  }
}

export interface Asked {
  readonly sql: string
  readonly params: readonly (string | number | null)[]
}

/** The page by OFFSET, its order made definite by the tie-breaker, with the cursor's columns added at the end. */
export function byOffset(page: PagedStatement, keys: readonly OrderColumn[], offset: number, dialect: Dialect): Asked {
  return build(page, keys, dialect, { offset })
}

/** The page after the row with these key values; undefined values: the first page. */
export function byKeyset(
  page: PagedStatement,
  keys: readonly OrderColumn[],
  after: readonly (string | null)[] | undefined,
  dialect: Dialect,
): Asked {
  return build(page, keys, dialect, { after })
}

/** As `byKeyset`, with those key columns alone added that the statement does not select already: for people. */
export function shownKeyset(page: PagedStatement, keys: readonly OrderColumn[], dialect: Dialect): string {
  const list = page.tokens.slice(0, keywordAt(page.tokens, 'from'))
  const last = (column: string): string => column.split('.').at(-1)?.toLowerCase() ?? ''
  const added = keys.filter(
    ({ column }) =>
      !list.some(({ text, depth }) => depth === 0 && (text === '*' || text.toLowerCase() === last(column))),
  )
  return build(page, keys, dialect, { after: keys.map(() => ''), added }).sql
}

function build(
  { tokens, params, limit }: PagedStatement,
  keys: readonly OrderColumn[],
  dialect: Dialect,
  {
    offset,
    after,
    added = keys,
  }: {
    readonly offset?: number
    readonly after?: readonly (string | null)[] | undefined
    readonly added?: readonly OrderColumn[]
  },
): Asked {
  const values: (string | number | null)[] = []
  const slot = (value: string | number | null): string => {
    values.push(value)
    return dialect === 'postgres' ? `$${values.length}` : '?'
  }
  let question = 0
  const text = (part: readonly Token[]): string =>
    part
      .map(({ kind, text }) => {
        if (kind !== 'slot') return text
        const index = text.startsWith('$') ? Number(text.slice(1)) - 1 : question++
        return slot(params[index] ?? null)
      })
      .join('')
  const [from, where, order] = ['from', 'where', 'order'].map((word) => keywordAt(tokens, word)) as [
    number,
    number,
    number,
  ]
  const columns = added.map(({ column }) => `, ${column}`)
  const select = `${text(tokens.slice(0, from)).trimEnd()}${columns.join('')} `
  const source = text(tokens.slice(from, where < 0 ? order : where)).trimEnd()
  const condition = where < 0 ? '' : text(tokens.slice(where + 1, order)).trim()
  const seek = after === undefined ? '' : seekText(keys, after, slot, dialect)
  const all = [condition === '' || seek === '' ? condition : `(${condition})`, seek].filter((one) => one !== '')
  const sort = keys.map(({ column, isDescending }) => `${column}${isDescending ? ' desc' : ''}`).join(', ')
  const end = offset === undefined ? `limit ${limit}` : `limit ${limit} offset ${offset}`
  const sql = `${select}${source}${all.length === 0 ? '' : ` where ${all.join(' and ')}`} order by ${sort} ${end}`
  return { sql: sqlOf([{ kind: 'mark', text: sql, depth: 0 }]), params: values }
}

/** `(a, b) > ($1, $2)` where a row comparison may use an index; else spelled out, column by column. */
function seekText(
  keys: readonly OrderColumn[],
  after: readonly (string | null)[],
  slot: (value: string | null) => string,
  dialect: Dialect,
): string {
  const isUniform = keys.every(({ isDescending }) => isDescending === keys[0]?.isDescending)
  if (isUniform && dialect === 'postgres') {
    const operator = keys[0]?.isDescending === true ? '<' : '>'
    const [left, right] = [keys.map(({ column }) => column).join(', '), after.map((value) => slot(value)).join(', ')]
    return keys.length === 1 ? `${left} ${operator} ${right}` : `(${left}) ${operator} (${right})`
  }
  const terms = keys.map(({ column, isDescending }, i) => {
    const equal = keys.slice(0, i).map((key, j) => `${key.column} = ${slot(after[j] ?? null)}`)
    return [...equal, `${column} ${isDescending ? '<' : '>'} ${slot(after[i] ?? null)}`].join(' and ')
  })
  return `(${terms.map((term) => (terms.length > 1 ? `(${term})` : term)).join(' or ')})`
}

function placesOf(tokens: readonly Token[]): { readonly offset: number; readonly limit: number } | undefined {
  const [limitAt, offsetAt] = [keywordAt(tokens, 'limit'), keywordAt(tokens, 'offset')]
  const isValue = (at: number): boolean => tokens[at]?.kind === 'value' || tokens[at]?.kind === 'slot'
  if (limitAt < 0) return undefined
  const limit = nextSolid(tokens, limitAt, 1)
  if (!isValue(limit)) return undefined
  if (offsetAt >= 0) {
    const offset = nextSolid(tokens, offsetAt, 1)
    return isValue(offset) ? { offset, limit } : undefined
  }
  // MySQL: `limit OFFSET, COUNT`.
  const comma = nextSolid(tokens, limit, 1)
  const count = tokens[comma]?.text === ',' ? nextSolid(tokens, comma, 1) : -1
  return count > 0 && isValue(count) ? { offset: limit, limit: count } : undefined
}

function orderOf(tokens: readonly Token[]): OrderColumn[] | undefined {
  const order = keywordAt(tokens, 'order')
  const limits = [keywordAt(tokens, 'limit', order + 1), keywordAt(tokens, 'offset', order + 1)].filter((at) => at > 0)
  const end = Math.min(...limits)
  if (order < 0 || !Number.isFinite(end)) return undefined
  const list = tokens.slice(nextSolid(tokens, order, 1) + 1, end)
  // An expression or NULLS FIRST would need a comparison of its own.
  if (
    list.some(
      ({ depth, kind, text }) => depth > 0 || kind === 'value' || kind === 'slot' || /^(nulls|collate)$/i.test(text),
    )
  )
    return undefined
  const columns = sqlOf(list)
    .split(',')
    .map((part) => {
      const [, column, direction] =
        /^\s*((?:[\w$]+|"[^"]+"|`[^`]+`)(?:\.(?:[\w$]+|"[^"]+"|`[^`]+`))?)\s*(asc|desc)?\s*$/i.exec(part) ?? []
      return column === undefined ? undefined : { column, isDescending: direction?.toLowerCase() === 'desc' }
    })
  return columns.every((one) => one !== undefined) ? columns : undefined
}

function nameAt(tokens: readonly Token[], at: number): { readonly text: string; readonly end: number } {
  let end = at
  let text = ''
  while (tokens[end] !== undefined && (/^(word|name)$/.test(tokens[end]?.kind ?? '') || tokens[end]?.text === '.')) {
    text += tokens[end]?.text
    end++
    if (tokens[end]?.text !== '.' && tokens[end - 1]?.text !== '.') break
  }
  return { text, end }
}

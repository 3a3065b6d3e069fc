/** A statement as tokens with their depth of parentheses: enough to find clauses, slots of values and columns. */

export interface Token {
  /** `value`: a literal; `slot`: a placeholder (`$1`, `?`, `:name`). */
  readonly kind: 'word' | 'name' | 'value' | 'slot' | 'mark' | 'space'
  readonly text: string
  readonly depth: number
}

const pattern =
  /(\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(e?'(?:[^'\\]|\\.|'')*(?:'|$)|\$([a-z_]*)\$[\s\S]*?(?:\$\3\$|$)|(?<![\w$])\d+(?:\.\d*)?(?:e[+-]?\d+)?)|(\$\d+|\?(?![|&?])|(?<!:):[a-z_]\w*)|("(?:[^"]|"")*"|`[^`]*`)|([a-z_][\w$]*)|(::|<=|>=|<>|!=|\|\||.)/gisu

/** At most 2,000 tokens; a longer statement is none that we rewrite. */
export function tokensOf(sql: string): Token[] | undefined {
  const tokens: Token[] = []
  let depth = 0
  for (const match of sql.matchAll(pattern)) {
    const [text, space, value, , slot, name, word] = match
    if (text === ')') depth--
    const kind: Token['kind'] =
      space !== undefined
        ? 'space'
        : value !== undefined
          ? 'value'
          : slot !== undefined
            ? 'slot'
            : name !== undefined
              ? 'name'
              : word !== undefined
                ? 'word'
                : 'mark'
    tokens.push({ kind, text: kind === 'space' ? ' ' : text, depth })
    if (text === '(') depth++
    if (tokens.length > 2_000) return undefined
  }
  return tokens
}

export function sqlOf(tokens: readonly Token[]): string {
  return tokens
    .map(({ text }) => text)
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/[;\s]+$/, '')
    .trim()
}

/** Index of a keyword of the statement itself, not of a subquery; -1 when there is none. */
export function keywordAt(tokens: readonly Token[], word: string, from = 0): number {
  return tokens.findIndex(
    ({ kind, text, depth }, i) => i >= from && kind === 'word' && depth === 0 && text.toLowerCase() === word,
  )
}

export function nextSolid(tokens: readonly Token[], at: number, step: 1 | -1): number {
  let i = at + step
  while (tokens[i]?.kind === 'space') i += step
  return i
}

/** What stands in the places of values, in their order: literals without quotes, or the parameters of the placeholders. */
export function slotValues(
  tokens: readonly Token[],
  params: readonly (string | null | undefined)[],
): { readonly at: number; readonly value: string | null | undefined }[] {
  let question = 0
  return tokens.flatMap(({ kind, text }, at) => {
    if (kind === 'value')
      return [{ at, value: /^e?'/i.test(text) ? text.replace(/^e?'|'$/gi, '').replaceAll("''", "'") : text }]
    if (kind !== 'slot') return []
    const index = text.startsWith('$') ? Number(text.slice(1)) - 1 : question++
    return [{ at, value: params[index] }]
  })
}

/** Statements as families: one text for all that differ in their literals alone. */
import { boundedText, withoutLiterals } from '#observe/services/sql-text.js'

/** Of a statement this much is kept. */
export const MAX_TEXT_BYTES = 32_768
const MAX_KNOWN = 5_000

const known = new Map<string, string>()

/**
 * As pt-query-digest does: literals `?`, comments gone, white space single, lists of any length one `(?)`. Placeholders
 * that stand in a list (`in ($1, $2)`) count as literals, for ORMs write as many as there are keys.
 */
export function familyOf(sql: string): string {
  const found = known.get(sql)
  if (found !== undefined) return found
  const family = withoutLiterals(sql)
    .replace(/\s+/g, ' ')
    .replace(/\(\s*(?:\$\d+|\?|:\w+)(?:\s*,\s*(?:\$\d+|\?|:\w+))*\s*\)/g, '(?)')
    .replace(/(\(\?\))(?:\s*,\s*\(\?\))+/g, '$1')
    .replace(/[;\s]+$/, '')
    .trim()
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(sql, family)
  return family
}

/** What a statement holds in place of the family's `?`, for telling the same question from another. */
export function literalsOf(sql: string): string[] {
  return [...sql.matchAll(/'(?:[^']|'')*'|(?<![\w$])\d+(?:\.\d+)?/g)].slice(0, 200).map(([text]) => text)
}

/** sqlcommenter: `/*traceparent='00-...-01'*\/` (google.github.io/sqlcommenter/spec). */
export function traceparentOf(sql: string): string | undefined {
  return /traceparent\s*=\s*'?%?2?7?(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})/i.exec(sql)?.[1]
}

export function textOf(bytes: Buffer): string {
  return boundedText(bytes.toString('utf8'), MAX_TEXT_BYTES)
}

/** Statements as they go into a record: bounded, without control characters, and without people's data. */

const MAX_CHARS = 4000

/** Cut at 4,000 characters; control characters other than line feed and tab become spaces. */
export function boundedText(text: string, maxChars: number = MAX_CHARS): string {
  if (text.length <= maxChars && !controls.test(text)) return text
  const clean = text.slice(0, maxChars).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, ' ')
  return text.length > maxChars ? `${clean} ...` : clean
}

const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/

// In this order: a comment may hold quotes, a string may hold comment marks. PostgreSQL's dollar quotes too.
const tokens =
  /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(e?'(?:[^'\\]|\\.|'')*(?:'|$))|(\$([a-z_]*)\$[\s\S]*?(?:\$\4\$|$))|("(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$))|(\$\d+|[a-z_][\w$]*)|(0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)/gi

/**
 * A statement as a server shows it while it runs, with every literal replaced by `?`: what a person typed into a form
 * has no place in a record. Lists of literals become one `?`, so that one statement keeps one text.
 */
export function withoutLiterals(sql: string): string {
  const replaced = sql
    .slice(0, 4 * MAX_CHARS)
    .replace(tokens, (whole, comment, text, dollar, _tag, name, word, number) => {
      if (comment !== undefined) return whole.startsWith('/*') ? ' ' : ''
      if (text !== undefined || dollar !== undefined || number !== undefined) return '?'
      return name ?? word ?? whole
    })
  return boundedText(replaced.replace(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?)').trim())
}

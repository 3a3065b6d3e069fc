/** What is wrong with a request, and where in its JSON: k6 names line and column of the JSON text that it made of it. */

/** The token at fault: a member's name, a value, or the brace that ends an object. */
export type Place = 'key' | 'value' | 'end'

/** Thrown by the encoder; `path` is filled in on the way out. */
export class Mismatch {
  readonly path: (string | number)[] = []
  readonly at: Place
  /** k6's words; gets the JSON of the token at fault. */
  readonly text: (raw: string) => string
  readonly syntax: boolean

  constructor(at: Place, text: (raw: string) => string, syntax = false) {
    this.at = at
    this.text = text
    this.syntax = syntax
  }
}

export function unexpectedToken(): Mismatch {
  return new Mismatch('value', (raw) => `unexpected token ${raw}`, true)
}

/** The whole message, for the JSON text that was encoded. */
export function mismatchMessage(mismatch: Mismatch, json: string): string {
  const { start, end } = locate(json, mismatch.path, mismatch.at)
  // Go counts characters, not UTF-16 units.
  const column = Array.from(json.slice(0, start)).length + 1
  const head = `(line 1:${column}): `
  return `proto: ${mismatch.syntax ? 'syntax error ' : ''}${head}${mismatch.text(json.slice(start, end))}`
}

interface Token {
  readonly start: number
  readonly end: number
}

/** Finds a value, or the key before it, in JSON without white space. */
function locate(json: string, path: readonly (string | number)[], at: Place): Token {
  let pos = 0
  for (let depth = 0; depth < path.length; depth++) {
    const wanted = path[depth]
    if (typeof wanted === 'number') {
      pos++
      for (let i = 0; i < wanted; i++) pos = endOfValue(json, pos) + 1
      continue
    }
    pos++
    for (;;) {
      const end = endOfString(json, pos)
      if (end >= json.length) return { start: 0, end: json.length }
      const isIt = JSON.parse(json.slice(pos, end)) === wanted
      if (isIt && at === 'key' && depth === path.length - 1) return { start: pos, end }
      pos = end + 1
      if (isIt) break
      pos = endOfValue(json, pos) + 1
    }
  }
  if (at === 'end') {
    const end = endOfValue(json, pos)
    return { start: end - 1, end }
  }
  const opening = json[pos]
  return { start: pos, end: opening === '{' || opening === '[' ? pos + 1 : endOfValue(json, pos) }
}

function endOfString(json: string, start: number): number {
  let pos = start + 1
  while (pos < json.length && json[pos] !== '"') pos += json[pos] === '\\' ? 2 : 1
  return pos + 1
}

function endOfValue(json: string, start: number): number {
  let pos = start
  let depth = 0
  for (; pos < json.length; pos++) {
    const char = json[pos]
    if (char === '"') pos = endOfString(json, pos) - 1
    else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      if (depth === 0) return pos
      depth--
      if (depth === 0) return pos + 1
    } else if (char === ',' && depth === 0) return pos
    if (char === '"' && depth === 0) return pos + 1
  }
  return pos
}

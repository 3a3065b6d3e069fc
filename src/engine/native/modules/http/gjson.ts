/**
 * Paths of `res.json(selector)`: the syntax of tidwall/gjson, which k6 uses.
 * Source: github.com/tidwall/gjson, SYNTAX.md. Works on the parsed document, so of duplicate keys the last one counts
 * and keys that look like array indexes come first.
 */
import type { Realm } from '../../types.js'

/** The value at `path`, of the script's realm; undefined when there is none or `text` is no JSON. */
export function gjsonGet(text: string, path: string, realm: Pick<Realm, 'JSON' | 'Array' | 'Object'>): unknown {
  let document: unknown
  try {
    document = realm.JSON.parse(text)
  } catch {
    return undefined
  }
  if (path.length > maxPath) return undefined
  // `..` reads JSON lines; what k6 lets through is one valid document, so one line.
  const found = path.startsWith('..')
    ? new Query(realm).get(new Query(realm).list([document]), path.slice(2))
    : new Query(realm).get(document, path)
  return found === none ? undefined : found
}

/** Deeper nesting of selectors than this is no person's work. */
const maxPath = 10_000
const maxDepth = 200
const none: unique symbol = Symbol('nothing there')

interface Part {
  /** Without escapes. */
  readonly key: string
  /** Set when the key has wildcards: as a test. */
  readonly pattern: RegExp | undefined
  readonly rest: string
  readonly separator: '.' | '|' | ''
}

class Query {
  readonly #realm: Pick<Realm, 'JSON' | 'Array' | 'Object'>
  #depth = 0

  constructor(realm: Pick<Realm, 'JSON' | 'Array' | 'Object'>) {
    this.#realm = realm
  }

  get(value: unknown, path: string): unknown {
    if (this.#depth > maxDepth) return none
    this.#depth++
    try {
      return this.#get(value, path)
    } finally {
      this.#depth--
    }
  }

  list(items: Iterable<unknown>): unknown[] {
    const out = new this.#realm.Array<unknown>()
    for (const item of items) out.push(item)
    return out
  }

  #get(value: unknown, path: string): unknown {
    if (path === '') return step(value, { key: '', pattern: undefined, rest: '', separator: '' })
    const first = path[0] as string
    if (first === '@') {
      const modified = this.#modify(value, path)
      if (modified !== undefined) return modified
    }
    if (first === '!') return this.#literal(path)
    if (first === '{' || first === '[') {
      const end = closing(path, 0)
      if (end > 0) return this.#then(this.#multipath(value, path.slice(0, end + 1)), path.slice(end + 1))
    }
    if (first === '#' && Array.isArray(value)) return this.#hash(value, path)
    const part = readPart(path)
    if (part.pattern !== undefined && part.separator === '.' && isObject(value) && !isFresh(part.rest)) {
      return this.#anyKey(value, part)
    }
    const found = step(value, part)
    if (part.separator === '') return found
    // What makes a value of its own (modifier, selector, literal) does so even of nothing.
    return found === none && !isFresh(part.rest) ? none : this.get(found, part.rest)
  }

  /** With more path behind it, a wildcard takes the first key under which that path leads somewhere. */
  #anyKey(value: Record<string, unknown>, part: Part): unknown {
    for (const key of Object.keys(value)) {
      if (!(part.pattern as RegExp).test(key)) continue
      const found = this.get(value[key], part.rest)
      if (found !== none) return found
    }
    return none
  }

  /** Goes on with what follows a complete component: nothing, `.path` or `|path`. */
  #then(value: unknown, rest: string): unknown {
    if (rest === '') return value
    if (!rest.startsWith('.') && !rest.startsWith('|')) return none
    return value === none && !isFresh(rest.slice(1)) ? none : this.get(value, rest.slice(1))
  }

  #hash(list: readonly unknown[], path: string): unknown {
    if (path === '#') return list.length
    const next = path[1] as string
    if (next === '|') return this.get(list.length, path.slice(2))
    if (next === '.') return this.#each(list, path.slice(2))
    if (next !== '(' && next !== '[') return none
    const end = closing(path, 1)
    if (end < 0) return none
    const query = readQuery(path.slice(2, end))
    const all = path[end + 1] === '#'
    const rest = path.slice(end + (all ? 2 : 1))
    if (!all) {
      const match = list.find((item) => this.#matches(item, query))
      return this.#then(match === undefined ? none : match, rest)
    }
    const matches = this.list(list.filter((item) => this.#matches(item, query)))
    if (rest.startsWith('.')) return this.#each(matches, rest.slice(1))
    return this.#then(matches, rest)
  }

  /** The rest of the path on every element, up to a pipe, which takes the collected list. */
  #each(list: readonly unknown[], path: string): unknown {
    const pipe = topLevelPipe(path)
    const inner = pipe < 0 ? path : path.slice(0, pipe)
    const found = this.list(list.map((item) => this.get(item, inner)).filter((item) => item !== none))
    return pipe < 0 ? found : this.get(found, path.slice(pipe + 1))
  }

  #matches(item: unknown, query: Filter): boolean {
    let value = query.path === '' ? item : this.get(item, query.path)
    let wanted = query.value
    if (wanted.startsWith('~')) {
      const kind = wanted.slice(1)
      if (kind === '*') value = value !== none
      else if (kind === 'null') value = value === none || value === null
      else if (kind === 'true') value = isTrueish(value)
      else if (kind === 'false') value = isFalsish(value)
      else return false
      wanted = 'true'
    }
    if (value === none) return false
    if (query.operator === '') return query.path !== ''
    if (typeof value === 'string') return compareText(value, query.operator, wanted)
    if (typeof value === 'number') return compareNumber(value, query.operator, Number(wanted === '' ? 0 : wanted))
    if (value === true) return compareTrue(query.operator, wanted)
    return value === false && compareFalse(query.operator, wanted)
  }

  /** `[a,b]` makes an array, `{a,"name":b}` an object, of what is there. */
  #multipath(value: unknown, text: string): unknown {
    const isList = text.startsWith('[')
    const values = new this.#realm.Array<unknown>()
    const members = new this.#realm.Object() as unknown as Record<string, unknown>
    for (const { name, path } of splitSelectors(text.slice(1, -1))) {
      const found = this.get(value, path)
      if (found === none) continue
      if (isList) values.push(found)
      else if (!Object.hasOwn(members, name ?? nameOfLast(path))) define(members, name ?? nameOfLast(path), found)
    }
    return isList ? values : members
  }

  #literal(path: string): unknown {
    const text = path.slice(1)
    const end = literalEnd(text)
    try {
      return this.#then(this.#realm.JSON.parse(text.slice(0, end)), text.slice(end))
    } catch {
      return none
    }
  }

  /** undefined when the name is no modifier: then it is a key. */
  #modify(value: unknown, path: string): unknown {
    const name = /^@([^:|.]+)/.exec(path)?.[1] ?? ''
    if (!modifierNames.has(name)) return undefined
    let rest = path.slice(name.length + 1)
    let argument = ''
    if (rest.startsWith(':')) {
      rest = rest.slice(1)
      const end = /^[[{("]/.test(rest) ? closing(rest, 0) + 1 : rest.search(/[|]|$/)
      argument = rest.slice(0, Math.max(0, end))
      rest = rest.slice(argument.length)
    }
    return this.#then(this.#apply(name, argument, value), rest)
  }

  #apply(name: string, argument: string, value: unknown): unknown {
    switch (name) {
      case 'reverse':
        if (Array.isArray(value)) return this.list([...value].reverse())
        return isObject(value) ? this.#object(Object.entries(value).reverse()) : value
      case 'keys':
        if (Array.isArray(value)) return this.list(value.map(() => null))
        return this.list(isObject(value) ? Object.keys(value) : value === none ? [] : [null])
      case 'values':
        if (Array.isArray(value)) return value
        return this.list(isObject(value) ? Object.values(value) : value === none ? [] : [value])
      case 'flatten':
        return Array.isArray(value) ? this.list(value.flat(this.#option(argument, 'deep') ? maxDepth : 1)) : value
      case 'join': {
        if (!Array.isArray(value)) return value
        return this.#object(value.filter(isObject).flatMap((item) => Object.entries(item)))
      }
      case 'group':
        return isObject(value) ? this.#group(value) : none
      case 'tostr':
        return value === none ? '' : JSON.stringify(value)
      case 'fromstr':
        try {
          return typeof value === 'string' ? this.#realm.JSON.parse(value) : value
        } catch {
          return none
        }
      case 'dig': {
        const found: unknown[] = []
        this.#dig(value, argument, found, 0)
        return this.list(found)
      }
      default:
        // @this, @valid, @pretty and @ugly change the text of the JSON, not its value.
        return value
    }
  }

  #group(value: Record<string, unknown>): unknown {
    const rows: Record<string, unknown>[] = []
    for (const [key, column] of Object.entries(value)) {
      if (!Array.isArray(column)) continue
      for (const [i, cell] of column.entries()) {
        rows[i] ??= new this.#realm.Object() as unknown as Record<string, unknown>
        define(rows[i], key, cell)
      }
    }
    return this.list(rows)
  }

  #dig(value: unknown, path: string, found: unknown[], depth: number): void {
    if (depth > maxDepth || typeof value !== 'object' || value === null) return
    const here = this.get(value, path)
    if (here !== none) found.push(here)
    for (const child of Object.values(value)) this.#dig(child, path, found, depth + 1)
  }

  #object(entries: readonly (readonly [string, unknown])[]): unknown {
    const out = new this.#realm.Object() as unknown as Record<string, unknown>
    for (const [key, value] of entries) define(out, key, value)
    return out
  }

  #option(argument: string, name: string): boolean {
    try {
      return (JSON.parse(argument) as Record<string, unknown>)[name] === true
    } catch {
      return false
    }
  }
}

const modifierNames = new Set([
  'this',
  'valid',
  'pretty',
  'ugly',
  'reverse',
  'keys',
  'values',
  'flatten',
  'join',
  'group',
  'tostr',
  'fromstr',
  'dig',
])

/** A path that makes a value whatever it is applied to. */
function isFresh(path: string): boolean {
  if (/^[{[!]/.test(path)) return true
  return path.startsWith('@') && modifierNames.has(/^@([^:|.]+)/.exec(path)?.[1] ?? '')
}

interface Filter {
  readonly path: string
  readonly operator: string
  readonly value: string
}

function readQuery(text: string): Filter {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const ch = text[i] as string
    if (ch === '\\') i++
    else if (ch === '"') i = stringEnd(text, i)
    else if ('([{'.includes(ch)) depth++
    else if (')]}'.includes(ch)) depth--
    else if (depth === 0) {
      const operator = /^(==|=|!=|!%|<=|<|>=|>|%)/.exec(text.slice(i, i + 2))?.[0]
      if (operator === undefined) continue
      return { path: text.slice(0, i).trim(), operator, value: operand(text.slice(i + operator.length).trim()) }
    }
  }
  return { path: text.trim(), operator: '', value: '' }
}

function operand(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch {
    return text.slice(1, -1)
  }
}

function step(value: unknown, part: Part): unknown {
  if (Array.isArray(value)) {
    if (!/^\d+$/.test(part.key)) return none
    const index = Number(part.key)
    return index < value.length ? (value[index] as unknown) : none
  }
  if (!isObject(value)) return none
  if (part.pattern === undefined) return Object.hasOwn(value, part.key) ? value[part.key] : none
  for (const key of Object.keys(value)) if (part.pattern.test(key)) return value[key]
  return none
}

function readPart(path: string): Part {
  let key = ''
  let source = ''
  let wild = false
  for (let i = 0; i < path.length; i++) {
    const ch = path[i] as string
    if (ch === '.' || ch === '|') {
      return { key, pattern: wild ? wildcard(source) : undefined, rest: path.slice(i + 1), separator: ch }
    }
    if (ch === '\\' && i + 1 < path.length) {
      key += path[i + 1]
      source += `\\${path[i + 1]}`
      i++
    } else {
      wild ||= ch === '*' || ch === '?'
      key += ch
      source += ch
    }
  }
  return { key, pattern: wild ? wildcard(source) : undefined, rest: '', separator: '' }
}

const wildcards = new Map<string, RegExp>()

/** `*` any run, `?` one character, `\` takes the next as it is. */
function wildcard(pattern: string): RegExp {
  const known = wildcards.get(pattern)
  if (known !== undefined) return known
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const ch = pattern[i] as string
    if (ch === '\\' && i + 1 < pattern.length) source += escapeRegExp(pattern[++i] as string)
    // Runs of stars count as one: `**` would make the match exponential.
    else if (ch === '*') source += source.endsWith('[^]*') ? '' : '[^]*'
    else source += ch === '?' ? '[^]' : escapeRegExp(ch)
  }
  const test = new RegExp(`^${source}$`)
  if (wildcards.size >= 500) wildcards.clear()
  wildcards.set(pattern, test)
  return test
}

function escapeRegExp(ch: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(ch) ? `\\${ch}` : ch
}

/** Index of the bracket that closes the one at `at`, strings and escapes skipped; -1 when there is none. */
function closing(text: string, at: number): number {
  if (text[at] === '"') return stringEnd(text, at)
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const ch = text[i] as string
    if (ch === '\\') i++
    else if (ch === '"') i = stringEnd(text, i)
    else if ('([{'.includes(ch)) depth++
    else if (')]}'.includes(ch) && --depth === 0) return i
  }
  return -1
}

function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return text.length
}

function topLevelPipe(path: string): number {
  let depth = 0
  for (let i = 0; i < path.length; i++) {
    const ch = path[i] as string
    if (ch === '\\') i++
    else if (ch === '"') i = stringEnd(path, i)
    else if ('([{'.includes(ch)) depth++
    else if (')]}'.includes(ch)) depth--
    else if (ch === '|' && depth === 0) return i
  }
  return -1
}

function splitSelectors(text: string): { name: string | undefined; path: string }[] {
  const out: { name: string | undefined; path: string }[] = []
  let depth = 0
  let start = 0
  let colon = -1
  let modifier = false
  const push = (end: number): void => {
    const name = colon < 0 ? undefined : operand(text.slice(start, colon).trim())
    const path = text.slice(colon < 0 ? start : colon + 1, end).trim()
    if (path !== '') out.push({ name, path })
    start = end + 1
    colon = -1
    modifier = false
  }
  for (let i = 0; i < text.length; i++) {
    const ch = text[i] as string
    if (ch === '\\') i++
    else if (ch === '"') i = stringEnd(text, i)
    else if (ch === '@') modifier = true
    else if (ch === ':' && depth === 0 && colon < 0 && !modifier) colon = i
    else if ('([{'.includes(ch)) depth++
    else if (')]}'.includes(ch)) depth--
    else if (ch === ',' && depth === 0) push(i)
  }
  push(text.length)
  return out
}

/** The name of a member that was given none: its path's last component where that is a plain name. */
function nameOfLast(path: string): string {
  const last = path.slice(Math.max(path.lastIndexOf('.'), path.lastIndexOf('|')) + 1)
  return last === '' || /[[\]{}()#|!@]|\p{Cc}/u.test(last) ? '_' : last
}

function literalEnd(text: string): number {
  if (/^[[{"]/.test(text)) return closing(text, 0) + 1
  const end = text.search(/[^-+.\w]/)
  return end < 0 ? text.length : end
}

function compareText(value: string, operator: string, wanted: string): boolean {
  switch (operator) {
    case '=':
    case '==':
      return value === wanted
    case '!=':
      return value !== wanted
    case '<':
      return value < wanted
    case '<=':
      return value <= wanted
    case '>':
      return value > wanted
    case '>=':
      return value >= wanted
    case '%':
      return wildcard(wanted).test(value)
    default:
      return !wildcard(wanted).test(value)
  }
}

function compareNumber(value: number, operator: string, wanted: number): boolean {
  const right = Number.isNaN(wanted) ? 0 : wanted
  switch (operator) {
    case '=':
    case '==':
      return value === right
    case '!=':
      return value !== right
    case '<':
      return value < right
    case '<=':
      return value <= right
    case '>':
      return value > right
    case '>=':
      return value >= right
    default:
      return false
  }
}

function compareTrue(operator: string, wanted: string): boolean {
  if (operator === '=' || operator === '==') return wanted === 'true'
  if (operator === '!=') return wanted !== 'true'
  return operator === '>=' || (operator === '>' && wanted === 'false')
}

function compareFalse(operator: string, wanted: string): boolean {
  if (operator === '=' || operator === '==') return wanted === 'false'
  if (operator === '!=') return wanted !== 'false'
  return operator === '<=' || (operator === '<' && wanted === 'true')
}

function isTrueish(value: unknown): boolean {
  if (typeof value === 'string') return /^(1|t|true)$/i.test(value)
  return typeof value === 'number' ? value !== 0 : value === true
}

function isFalsish(value: unknown): boolean {
  if (value === none || value === null || value === false) return true
  if (typeof value === 'string') return /^(0|f|false)$/i.test(value)
  return value === 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As an own property always: `__proto__` in a document is data. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  } else target[key] = value
}

/**
 * CSS selectors as k6 understands them: those of Go's cascadia, which also knows `:contains`, `:haschild`, `:matches`,
 * `[a!=b]` and `[a#=regexp]` and does not know `:is`, `:where` or jQuery's positions. What it cannot read matches nothing.
 * Behaviour compared with k6 2.2, selector by selector.
 */
import { attributeOf, type HtmlNode, textOf } from './nodes.js'

export type Matcher = (node: HtmlNode) => boolean

/** The matcher of a selector list; one that matches nothing when the text is no selector. */
export function compileSelector(text: string): Matcher {
  let matcher = compiled.get(text)
  if (matcher === undefined) {
    matcher = compile(text)
    // Scripts use few selectors; a script that makes them up as it goes must not fill memory.
    if (compiled.size >= 512) compiled.clear()
    compiled.set(text, matcher)
  }
  return matcher
}

const compiled = new Map<string, Matcher>()
const nothing: Matcher = () => false

function compile(text: string): Matcher {
  try {
    const parser = new Parser(text)
    const matcher = parser.group()
    return parser.atEnd() ? matcher : nothing
  } catch (error) {
    if (error instanceof SelectorError) return nothing
    throw error
  }
}

class SelectorError extends Error {}

const spaces = ' \t\r\n\f'
const neverMatching = new Set(['visited', 'hover', 'active', 'focus', 'target'])
const maxDepth = 64

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  group(): Matcher {
    if (++this.#depth > maxDepth) throw new SelectorError()
    const matchers = [this.#selector()]
    while (this.#take(',')) matchers.push(this.#selector())
    this.#depth--
    const [only] = matchers
    return matchers.length === 1 ? (only as Matcher) : (node) => matchers.some((matches) => matches(node))
  }

  #selector(): Matcher {
    this.#skipSpace()
    let matcher = this.#compound()
    for (;;) {
      let combinator = this.#skipSpace() ? ' ' : ''
      const next = this.#peek()
      if (next === '' || next === ',' || next === ')') return matcher
      if (next === '+' || next === '>' || next === '~') {
        combinator = next
        this.#at++
        this.#skipSpace()
      }
      if (combinator === '') return matcher
      matcher = combine(matcher, combinator, this.#compound())
    }
  }

  #compound(): Matcher {
    const matchers: Matcher[] = []
    const first = this.#peek()
    if (first === '') throw new SelectorError()
    if (first === '*') {
      this.#at++
      if (this.#text.startsWith('|*', this.#at)) this.#at += 2
    } else if (!'#.[:'.includes(first)) {
      const tag = lowerAscii(this.#identifier())
      matchers.push((node) => node.kind === 'element' && node.data === tag)
    }
    for (;;) {
      const next = this.#peek()
      if (next === '#') {
        this.#at++
        const id = this.#name()
        matchers.push((node) => node.kind === 'element' && attributeOf(node, 'id') === id)
      } else if (next === '.') {
        this.#at++
        const name = this.#identifier()
        matchers.push((node) => node.kind === 'element' && includesWord(attributeOf(node, 'class'), name))
      } else if (next === '[') matchers.push(this.#attribute())
      else if (next === ':') matchers.push(this.#pseudo())
      else break
    }
    if (matchers.length === 1) return matchers[0] as Matcher
    // `*` alone is every element.
    return (node) => node.kind === 'element' && matchers.every((matches) => matches(node))
  }

  #attribute(): Matcher {
    this.#at++
    this.#skipSpace()
    const key = lowerAscii(this.#identifier())
    this.#skipSpace()
    if (this.#take(']')) return (node) => node.kind === 'element' && attributeOf(node, key) !== undefined
    const operator = this.#peek() === '=' ? '=' : this.#text.slice(this.#at, this.#at + 2)
    if (!operators.has(operator)) throw new SelectorError()
    this.#at += operator.length
    this.#skipSpace()
    if (operator === '#=') {
      const pattern = this.#regexp()
      this.#closeAttribute()
      return (node) => node.kind === 'element' && test(attributeOf(node, key), (value) => pattern.test(value))
    }
    const given = this.#stringOrIdentifier()
    const fold = this.#closeAttribute()
    const wanted = fold ? given.toLowerCase() : given
    const matches = operators.get(operator) as (value: string, wanted: string) => boolean
    if (operator === '!=') {
      return (node) =>
        node.kind === 'element' && !test(attributeOf(node, key), (v) => (fold ? v.toLowerCase() : v) === wanted)
    }
    return (node) =>
      node.kind === 'element' && test(attributeOf(node, key), (v) => matches(fold ? v.toLowerCase() : v, wanted))
  }

  /** @returns whether the flag `i` stood before the bracket */
  #closeAttribute(): boolean {
    this.#skipSpace()
    const fold = this.#take('i') || this.#take('I')
    this.#skipSpace()
    this.#expect(']')
    return fold
  }

  #pseudo(): Matcher {
    this.#at++
    // Pseudo-elements are read but never allowed, so '::' can only end in an error.
    if (this.#peek() === ':') throw new SelectorError()
    const name = lowerAscii(this.#identifier())
    if (neverMatching.has(name)) return nothing
    const simple = simplePseudos[name]
    if (simple !== undefined) return simple
    const argument = <T>(read: () => T): T => {
      this.#expect('(')
      this.#skipSpace()
      const value = read()
      this.#skipSpace()
      this.#expect(')')
      return value
    }
    switch (name) {
      case 'not': {
        const inner = argument(() => this.group())
        return (node) => node.kind === 'element' && !inner(node)
      }
      case 'has': {
        const inner = argument(() => this.group())
        return (node) => node.kind === 'element' && someDescendant(node, inner)
      }
      case 'haschild': {
        const inner = argument(() => this.group())
        return (node) => node.kind === 'element' && someChild(node, inner)
      }
      case 'contains':
      case 'containsown': {
        const wanted = argument(() => this.#stringOrIdentifier()).toLowerCase()
        const read = name === 'contains' ? textOf : ownTextOf
        return (node) => read(node).toLowerCase().includes(wanted)
      }
      case 'matches':
      case 'matchesown': {
        const pattern = argument(() => this.#regexp())
        const read = name === 'matches' ? textOf : ownTextOf
        return (node) => pattern.test(read(node))
      }
      case 'nth-child':
      case 'nth-last-child':
      case 'nth-of-type':
      case 'nth-last-of-type': {
        const [a, b] = argument(() => this.#nth())
        return nth(a, b, name.includes('last'), name.endsWith('of-type'))
      }
      case 'lang': {
        const wanted = argument(() => this.#identifier()).toLowerCase()
        return (node) => inLanguage(node, wanted)
      }
      default:
        throw new SelectorError()
    }
  }

  #nth(): readonly [number, number] {
    const rest = this.#text.slice(this.#at)
    const word = /^(?:odd|even)(?![\w-])/i.exec(rest)
    if (word !== null) {
      this.#at += word[0].length
      return word[0].toLowerCase() === 'odd' ? [2, 1] : [2, 0]
    }
    const formula = /^([+-]?)(\d*)[nN](?:[ \t\r\n\f]*([+-])[ \t\r\n\f]*(\d+))?/.exec(rest)
    if (formula !== null) {
      this.#at += formula[0].length
      const [, sign, factor, offsetSign, offset] = formula
      const a = factor === undefined || factor === '' ? 1 : Number(factor)
      const b = offset === undefined ? 0 : Number(offset)
      return [sign === '-' ? -a : a, offsetSign === '-' ? -b : b]
    }
    const index = /^([+-]?)(\d+)/.exec(rest)
    if (index === null) throw new SelectorError()
    this.#at += index[0].length
    return [0, index[1] === '-' ? -Number(index[2]) : Number(index[2])]
  }

  /** Up to the bracket that closes it; brackets inside must pair. A pattern that JavaScript cannot read matches nothing. */
  #regexp(): RegExp {
    const start = this.#at
    let open = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] as string
      if (character === '(' || character === '[') open++
      else if (character === ')' || character === ']') {
        if (open === 0) break
        open--
      }
    }
    if (this.atEnd()) throw new SelectorError()
    try {
      return new RegExp(
        this.#text.slice(start, this.#at).replace(/^\(\?i\)/, ''),
        this.#text.startsWith('(?i)', start) ? 'iu' : 'u',
      )
    } catch {
      throw new SelectorError()
    }
  }

  #stringOrIdentifier(): string {
    const quote = this.#peek()
    return quote === '"' || quote === "'" ? this.#string(quote) : this.#identifier()
  }

  #string(quote: string): string {
    this.#at++
    let text = ''
    for (;;) {
      const next = this.#peek()
      if (next === '' || next === '\n' || next === '\r' || next === '\f') throw new SelectorError()
      if (next === quote) {
        this.#at++
        return text
      }
      if (next === '\\' && /[\n\r\f]/.test(this.#text[this.#at + 1] ?? '')) {
        this.#at += this.#text.startsWith('\r\n', this.#at + 1) ? 3 : 2
        continue
      }
      text += next === '\\' ? this.#escape() : next
      if (next !== '\\') this.#at++
    }
  }

  #identifier(): string {
    let dashes = ''
    while (this.#take('-')) dashes += '-'
    const next = this.#peek()
    if (!isNameStart(next) && next !== '\\') throw new SelectorError()
    return dashes + this.#name()
  }

  #name(): string {
    let name = ''
    for (;;) {
      const next = this.#peek()
      if (next === '\\') name += this.#escape()
      else if (next !== '' && (isNameStart(next) || /[-\d]/.test(next))) {
        name += next
        this.#at++
      } else break
    }
    if (name === '') throw new SelectorError()
    return name
  }

  #escape(): string {
    const hex = /^\\([0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?/.exec(this.#text.slice(this.#at, this.#at + 9))
    if (hex !== null) {
      this.#at += hex[0].length
      const code = Number.parseInt(hex[1] as string, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
    }
    const next = this.#text[this.#at + 1]
    if (next === undefined || /[\r\n\f]/.test(next)) throw new SelectorError()
    this.#at += 2
    return next
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new SelectorError()
  }

  /** Skips spaces and comments; answers whether there were any. */
  #skipSpace(): boolean {
    const start = this.#at
    for (;;) {
      if (this.#peek() !== '' && spaces.includes(this.#peek())) this.#at++
      else if (this.#text.startsWith('/*', this.#at)) {
        const end = this.#text.indexOf('*/', this.#at + 2)
        if (end < 0) break
        this.#at = end + 2
      } else break
    }
    return this.#at > start
  }
}

const operators: ReadonlyMap<string, (value: string, wanted: string) => boolean> = new Map([
  ['=', (value: string, wanted: string) => value === wanted],
  ['!=', (value: string, wanted: string) => value !== wanted],
  ['~=', (value: string, wanted: string) => includesWord(value, wanted)],
  ['|=', (value: string, wanted: string) => value === wanted || value.startsWith(`${wanted}-`)],
  ['^=', (value: string, wanted: string) => value.trim() !== '' && value.startsWith(wanted)],
  ['$=', (value: string, wanted: string) => value.trim() !== '' && value.endsWith(wanted)],
  ['*=', (value: string, wanted: string) => value.trim() !== '' && value.includes(wanted)],
  ['#=', () => false],
])

const simplePseudos: Readonly<Record<string, Matcher>> = {
  'first-child': nth(0, 1, false, false),
  'last-child': nth(0, 1, true, false),
  'first-of-type': nth(0, 1, false, true),
  'last-of-type': nth(0, 1, true, true),
  'only-child': (node) => isOnly(node, false),
  'only-of-type': (node) => isOnly(node, true),
  input: (node) => node.kind === 'element' && /^(?:input|select|textarea|button)$/.test(node.data),
  empty: (node) =>
    node.kind === 'element' &&
    !someChild(node, (c) => c.kind === 'element' || (c.kind === 'text' && c.data.trim() !== '')),
  root: (node) => node.kind === 'element' && node.parent?.kind === 'document',
  link: (node) => node.kind === 'element' && /^(?:a|area|link)$/.test(node.data) && has(node, 'href'),
  enabled: (node) => {
    if (node.kind !== 'element') return false
    if (/^(?:a|area|link)$/.test(node.data)) return has(node, 'href')
    if (/^(?:optgroup|menuitem|fieldset)$/.test(node.data)) return !has(node, 'disabled')
    return isControl(node) && !has(node, 'disabled') && !inDisabledFieldset(node)
  },
  disabled: (node) => {
    if (node.kind !== 'element') return false
    if (/^(?:optgroup|menuitem|fieldset)$/.test(node.data)) return has(node, 'disabled')
    return isControl(node) && (has(node, 'disabled') || inDisabledFieldset(node))
  },
  checked: (node) => {
    if (node.kind !== 'element') return false
    if (node.data === 'option') return has(node, 'selected')
    return (
      /^(?:input|menuitem)$/.test(node.data) &&
      has(node, 'checked') &&
      /^(?:checkbox|radio)$/i.test(attributeOf(node, 'type') ?? '')
    )
  },
}

function combine(left: Matcher, combinator: string, right: Matcher): Matcher {
  switch (combinator) {
    case '>':
      return (node) => right(node) && node.parent !== undefined && left(node.parent)
    case '+':
      return (node) => {
        if (!right(node)) return false
        let sibling = node.previous
        while (sibling !== undefined && (sibling.kind === 'text' || sibling.kind === 'comment'))
          sibling = sibling.previous
        return sibling !== undefined && left(sibling)
      }
    case '~':
      return (node) => {
        if (!right(node)) return false
        for (let sibling = node.previous; sibling !== undefined; sibling = sibling.previous)
          if (left(sibling)) return true
        return false
      }
    default:
      return (node) => {
        if (!right(node)) return false
        for (let parent = node.parent; parent !== undefined; parent = parent.parent) if (left(parent)) return true
        return false
      }
  }
}

/** The index of `an+b`, counted among the elements of the parent (of the same tag). */
function nth(a: number, b: number, fromEnd: boolean, ofType: boolean): Matcher {
  return (node) => {
    if (node.kind !== 'element' || node.parent === undefined) return false
    let index = 1
    let sibling = fromEnd ? node.next : node.previous
    while (sibling !== undefined) {
      if (sibling.kind === 'element' && (!ofType || sibling.data === node.data)) index++
      sibling = fromEnd ? sibling.next : sibling.previous
    }
    const offset = index - b
    return a === 0 ? offset === 0 : offset % a === 0 && offset / a >= 0
  }
}

function isOnly(node: HtmlNode, ofType: boolean): boolean {
  if (node.kind !== 'element' || node.parent === undefined) return false
  return !someChild(node.parent, (c) => c !== node && c.kind === 'element' && (!ofType || c.data === node.data))
}

function someChild(node: HtmlNode, matches: Matcher): boolean {
  for (let child = node.first; child !== undefined; child = child.next) if (matches(child)) return true
  return false
}

function someDescendant(root: HtmlNode, matches: Matcher): boolean {
  let node = root.first
  while (node !== undefined) {
    if (matches(node)) return true
    if (node.first !== undefined) {
      node = node.first
      continue
    }
    while (node !== undefined && node !== root && node.next === undefined) node = node.parent
    node = node === undefined || node === root ? undefined : node.next
  }
  return false
}

function ownTextOf(node: HtmlNode): string {
  let text = ''
  for (let child = node.first; child !== undefined; child = child.next) if (child.kind === 'text') text += child.data
  return text
}

function inLanguage(node: HtmlNode, wanted: string): boolean {
  for (let current: HtmlNode | undefined = node; current !== undefined; current = current.parent) {
    const own = attributeOf(current, 'lang')
    if (own !== undefined && (own === wanted || own.startsWith(`${wanted}-`))) return true
  }
  return false
}

function isControl(node: HtmlNode): boolean {
  return /^(?:button|input|select|textarea|option)$/.test(node.data)
}

function inDisabledFieldset(node: HtmlNode): boolean {
  for (let current = node; current.parent !== undefined; current = current.parent) {
    const parent = current.parent
    if (parent.data !== 'fieldset' || !has(parent, 'disabled')) continue
    // Controls in the first legend of a disabled fieldset stay usable.
    if (current.data !== 'legend' || hasEarlierLegend(current)) return true
  }
  return false
}

function hasEarlierLegend(node: HtmlNode): boolean {
  for (let sibling = node.previous; sibling !== undefined; sibling = sibling.previous)
    if (sibling.data === 'legend') return true
  return false
}

function has(node: HtmlNode, name: string): boolean {
  return attributeOf(node, name) !== undefined
}

function test(value: string | undefined, matches: (value: string) => boolean): boolean {
  return value !== undefined && matches(value)
}

function includesWord(value: string | undefined, word: string): boolean {
  return value?.split(/[ \t\r\n\f]+/).includes(word) === true && word !== ''
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function isNameStart(character: string): boolean {
  return character !== '' && (/[A-Za-z_]/.test(character) || character.charCodeAt(0) > 127)
}

/**
 * The words of a POSIX shell's command lines, with bash's $'...': enough for what browsers' "copy as cURL" and people
 * write. Nothing is run: variables and substitutions stay as text.
 */
import { brokenInput } from '../errors.js'
import { lineAndColumn } from '../input/json.js'

export interface ShellCommand {
  readonly words: readonly string[]
  /** Offset of its first word. */
  readonly offset: number
}

/** @throws PW_CONVERT_INPUT at an open quote */
export function shellCommands(text: string, name: string): ShellCommand[] {
  const commands: ShellCommand[] = []
  let words: string[] = []
  let word: string | undefined
  let offset = 0
  const endWord = (): void => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const endCommand = (): void => {
    endWord()
    if (words.length > 0) commands.push({ words, offset })
    words = []
  }
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string
    if (words.length === 0 && word === undefined) offset = i
    if (char === "'") {
      const end = text.indexOf("'", i + 1)
      if (end < 0) throw openQuote(text, i, name)
      word = (word ?? '') + text.slice(i + 1, end)
      i = end
    } else if (char === '"') {
      const [inside, end] = doubleQuoted(text, i, name)
      word = (word ?? '') + inside
      i = end
    } else if (char === '$' && text[i + 1] === "'") {
      const [inside, end] = ansiQuoted(text, i + 1, name)
      word = (word ?? '') + inside
      i = end
    } else if (char === '\\') {
      const skip = text.startsWith('\r\n', i + 1) ? 2 : text[i + 1] === '\n' ? 1 : 0
      if (skip > 0) i += skip
      else {
        word = (word ?? '') + (text[i + 1] ?? '')
        i++
      }
    } else if (char === '^' && /^\^\r?\n/.test(text.slice(i, i + 3))) {
      // "Copy as cURL (cmd)" continues its lines so.
      i += text[i + 1] === '\r' ? 2 : 1
    } else if (char === '\n' || char === ';' || char === '|') endCommand()
    else if (char === '&') {
      endCommand()
    } else if (/\s/.test(char)) endWord()
    else if (char === '#' && word === undefined) {
      const end = text.indexOf('\n', i)
      i = end < 0 ? text.length : end - 1
    } else word = (word ?? '') + char
  }
  endCommand()
  return commands
}

function doubleQuoted(text: string, start: number, name: string): [string, number] {
  let inside = ''
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i] as string
    if (char === '"') return [inside, i]
    const next = text[i + 1] ?? ''
    if (char === '\\' && '"\\$`'.includes(next) && next !== '') {
      inside += next
      i++
    } else if (char === '\\' && next === '\n') i++
    else inside += char
  }
  throw openQuote(text, start, name)
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Bash's $'...': bytes by \xHH and octal, characters by \uHHHH; the bytes are read as UTF-8. */
function ansiQuoted(text: string, start: number, name: string): [string, number] {
  const pieces: Buffer[] = []
  const put = (piece: string): void => void pieces.push(Buffer.from(piece, 'utf8'))
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i] as string
    if (char === "'") return [Buffer.concat(pieces).toString('utf8'), i]
    if (char !== '\\') {
      const end = nextOf(text, i)
      put(text.slice(i, end))
      i = end - 1
      continue
    }
    const rest = text.slice(i + 1, i + 10)
    const [all, kind, digits] = /^(?:([xuU])([0-9A-Fa-f]{1,8})|([0-7]{1,3}))/.exec(rest) ?? []
    const octal = all !== undefined && kind === undefined
    if (octal) {
      pieces.push(Buffer.from([Number.parseInt(all, 8) & 255]))
      i += all.length
    } else if (kind === 'x' && digits !== undefined) {
      pieces.push(Buffer.from([Number.parseInt(digits.slice(0, 2), 16)]))
      i += 1 + Math.min(2, digits.length)
    } else if (kind !== undefined && digits !== undefined) {
      const used = digits.slice(0, kind === 'u' ? 4 : 8)
      const point = Number.parseInt(used, 16)
      put(point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd')
      i += 1 + used.length
    } else {
      const next = rest[0] ?? ''
      put(Object.hasOwn(ESCAPES, next) ? (ESCAPES[next] ?? '') : '\\\'"?'.includes(next) ? next : `\\${next}`)
      i++
    }
  }
  throw openQuote(text, start, name)
}

/** Where the plain run from `i` ends. */
function nextOf(text: string, i: number): number {
  let end = i
  while (end < text.length && text[end] !== '\\' && text[end] !== "'") end++
  return end
}

function openQuote(text: string, at: number, name: string): Error {
  return brokenInput(
    'A quote is opened here and never closed.',
    `${name}:${lineAndColumn(text, at)}`,
    'close it, or copy the command again',
  )
}

/**
 * The one place where text from outside becomes part of a script. Every character that could end a literal or a comment,
 * hide what follows (bidirectional controls), or not survive UTF-8 (lone surrogates) is written as an escape.
 */
import { Code, joinText, type Text } from './model.js'

/** A string literal in single quotes. */
export function quote(text: string): string {
  return `'${escapeWith(text, "'")}'`
}

/** A template literal when there is code in it, else a string literal. */
export function textLiteral(text: Text): string {
  const parts = joinText(text)
  if (parts.length === 0) return "''"
  const [only] = parts
  if (parts.length === 1) return only instanceof Code ? only.text : quote(only ?? '')
  return `\`${parts
    .map((part) => (part instanceof Code ? `\${${part.text}}` : escapeWith(part, '`').replaceAll('${', '\\${')))
    .join('')}\``
}

/** The text of a line comment: one line, nothing in it that a terminal or an editor obeys. */
export function commentText(text: string): string {
  return text.replace(UNSEEN, ' ').replace(LONE_SURROGATE, '\ufffd').trimEnd()
}

/** A property's name, quoted where it must be; `__proto__` computed, because a literal one sets the prototype. */
export function propertyName(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
}

/** A camel-case identifier that is no word of the language nor of the script itself. */
export function identifier(wanted: string, taken: ReadonlySet<string>): string {
  const words = wanted.match(/[A-Za-z0-9]+/g) ?? []
  let name = words.map((word, i) => (i === 0 ? lowerFirst(word) : upperFirst(word))).join('')
  name = name.slice(0, 40)
  if (name === '' || /^\d/.test(name)) name = `v${upperFirst(name)}`
  return unique(RESERVED.has(name) ? `${name}Value` : name, taken)
}

/** An identifier in the manner of environment variables. */
export function constantName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toUpperCase()
    .slice(0, 50)
  if (name === '' || /^\d/.test(name)) name = `V_${name}`
  return unique(name, taken)
}

function unique(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let n = 2; ; n++) if (!taken.has(`${name}${n}`)) return `${name}${n}`
}

function lowerFirst(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1)
}

function upperFirst(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function escapeWith(text: string, delimiter: "'" | '`'): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll(delimiter, `\\${delimiter}`)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(UNSEEN, (char) => unicodeEscape(char))
    .replace(LONE_SURROGATE, (char) => unicodeEscape(char))
}

function unicodeEscape(char: string): string {
  return [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')
}

/** Controls, line and paragraph separators, bidirectional and zero-width characters, the byte order mark. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu
const LONE_SURROGATE = /\p{Cs}/gu

/** Words of the language, and what every script declares or uses by itself. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof undefined var void while with yield async of get set ' +
    'http check group sleep options res encoding between secrets setup teardown handleSummary open console require ' +
    'exec crypto data journey pick Number String Math JSON Object encodeURIComponent decodeURIComponent NaN Infinity'
  ).split(' '),
)

/**
 * The text that k6 2.2 prints for the arguments of `console.log` and its sisters; every form verified on k6 2.2.
 */
import { types } from 'node:util'

/**
 * Names that an object shows in the console, in order, for our modules' classes whose members live on a prototype:
 * k6 shows fields and methods of such objects as if they were their own.
 */
export const consoleKeys: unique symbol = Symbol('perfwright.consoleKeys')

/**
 * Text that a value prints at top level: k6 prints its Go errors as their text, also those that are no Error to a script.
 * Inside an object or array such a value shows its fields.
 */
export const consoleText: unique symbol = Symbol('perfwright.consoleText')

/** @throws what a getter or `toString` of the script throws */
export function formatConsoleArgs(args: readonly unknown[]): string {
  if (args.length === 1) return topLevel(args[0])
  let text = ''
  for (let i = 0; i < args.length; i++) text += i === 0 ? topLevel(args[0]) : ` ${topLevel(args[i])}`
  return text
}

function topLevel(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'function':
      return functionText
    case 'symbol':
      return value.description ?? ''
    case 'object':
      if (value === null) return 'null'
      return (value as { [consoleText]?: string })[consoleText] ?? objectText(value, [])
    default:
      return String(value)
  }
}

const functionText = '[object Function]'

function nested(value: unknown, ancestors: object[]): string {
  switch (typeof value) {
    case 'undefined':
      return 'null'
    case 'string':
      // k6 escapes nothing between the quotes.
      return `"${value}"`
    case 'symbol':
      return `"${value.description ?? ''}"`
    case 'object':
      return value === null ? 'null' : objectText(value, ancestors)
    default:
      return topLevel(value)
  }
}

function objectText(value: object, ancestors: object[]): string {
  if (ancestors.includes(value)) return '[Circular]'
  if (types.isNativeError(value)) return String(value)
  if (types.isTypedArray(value)) return typedArrayText(value)
  if (types.isAnyArrayBuffer(value)) return arrayBufferText(value)
  ancestors.push(value)
  try {
    return Array.isArray(value) ? arrayText(value, ancestors) : fieldsText(value, ancestors)
  } finally {
    ancestors.pop()
  }
}

function arrayText(value: readonly unknown[], ancestors: object[]): string {
  const { length } = value
  if (length === 0) return '[]'
  let text = '[ '
  for (let i = 0; i < length; i++) text += i === 0 ? nested(value[i], ancestors) : `, ${nested(value[i], ancestors)}`
  return `${text} ]`
}

function fieldsText(value: object, ancestors: object[]): string {
  const keys = (value as { [consoleKeys]?: readonly string[] })[consoleKeys] ?? Object.keys(value)
  if (keys.length === 0) return types.isDate(value) ? dateText(value) : '{}'
  const fields = keys.map((key) => `${key}: ${nested((value as Record<string, unknown>)[key], ancestors)}`)
  return `{ ${fields.join(', ')} }`
}

function dateText(value: Date): string {
  return Number.isNaN(Date.prototype.getTime.call(value)) ? '{}' : `"${value.toISOString()}"`
}

function arrayBufferText(value: ArrayBuffer | SharedArrayBuffer): string {
  const bytes = Array.from(new Uint8Array(value), (byte) => byte.toString(16).padStart(2, '0'))
  return `ArrayBuffer { [Uint8Contents]: <${bytes.join(' ')}>, byteLength: ${bytes.length} }`
}

function typedArrayText(value: NodeJS.TypedArray): string {
  // k6 tells typed arrays apart by their elements, so a clamped one is a Uint8Array to it.
  const tag = value[Symbol.toStringTag]
  const name = tag === 'Uint8ClampedArray' ? 'Uint8Array' : tag
  const items = Array.from(value as Iterable<number | bigint>, String)
  return items.length === 0 ? `${name}(0) []` : `${name}(${items.length}) [ ${items.join(', ')} ]`
}

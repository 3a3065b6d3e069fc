/**
 * What a matcher throws when the expectation does not hold. `detail.lines` are `[label, text, colour]`; `message` is
 * said above them.
 */
export class AssertionFailed extends Error {
  constructor(detail) {
    super(detail.message)
    this.detail = detail
  }
}

/** A value as source text, roughly. */
export function show(value) {
  if (value === undefined) return 'undefined'
  if (typeof value === 'number' || typeof value === 'symbol') return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `[Function: ${value.name || 'anonymous'}]`
  const kind = kindOf(value)
  if (kind === 'Date') return `Date(${Number.isNaN(value.getTime()) ? '<invalid date>' : value.toISOString()})`
  if (kind === 'RegExp') return String(value)
  if (kind === 'Set') return `{${JSON.stringify([...value]).slice(1, -1)}}`
  if (kind === 'Map') return `Map ${JSON.stringify(Object.fromEntries(value))}`
  const maker = typeof value === 'object' && value !== null ? value.constructor?.name : undefined
  if (maker && maker !== 'Object' && maker !== 'Array') return `${maker} ${JSON.stringify(value)}`
  return JSON.stringify(value)
}

export const expectedReceived = (expected, received) => ({
  lines: [
    ['Expected', show(expected), 'green'],
    ['Received', show(received), 'red'],
  ],
})

/** As above, of texts that are shown without quotes. */
export const expectedReceivedText = (expected, received, message) => ({
  message,
  lines: [
    ['Expected', String(expected), 'green'],
    ['Received', received, 'red'],
  ],
})

export const receivedOnly = (received) => ({ lines: [['Received', show(received), 'red']] })

/** @param expected  names of types */
export function typeMismatch(expected, received) {
  return new AssertionFailed({
    lines: [
      ['Expected type', expected.join(' | '), 'green'],
      ['Received type', typeName(received), 'red'],
      ['Received value', show(received), 'red'],
    ],
  })
}

function typeName(value) {
  const maker = Object(value) === value ? value.constructor?.name : undefined
  if (maker !== undefined && maker !== 'Object') return maker || 'Object'
  return value === null ? 'null' : typeof value
}

/** 'Set', 'RegExp', ...: by the tag, since a value of the engine need not be of this realm. */
export function kindOf(value) {
  return Object.prototype.toString.call(value).slice(8, -1)
}

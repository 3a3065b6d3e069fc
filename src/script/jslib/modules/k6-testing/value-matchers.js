// Expectations of plain values, judged once.
import { AssertionFailed, expectedReceived, kindOf, receivedOnly, show, typeMismatch } from './failure.js'

export const valueMatchers = {
  toBe: {
    args: ['expected'],
    match: (received, expected) => verdict(Object.is(received, expected), expectedReceived(expected, received)),
  },
  toEqual: {
    args: ['expected'],
    match: (received, expected) => verdict(isDeepEqual(received, expected), expectedReceived(expected, received)),
  },
  toBeCloseTo: {
    args: ['expected', 'precision'],
    match(received, expected, precision = 2) {
      if (typeof received !== 'number') throw typeMismatch(['number'], received)
      const allowed = 10 ** -precision / 2
      const difference = Math.abs(expected - received)
      return verdict(difference < allowed, {
        lines: [
          ['Expected precision', String(precision), 'green'],
          ['Expected difference', `< ${allowed}`, 'green'],
          ['Received difference', String(difference), 'red'],
        ],
      })
    },
  },
  toBeDefined: {
    args: [],
    match: (received) => verdict(received !== undefined, receivedOnly(received)),
  },
  toBeUndefined: {
    args: [],
    match: (received) => verdict(received === undefined, receivedOnly(received)),
  },
  toBeNull: {
    args: [],
    match: (received) => verdict(received === null, receivedOnly(received)),
  },
  toBeNaN: {
    args: [],
    match: (received) => verdict(Number.isNaN(received), receivedOnly(received)),
  },
  toBeTruthy: {
    args: [],
    match: (received) => verdict(Boolean(received), receivedOnly(received)),
  },
  toBeFalsy: {
    args: [],
    match: (received) => verdict(!received, receivedOnly(received)),
  },
  toBeGreaterThan: relation('>', (a, b) => a > b),
  toBeGreaterThanOrEqual: relation('>=', (a, b) => a >= b),
  toBeLessThan: relation('<', (a, b) => a < b),
  toBeLessThanOrEqual: relation('<=', (a, b) => a <= b),
  toBeInstanceOf: {
    args: ['expected'],
    match(received, expected) {
      const name =
        received === null
          ? 'null'
          : received instanceof Object
            ? (received.constructor?.name ?? 'Object')
            : typeof received
      return verdict(received instanceof expected, {
        lines: [
          ['Expected constructor', expected.name, 'green'],
          ['Received constructor', name, 'red'],
        ],
      })
    },
  },
  toContain: {
    args: ['expected'],
    match(received, expected) {
      const isText = typeof received === 'string'
      if (!isText && !Array.isArray(received) && kindOf(received) !== 'Set') {
        throw typeMismatch(['Set', 'Array', 'string'], received)
      }
      const holds = isText
        ? typeof expected === 'string' && received.includes(expected)
        : [...received].includes(expected)
      return membership(holds, '', expected, received)
    },
  },
  toContainEqual: {
    args: ['expected'],
    match(received, expected) {
      if (!Array.isArray(received) && kindOf(received) !== 'Set') throw typeMismatch(['Array', 'Set'], received)
      const holds = [...received].some((item) => isDeepEqual(item, expected))
      return membership(holds, ' equal', expected, received)
    },
  },
  toHaveLength: {
    args: ['expected'],
    match(received, expected) {
      const length = typeof received === 'string' || typeof received === 'object' ? received?.length : undefined
      if (typeof length !== 'number') throw typeMismatch(['string', 'array', 'object'], received)
      return verdict(length === expected, {
        lines: [
          ['Expected length', String(expected), 'green'],
          ['Received length', String(length), 'red'],
          ['Received value', show(received), 'red'],
        ],
      })
    },
  },
  toHaveProperty: {
    args: ['keyPath', 'expected'],
    match(received, keyPath, ...rest) {
      if (typeof received !== 'object' || received === null) throw typeMismatch(['object'], received)
      const lines = (label) => [
        ['Property path', keyPath, 'white'],
        [label, rest.length === 0 ? '' : show(rest[0]), rest.length === 0 ? undefined : 'green'],
        ['Received object', show(received), 'red'],
      ]
      const [holdsLabel, notLabel] =
        rest.length === 0
          ? ['Expected property to exist', 'Expected property not to exist']
          : ['Expected property to equal', 'Expected property not to equal']
      const found = lookUp(received, keyPath)
      if (found === undefined || (rest[0] !== undefined && !isDeepEqual(found.value, rest[0]))) {
        throw new AssertionFailed({ lines: lines(holdsLabel) })
      }
      return { lines: lines(notLabel) }
    },
  },
}

/** The detail for `not` when it holds, thrown when it does not. */
function verdict(holds, detail) {
  if (!holds) throw new AssertionFailed(detail)
  return detail
}

function relation(operator, holds) {
  return {
    args: ['expected'],
    match(received, expected) {
      if (typeof received !== 'number' && typeof received !== 'bigint')
        throw typeMismatch(['number', 'bigint'], received)
      return verdict(holds(received, expected), {
        lines: [
          ['Expected', `${operator} ${show(expected)}`, 'green'],
          ['Received', show(received), 'red'],
        ],
      })
    },
  }
}

function membership(holds, kind, expected, received) {
  const type = typeof received === 'string' ? 'string' : Array.isArray(received) ? 'array' : 'set'
  return verdict(holds, {
    lines: [
      [`Expected ${holds ? 'not ' : ''}to contain${kind}`, show(expected), 'green'],
      [`Received ${type}`, show(received), 'red'],
    ],
  })
}

/** Own enumerable properties, all the way down; NaN differs from itself, as in the library that scripts know. */
function isDeepEqual(a, b) {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.keys(b).includes(key) && isDeepEqual(a[key], b[key]))
  )
}

/** `a.b[2].c` in an object; undefined when there is no such property. */
function lookUp(object, path) {
  const keys = [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map((match) => match[1] ?? match[2])
  if (keys.length === 0) return undefined
  let value = object
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined
    const isIndex = key !== '' && !Number.isNaN(Number(key))
    if (isIndex ? !Array.isArray(value) || Number(key) >= value.length : !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return { value }
}

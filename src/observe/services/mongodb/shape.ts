/** A command as it may stand in a record: its keys and operators, every value as `?`. */
import { boundedText } from '../sql-text.js'

const MAX_DEPTH = 8
const MAX_KEYS = 30
/** Keys whose values are names, not data. */
const names = new Set([
  'find',
  'aggregate',
  'update',
  'delete',
  'insert',
  'count',
  'distinct',
  'findAndModify',
  'findandmodify',
  'getMore',
  'collection',
  'key',
])
/** What says nothing of the work: session, cluster time, how the answer is to be sent. */
const passedOver = new Set([
  'lsid',
  '$clusterTime',
  '$db',
  '$readPreference',
  'txnNumber',
  'signature',
  'apiVersion',
  'documents',
  'comment',
])

export function shapeOf(command: unknown): string {
  return boundedText(write(command, 0), 2000)
}

function write(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    if (depth >= MAX_DEPTH) return '[...]'
    // A list of values is one `?`: an $in of ten and of a thousand is one statement.
    const parts = new Set(value.slice(0, MAX_KEYS).map((one) => write(one, depth + 1)))
    return parts.size === 1 && parts.has('?') ? '[?]' : `[${[...parts].join(', ')}]`
  }
  if (typeof value !== 'object' || value === null || '_bsontype' in value || value instanceof Date) return '?'
  if (depth >= MAX_DEPTH) return '{...}'
  const parts = Object.entries(value)
    .filter(([key]) => !passedOver.has(key))
    .slice(0, MAX_KEYS)
    .map(([key, one]) => {
      const isName = typeof one === 'string' && ((depth === 0 && names.has(key)) || /^\$[a-zA-Z]/.test(one))
      return `${key}: ${isName ? boundedText(String(one), 100) : write(one, depth + 1)}`
    })
  return `{ ${parts.join(', ')} }`.replace('{  }', '{}')
}

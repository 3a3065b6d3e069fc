/** BSON as plain values, as much as the shape of a command needs. Source: bsonspec.org/spec.html. Cut off is left out. */

export type BsonValue = string | number | boolean | null | readonly BsonValue[] | { readonly [name: string]: BsonValue }

const MAX_DEPTH = 20
const MAX_FIELDS = 2_000

/** @returns what could be read of it; never throws on damaged bytes */
export function readBson(bytes: Buffer): Record<string, BsonValue> {
  const budget = { fields: MAX_FIELDS }
  return document(bytes, 0, budget) as Record<string, BsonValue>
}

function document(bytes: Buffer, depth: number, budget: { fields: number }): Record<string, BsonValue> {
  const found: Record<string, BsonValue> = Object.create(null) as Record<string, BsonValue>
  for (let at = 4; at < bytes.length && bytes[at] !== 0; ) {
    const type = bytes[at] as number
    const nameEnd = bytes.indexOf(0, at + 1)
    if (nameEnd < 0 || budget.fields-- <= 0) return found
    const name = bytes.toString('utf8', at + 1, Math.min(nameEnd, at + 201))
    const from = nameEnd + 1
    const size = sizeOf(type, bytes, from)
    if (size === undefined || from + size > bytes.length) return found
    found[name] = valueOf(type, bytes.subarray(from, from + size), depth, budget)
    at = from + size
  }
  return found
}

function valueOf(type: number, bytes: Buffer, depth: number, budget: { fields: number }): BsonValue {
  switch (type) {
    case 0x01:
      return bytes.readDoubleLE(0)
    case 0x02:
    case 0x0d:
    case 0x0e:
      return bytes.toString('utf8', 4, Math.min(bytes.length - 1, 4 + 1_000))
    case 0x03:
      return depth >= MAX_DEPTH ? '...' : document(bytes, depth + 1, budget)
    case 0x04:
      return depth >= MAX_DEPTH ? '...' : Object.values(document(bytes, depth + 1, budget))
    case 0x07:
      return bytes.toString('hex')
    case 0x08:
      return bytes[0] === 1
    case 0x09:
      return `date ${bytes.readBigInt64LE(0)}`
    case 0x10:
      return bytes.readInt32LE(0)
    case 0x12:
      return Number(bytes.readBigInt64LE(0))
    case 0x0a:
      return null
    default:
      return bytes.subarray(0, 32).toString('hex')
  }
}

const fixed: Readonly<Record<number, number>> = {
  1: 8,
  6: 0,
  7: 12,
  8: 1,
  9: 8,
  10: 0,
  16: 4,
  17: 8,
  18: 8,
  19: 16,
  127: 0,
  255: 0,
}

function sizeOf(type: number, bytes: Buffer, at: number): number | undefined {
  const known = fixed[type]
  if (known !== undefined) return known
  if (type === 0x0b) {
    const pattern = bytes.indexOf(0, at)
    const options = pattern < 0 ? -1 : bytes.indexOf(0, pattern + 1)
    return options < 0 ? undefined : options + 1 - at
  }
  if (at + 4 > bytes.length) return undefined
  const length = bytes.readInt32LE(at)
  if (length < 0) return undefined
  if (type === 0x02 || type === 0x0d || type === 0x0e) return 4 + Math.max(1, length)
  if (type === 0x03 || type === 0x04 || type === 0x0f) return length < 5 ? undefined : length
  if (type === 0x05) return 5 + length
  if (type === 0x0c) return 4 + length + 12
  return undefined
}

/** Integers of variable length, and the parameters of COM_STMT_EXECUTE. */
import { textOf } from '../statement.js'

export interface ParamType {
  readonly type: number
  readonly isUnsigned: boolean
}

const MAX_PARAMS = 1_000
const MAX_PARAM_BYTES = 1_000

export function lengthAt(body: Buffer, at: number): { readonly value: number; readonly next: number } {
  const first = body[at] ?? 0
  const read = (bytes: number): number => (at + 1 + bytes <= body.length ? body.readUIntLE(at + 1, bytes) : 0)
  if (first === 0xfc) return { value: read(2), next: at + 3 }
  if (first === 0xfd) return { value: read(3), next: at + 4 }
  // Of eight bytes six are enough for any count there is.
  if (first === 0xfe) return { value: read(6), next: at + 9 }
  return { value: first, next: at + 1 }
}

/**
 * Body after the command's byte: statement, flags, iterations, map of nulls, whether types follow, types, values.
 * @param prepared  keeps the types, which a driver may send with the first execution alone
 */
export function readParams(
  body: Buffer,
  prepared: { readonly paramCount: number; types: readonly ParamType[] },
): (string | null | undefined)[] {
  const count = Math.min(prepared.paramCount, MAX_PARAMS)
  if (count === 0) return []
  const nulls = 9
  let at = nulls + ((prepared.paramCount + 7) >> 3)
  if (body[at++] === 1) {
    prepared.types = Array.from({ length: count }, (_, i) => ({
      type: body[at + 2 * i] ?? 6,
      isUnsigned: ((body[at + 2 * i + 1] ?? 0) & 0x80) !== 0,
    }))
    at += 2 * prepared.paramCount
  }
  const params: (string | null | undefined)[] = []
  for (let i = 0; i < count; i++) {
    const type = prepared.types[i]
    const isNull = (((body[nulls + (i >> 3)] ?? 0) >> (i & 7)) & 1) === 1
    if (isNull || type?.type === 6) params.push(null)
    else {
      const read = type === undefined ? undefined : readValue(body, at, type)
      if (read === undefined) return [...params, ...Array<undefined>(count - i).fill(undefined)]
      params.push(read.text)
      at = read.next
    }
  }
  return params
}

function readValue(
  body: Buffer,
  at: number,
  { type, isUnsigned }: ParamType,
): { readonly text: string; readonly next: number } | undefined {
  const sizes: Readonly<Record<number, number>> = { 1: 1, 2: 2, 13: 2, 3: 4, 9: 4, 8: 8, 4: 4, 5: 8 }
  const size = sizes[type]
  if (size !== undefined) {
    if (at + size > body.length) return undefined
    const next = at + size
    if (type === 4) return { text: String(body.readFloatLE(at)), next }
    if (type === 5) return { text: String(body.readDoubleLE(at)), next }
    if (size === 8) return { text: String(isUnsigned ? body.readBigUInt64LE(at) : body.readBigInt64LE(at)), next }
    return { text: String(isUnsigned ? body.readUIntLE(at, size) : body.readIntLE(at, size)), next }
  }
  // Dates and times: a length of one byte, then packed fields, which tell one from another.
  if (type === 7 || type === 10 || type === 11 || type === 12) {
    const next = at + 1 + (body[at] ?? 0)
    return next > body.length ? undefined : { text: dateText(body.subarray(at + 1, next)), next }
  }
  const length = lengthAt(body, at)
  const next = length.next + length.value
  if (next > body.length) return undefined
  return { text: textOf(body.subarray(length.next, Math.min(next, length.next + MAX_PARAM_BYTES))), next }
}

function dateText(bytes: Buffer): string {
  if (bytes.length < 4) return '0000-00-00'
  const two = (value: number | undefined): string => String(value ?? 0).padStart(2, '0')
  const date = `${bytes.readUInt16LE(0)}-${two(bytes[2])}-${two(bytes[3])}`
  return bytes.length < 7 ? date : `${date} ${two(bytes[4])}:${two(bytes[5])}:${two(bytes[6])}`
}

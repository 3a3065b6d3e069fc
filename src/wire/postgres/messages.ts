/** Bodies of the client's messages; each reads within its bounds, for a peer may send anything. */
import { textOf } from '../statement.js'

export interface Bind {
  readonly portal: string
  readonly statement: string
  readonly params: readonly RawParam[]
}

export interface RawParam {
  /** At most 1,000 bytes; null is NULL. */
  readonly bytes: Buffer | null
  readonly isBinary: boolean
}

const MAX_PARAMS = 1_000
const MAX_PARAM_BYTES = 1_000

/** @returns the text without its zero, and where the next field begins */
export function readCString(body: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = body.indexOf(0, at)
  const to = end < 0 ? body.length : end
  return { text: textOf(body.subarray(at, to)), end: to + 1 }
}

export function readBind(body: Buffer): Bind {
  const portal = readCString(body, 0)
  const statement = readCString(body, portal.end)
  const fields = new Fields(body, statement.end)
  const formats = Array.from({ length: Math.min(fields.int16(), MAX_PARAMS) }, () => fields.int16())
  const count = Math.min(fields.int16(), MAX_PARAMS)
  const params: RawParam[] = []
  for (let i = 0; i < count; i++) {
    const length = fields.int32()
    if (length === undefined) break
    const bytes = length < 0 ? null : Buffer.from(fields.bytes(length)?.subarray(0, MAX_PARAM_BYTES) ?? '')
    params.push({ bytes, isBinary: (formats.length === 1 ? formats[0] : formats[i]) === 1 })
  }
  return { portal: portal.text, statement: statement.text, params }
}

/** Type OIDs of a ParameterDescription. */
export function readTypes(body: Buffer): number[] {
  const count = Math.min(body.length >= 2 ? body.readInt16BE(0) : 0, MAX_PARAMS, (body.length - 2) >> 2)
  return Array.from({ length: Math.max(0, count) }, (_, i) => body.readInt32BE(2 + 4 * i))
}

/** The value as SQL would show it; undefined where a binary form is not one of the plain types. */
export function valueOf({ bytes, isBinary }: RawParam, type: number | undefined): string | null | undefined {
  if (bytes === null) return null
  if (!isBinary) return textOf(bytes)
  // pg_type.dat: bool 16, int8 20, int2 21, int4 23, text 25, float8 701, varchar 1043, name 19, uuid 2950.
  if (type === 21 && bytes.length === 2) return String(bytes.readInt16BE(0))
  if (type === 23 && bytes.length === 4) return String(bytes.readInt32BE(0))
  if (type === 20 && bytes.length === 8) return String(bytes.readBigInt64BE(0))
  if (type === 701 && bytes.length === 8) return String(bytes.readDoubleBE(0))
  if (type === 16 && bytes.length === 1) return bytes[0] === 0 ? 'false' : 'true'
  if (type === 19 || type === 25 || type === 1043) return textOf(bytes)
  if (type === 2950 && bytes.length === 16)
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return undefined
}

class Fields {
  readonly #body: Buffer
  #at: number

  constructor(body: Buffer, at: number) {
    this.#body = body
    this.#at = at
  }

  int16(): number {
    if (this.#at + 2 > this.#body.length) return 0
    this.#at += 2
    return this.#body.readInt16BE(this.#at - 2)
  }

  int32(): number | undefined {
    if (this.#at + 4 > this.#body.length) return undefined
    this.#at += 4
    return this.#body.readInt32BE(this.#at - 4)
  }

  bytes(length: number): Buffer | undefined {
    const from = this.#at
    this.#at += Math.max(0, length)
    return this.#at > this.#body.length ? undefined : this.#body.subarray(from, this.#at)
  }
}

/** A reader of DER (X.690), for what certificates hold. Lengths are checked against what is there: certificates come from peers. */
export interface DerValue {
  readonly tag: number
  /** The content, without tag and length. */
  readonly content: Uint8Array
}

export class DerError extends Error {}

/** The values that stand one after another in `bytes`. */
export function derSequence(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  let i = 0
  while (i < bytes.length) {
    const tag = bytes[i] as number
    // Tags above 30 take more bytes; certificates have none.
    if ((tag & 0x1f) === 0x1f) throw new DerError('long tag')
    const first = bytes[i + 1]
    if (first === undefined) throw new DerError('no length')
    let length = first
    i += 2
    if (first >= 0x80) {
      const count = first & 0x7f
      if (count === 0 || count > 4 || i + count > bytes.length) throw new DerError('bad length')
      length = 0
      for (let k = 0; k < count; k++) length = length * 256 + (bytes[i + k] as number)
      i += count
    }
    if (i + length > bytes.length) throw new DerError('length beyond the end')
    values.push({ tag, content: bytes.subarray(i, i + length) })
    i += length
  }
  return values
}

/** The values inside a constructed one. */
export function derItems(value: DerValue | undefined, tag: number): DerValue[] {
  if (value?.tag !== tag) throw new DerError(`expected tag ${tag}`)
  return derSequence(value.content)
}

/** "1.2.840.113549" */
export function derOid(value: DerValue | undefined): string {
  if (value?.tag !== 0x06 || value.content.length === 0) throw new DerError('expected an object identifier')
  const arcs: number[] = []
  let arc = 0
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const first = arcs.shift() as number
  const top = Math.min(2, Math.floor(first / 40))
  return [top, first - 40 * top, ...arcs].join('.')
}

export function derText(value: DerValue | undefined): string {
  if (value === undefined) throw new DerError('expected a text')
  const bytes = Buffer.from(value.content)
  if (value.tag === 0x1e) return bytes.swap16().toString('utf16le')
  return bytes.toString(value.tag === 0x14 ? 'latin1' : 'utf8')
}

/** RFC 3339, in UTC. */
export function derTime(value: DerValue | undefined): string {
  if (value === undefined) throw new DerError('expected a time')
  const text = derText(value)
  const match = /^(\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) throw new DerError('bad time')
  const [, century, year, month, day, hour, minute, second] = match
  // UTCTime has two digits of the year: 50 to 99 are the last century (RFC 5280).
  return `${century ?? (Number(year) >= 50 ? '19' : '20')}${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}

export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

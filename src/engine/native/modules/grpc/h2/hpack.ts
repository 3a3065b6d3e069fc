/** Header compression (RFC 7541), both ends of it. */
import { decodeHuffman } from './huffman.js'

/** RFC 7541, appendix A: names and values in turn. */
const staticTable = (
  ':authority||:method|GET|:method|POST|:path|/|:path|/index.html|:scheme|http|:scheme|https|:status|200|:status|204|' +
  ':status|206|:status|304|:status|400|:status|404|:status|500|accept-charset||accept-encoding|gzip, deflate|' +
  'accept-language||accept-ranges||accept||access-control-allow-origin||age||allow||authorization||cache-control||' +
  'content-disposition||content-encoding||content-language||content-length||content-location||content-range||' +
  'content-type||cookie||date||etag||expect||expires||from||host||if-match||if-modified-since||if-none-match||' +
  'if-range||if-unmodified-since||last-modified||link||location||max-forwards||proxy-authenticate||' +
  'proxy-authorization||range||referer||refresh||retry-after||server||set-cookie||strict-transport-security||' +
  'transfer-encoding||user-agent||vary||via||www-authenticate|'
).split('|')
const staticCount = staticTable.length / 2

const staticNames = new Map<string, number>()
const staticFields = new Map<string, number>()
for (let i = 0; i < staticCount; i++) {
  const [name, value] = [staticTable[2 * i]!, staticTable[2 * i + 1]!]
  if (!staticNames.has(name)) staticNames.set(name, i + 1)
  staticFields.set(`${name}\n${value}`, i + 1)
}

const tableBytes = 4096
/** Of a decoded block, names and values together; beyond it the peer is broken or means harm. */
export const maxListBytes = 262_144

/** A block that cannot be decoded ends the connection (RFC 7541, 2.3.3). */
export class HpackError extends Error {}

/** Reads the header blocks of one connection, in order. */
export class HpackDecoder {
  /** Newest first: names and values in turn. */
  #dynamic: string[] = []
  #size = 0
  #limit = tableBytes
  #pos = 0
  #end = 0
  #bytes: Buffer = Buffer.alloc(0)
  /** Blocks that changed nothing in the table, by their bytes: what a server sends again and again. */
  readonly #known = new Map<string, readonly string[]>()

  /** @throws HpackError */
  decode(bytes: Buffer): readonly string[] {
    const key = bytes.length <= 64 ? bytes.latin1Slice(0, bytes.length) : ''
    const known = key === '' ? undefined : this.#known.get(key)
    if (known !== undefined) return known
    this.#bytes = bytes
    this.#pos = 0
    this.#end = bytes.length
    const fields: string[] = []
    let size = 0
    let changed = false
    while (this.#pos < this.#end) {
      const byte = bytes[this.#pos]!
      if (byte >= 128) {
        const index = this.#integer(127)
        fields.push(this.#name(index), this.#value(index))
      } else if ((byte & 0xe0) === 0x20) {
        if (fields.length > 0) throw new HpackError('table size update after a header')
        const limit = this.#integer(31)
        if (limit > tableBytes) throw new HpackError('table size update beyond our limit')
        this.#limit = limit
        this.#evict(0)
        changed = true
        continue
      } else {
        const indexed = (byte & 0xc0) === 0x40
        const index = this.#integer(indexed ? 63 : 15)
        const name = index === 0 ? this.#string() : this.#name(index)
        const value = this.#string()
        fields.push(name, value)
        if (indexed) {
          this.#insert(name, value)
          changed = true
        }
      }
      size += fields[fields.length - 1]!.length + fields[fields.length - 2]!.length + 32
      if (size > maxListBytes) throw new HpackError('header list size exceeded limit')
    }
    if (changed) this.#known.clear()
    else if (key !== '' && this.#known.size < 64) this.#known.set(key, fields)
    return fields
  }

  #name(index: number): string {
    if (index === 0) throw new HpackError('index 0')
    const name = index <= staticCount ? staticTable[2 * index - 2] : this.#dynamic[2 * (index - staticCount) - 2]
    if (name === undefined) throw new HpackError(`invalid indexed representation index ${index}`)
    return name
  }

  #value(index: number): string {
    return index <= staticCount ? staticTable[2 * index - 1]! : this.#dynamic[2 * (index - staticCount) - 1]!
  }

  #insert(name: string, value: string): void {
    const size = name.length + value.length + 32
    this.#evict(size)
    if (size > this.#limit) return
    this.#dynamic.unshift(name, value)
    this.#size += size
  }

  #evict(room: number): void {
    while (this.#size + room > this.#limit && this.#dynamic.length > 0) {
      const value = this.#dynamic.pop()!
      this.#size -= this.#dynamic.pop()!.length + value.length + 32
    }
  }

  #integer(mask: number): number {
    let value = this.#bytes[this.#pos++]! & mask
    if (value < mask) return value
    for (let shift = 1; ; shift *= 128) {
      if (this.#pos >= this.#end || shift > 2_097_152) throw new HpackError('bad integer')
      const byte = this.#bytes[this.#pos++]!
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }

  #string(): string {
    if (this.#pos >= this.#end) throw new HpackError('truncated string')
    const huffman = this.#bytes[this.#pos]! >= 128
    const length = this.#integer(127)
    const start = this.#pos
    const end = start + length
    if (end > this.#end) throw new HpackError('truncated string')
    this.#pos = end
    if (!huffman) return this.#bytes.latin1Slice(start, end)
    const text = decodeHuffman(this.#bytes, start, end)
    if (text === undefined) throw new HpackError('invalid Huffman-encoded data')
    return text
  }
}

/** Of the peer's table, at most this much is used: nothing that was put in is ever pushed out. */
const encoderBytes = 3800

/** Writes the header blocks of one connection. */
export class HpackEncoder {
  readonly #indexes = new Map<string, number>()
  #inserted = 0
  #size = 0
  #limit = encoderBytes
  #announce = false
  /** Finished blocks, good as long as nothing is inserted; by the identity of their headers. */
  readonly #blocks = new Map<readonly string[], Block>()

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. Less than the usual size, and the table is given up. */
  setPeerLimit(bytes: number): void {
    if (bytes >= tableBytes || this.#limit === 0) return
    this.#limit = 0
    this.#announce = true
    this.#indexes.clear()
    this.#blocks.clear()
  }

  /**
   * The block of these headers.
   * @param pseudo  names and values in turn; the same array again means the same headers
   * @param fields  as `pseudo`; sent after them
   * @param extra  headers that change: they are not put into the table
   */
  encode(pseudo: readonly string[], fields: readonly string[], extra: readonly string[]): Buffer {
    let block = this.#blocks.get(pseudo)
    if (block === undefined || block.fields !== fields || block.inserted !== this.#inserted || this.#announce) {
      const out: number[] = []
      if (this.#announce) out.push(0x20)
      // A second pass: inserting shifts the indexes of what was written before it.
      this.#write(out, pseudo, true)
      this.#write(out, fields, true)
      if (!this.#announce) {
        block = { fields, inserted: this.#inserted, bytes: this.#again(pseudo, fields) }
        if (this.#blocks.size > 200) this.#blocks.clear()
        this.#blocks.set(pseudo, block)
      }
      this.#announce = false
      this.#write(out, extra, false)
      return Buffer.from(out)
    }
    if (extra.length === 0) return block.bytes
    const out: number[] = []
    this.#write(out, extra, false)
    return Buffer.concat([block.bytes, Buffer.from(out)])
  }

  #again(pseudo: readonly string[], fields: readonly string[]): Buffer {
    const out: number[] = []
    this.#write(out, pseudo, false)
    this.#write(out, fields, false)
    return Buffer.from(out)
  }

  #write(out: number[], fields: readonly string[], insert: boolean): void {
    for (let i = 0; i < fields.length; i += 2) this.#field(out, fields[i]!, fields[i + 1]!, insert)
  }

  #field(out: number[], name: string, value: string, insert: boolean): void {
    const key = `${name}\n${value}`
    const fixed = staticFields.get(key)
    if (fixed !== undefined) {
      integer(out, 0x80, 127, fixed)
      return
    }
    const known = this.#indexes.get(key)
    if (known !== undefined) {
      integer(out, 0x80, 127, staticCount + this.#inserted - known)
      return
    }
    const size = name.length + value.length + 32
    const inserts = insert && this.#size + size <= this.#limit
    integer(out, inserts ? 0x40 : 0, inserts ? 63 : 15, staticNames.get(name) ?? 0)
    if (!staticNames.has(name)) string(out, name)
    string(out, value)
    if (!inserts) return
    this.#size += size
    this.#indexes.set(key, this.#inserted)
    this.#inserted++
  }
}

interface Block {
  readonly fields: readonly string[]
  readonly inserted: number
  readonly bytes: Buffer
}

function integer(out: number[], pattern: number, mask: number, value: number): void {
  if (value < mask) {
    out.push(pattern | value)
    return
  }
  out.push(pattern | mask)
  let rest = value - mask
  while (rest > 127) {
    out.push((rest & 127) | 128)
    rest >>>= 7
  }
  out.push(rest)
}

function string(out: number[], text: string): void {
  integer(out, 0, 127, text.length)
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i) & 255)
}

declare global {
  interface Buffer {
    /** Node's own decoder, without the look-up of the encoding's name. */
    latin1Slice(start: number, end: number): string
  }
}

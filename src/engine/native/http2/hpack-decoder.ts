/** Reads the header blocks of one connection, in order (RFC 7541). */
import { decodeHuffman } from './huffman.js'
import { defaultTableBytes, entryOverhead, staticCount, staticTable } from './static-table.js'
import type { Fields } from './types.js'

/** Of a decoded block: names, values and 32 a field (SETTINGS_MAX_HEADER_LIST_SIZE). Beyond it the fields are dropped. */
export const maxListBytes = 262_144

/** A block that cannot be decoded ends the connection (RFC 7541, 2.3.3). */
export class HpackError extends Error {}

/** A block that refers to nothing in the dynamic table means the same on every connection. */
interface Plain {
  readonly fields: Fields
  /** Names and values that it adds to the table (nginx does so with every answer, and never refers to them). */
  readonly inserts: readonly string[]
}

/** Of a worker. */
const plainBlocks = new Map<string, Plain>()
const maxPlain = 256

export class HpackDecoder {
  /** Names and values of the dynamic table, oldest first from `#head` on. */
  #table: string[] = []
  #head = 0
  #size = 0
  #limit = defaultTableBytes
  /** What a size update may ask for. */
  readonly #maxLimit = defaultTableBytes
  /** Changes of the table so far: a block seen before means the same as long as there was none. */
  #version = 0
  readonly #known = new Map<string, Fields>()
  #knownVersion = 0
  /** Of the block in work: it refers to the dynamic table, or changes its size. */
  #refers = false
  #inserts: string[] = []
  #bytes: Buffer = empty
  #pos = 0
  #end = 0

  /**
   * @returns  undefined when the list is too large; the table is in order all the same
   * @throws HpackError
   */
  decode(bytes: Buffer, start: number, end: number): Fields | undefined {
    const key = end - start <= maxKnownBytes ? (bytes as Latin1Buffer).latin1Slice(start, end) : undefined
    if (key !== undefined) {
      const plain = plainBlocks.get(key)
      if (plain !== undefined) {
        const { inserts } = plain
        for (let i = 0; i < inserts.length; i += 2) this.#insert(inserts[i] as string, inserts[i + 1] as string)
        return plain.fields
      }
      if (this.#knownVersion !== this.#version) {
        this.#known.clear()
        this.#knownVersion = this.#version
      }
      const known = this.#known.get(key)
      if (known !== undefined) return known
    }
    this.#refers = false
    this.#inserts = []
    this.#bytes = bytes
    this.#pos = start
    this.#end = end
    try {
      const fields = this.#read()
      if (fields === undefined || key === undefined) return fields
      if (!this.#refers) {
        if (plainBlocks.size >= maxPlain) plainBlocks.clear()
        plainBlocks.set(key, { fields, inserts: this.#inserts })
      } else if (this.#version === this.#knownVersion) {
        if (this.#known.size >= maxKnown) this.#known.clear()
        this.#known.set(key, fields)
      }
      return fields
    } finally {
      this.#bytes = empty
    }
  }

  #read(): Fields | undefined {
    const fields: string[] = []
    let size = 0
    while (this.#pos < this.#end) {
      const byte = this.#bytes[this.#pos] as number
      let name: string
      let value: string
      if (byte >= 128) {
        const at = this.#locate(this.#integer(127))
        if (at < 0) {
          name = staticTable[-at - 2] as string
          value = staticTable[-at - 1] as string
        } else {
          name = this.#table[at] as string
          value = this.#table[at + 1] as string
        }
      } else if ((byte & 0xe0) === 0x20) {
        if (size > 0) throw new HpackError('dynamic table size update MUST occur at the beginning of a header block')
        const limit = this.#integer(31)
        if (limit > this.#maxLimit) throw new HpackError('dynamic table size update too large')
        this.#refers = true
        this.#version++
        this.#limit = limit
        this.#evict(limit)
        continue
      } else {
        const indexed = byte >= 64
        const index = this.#integer(indexed ? 63 : 15)
        if (index === 0) name = this.#string()
        else {
          const at = this.#locate(index)
          name = (at < 0 ? staticTable[-at - 2] : this.#table[at]) as string
        }
        value = this.#string()
        if (indexed) {
          this.#insert(name, value)
          this.#inserts.push(name, value)
        }
      }
      size += name.length + value.length + entryOverhead
      if (size <= maxListBytes) fields.push(name, value)
      // A block of a few bytes may name a long entry again and again: the work has an end, too.
      else if (size > 16 * maxListBytes) throw new HpackError('header list too large')
    }
    return size > maxListBytes ? undefined : fields
  }

  /** Where an entry stands in `#table`; static ones as `-(2 * index)`. */
  #locate(index: number): number {
    if (index === 0) throw new HpackError('invalid indexed representation index 0')
    if (index <= staticCount) return -2 * index
    this.#refers = true
    const at = this.#table.length - 2 * (index - staticCount)
    if (at < this.#head) throw new HpackError(`invalid indexed representation index ${index}`)
    return at
  }

  #insert(name: string, value: string): void {
    this.#version++
    const bytes = name.length + value.length + entryOverhead
    this.#evict(Math.max(0, this.#limit - bytes))
    if (bytes > this.#limit) return
    this.#table.push(name, value)
    this.#size += bytes
  }

  #evict(most: number): void {
    while (this.#size > most) {
      const name = this.#table[this.#head] as string
      const value = this.#table[this.#head + 1] as string
      this.#size -= name.length + value.length + entryOverhead
      this.#head += 2
    }
    // Those gone are given back in one go, not with every entry.
    if (this.#head > 64) {
      this.#table = this.#table.slice(this.#head)
      this.#head = 0
    }
  }

  #integer(mask: number): number {
    let value = (this.#bytes[this.#pos++] as number) & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#pos >= this.#end) throw new HpackError('truncated headers')
      const byte = this.#bytes[this.#pos++] as number
      value += (byte & 127) << shift
      if (byte < 128) return value
    }
    throw new HpackError('varint integer overflow')
  }

  #string(): string {
    if (this.#pos >= this.#end) throw new HpackError('truncated headers')
    const coded = (this.#bytes[this.#pos] as number) >= 128
    const length = this.#integer(127)
    const start = this.#pos
    if (length > this.#end - start) throw new HpackError('truncated headers')
    this.#pos = start + length
    if (!coded) return (this.#bytes as Latin1Buffer).latin1Slice(start, this.#pos)
    const text = decodeHuffman(this.#bytes, start, this.#pos)
    if (text === undefined) throw new HpackError('hpack: invalid Huffman-encoded data')
    return text
  }
}

interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

const empty = Buffer.alloc(0)
/** Blocks of one connection that are kept by their bytes, and how long one may be. */
const maxKnown = 8
const maxKnownBytes = 1024

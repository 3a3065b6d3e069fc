/**
 * Writes the header blocks of one connection (RFC 7541) as Go's encoder does: every field goes into the dynamic table,
 * and text is Huffman coded where that is shorter. So the same request costs a few bytes from the second time on.
 */
import { encodeHuffman, huffmanLength } from './huffman.js'
import { defaultTableBytes, entryOverhead, staticCount, staticTable } from './static-table.js'
import type { Fields } from './types.js'

interface Known {
  readonly inserts: number
  readonly block: string
}

export class HpackEncoder {
  #limit = defaultTableBytes
  #size = 0
  /** Entries ever made; the newest has the lowest index. */
  #inserts = 0
  readonly #fields = new Map<string, number>()
  readonly #names = new Map<string, number>()
  /** Key, name and size of the entries, oldest first from `#head` on. */
  #entries: { readonly key: string; readonly name: string; readonly bytes: number }[] = []
  #head = 0
  /** A block only names entries, so it means the same as long as none was made since. */
  readonly #known = new Map<Fields, Known>()
  #update = false

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(bytes: number): void {
    const limit = Math.min(bytes, defaultTableBytes)
    if (limit === this.#limit) return
    this.#limit = limit
    this.#update = true
    this.#evict(limit)
    this.#known.clear()
  }

  /** The block of a list of fields (names in lower case), one character a byte. A list is known by its identity. */
  encode(fields: Fields): string {
    const known = this.#known.get(fields)
    if (known !== undefined && known.inserts === this.#inserts && !this.#update) return known.block
    let block = ''
    if (this.#update) {
      this.#update = false
      block = integer(this.#limit, 31, 0x20)
    }
    const before = this.#inserts
    for (let i = 0; i + 1 < fields.length; i += 2) block += this.#field(fields[i] as string, fields[i + 1] as string)
    // What has made entries is written otherwise the next time.
    if (before === this.#inserts && block.length <= 1024) {
      if (this.#known.size >= maxKnown) this.#known.clear()
      this.#known.set(fields, { inserts: before, block })
    }
    return block
  }

  #field(name: string, value: string): string {
    const key = `${name}\n${value}`
    const at = staticFields.get(key)
    if (at !== undefined) return integer(at, 127, 0x80)
    const made = this.#fields.get(key)
    if (made !== undefined) return integer(staticCount + this.#inserts - made, 127, 0x80)
    let index = staticNames.get(name) ?? 0
    if (index === 0) {
      const named = this.#names.get(name)
      if (named !== undefined) index = staticCount + this.#inserts - named
    }
    const bytes = name.length + value.length + entryOverhead
    // A field larger than the table would only empty it.
    const keep = bytes <= this.#limit
    const start = keep ? integer(index, 63, 0x40) : integer(index, 15, 0)
    if (keep) this.#insert(key, name, bytes)
    return (index === 0 ? start + string(name) : start) + string(value)
  }

  #insert(key: string, name: string, bytes: number): void {
    this.#evict(this.#limit - bytes)
    this.#fields.set(key, this.#inserts)
    this.#names.set(name, this.#inserts)
    this.#inserts++
    this.#size += bytes
    this.#entries.push({ key, name, bytes })
  }

  #evict(most: number): void {
    while (this.#size > most) {
      const entry = this.#entries[this.#head] as { key: string; name: string; bytes: number }
      const number = this.#inserts - (this.#entries.length - this.#head)
      this.#head++
      this.#size -= entry.bytes
      if (this.#fields.get(entry.key) === number) this.#fields.delete(entry.key)
      if (this.#names.get(entry.name) === number) this.#names.delete(entry.name)
    }
    if (this.#head > 64) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }
}

function integer(value: number, mask: number, pattern: number): string {
  if (value < mask) return String.fromCharCode(pattern | value)
  let out = String.fromCharCode(pattern | mask)
  let rest = value - mask
  while (rest >= 128) {
    out += String.fromCharCode((rest & 127) | 128)
    rest >>>= 7
  }
  return out + String.fromCharCode(rest)
}

function string(text: string): string {
  const coded = huffmanLength(text)
  return coded < text.length ? integer(coded, 127, 0x80) + encodeHuffman(text) : integer(text.length, 127, 0) + text
}

const staticNames = new Map<string, number>()
const staticFields = new Map<string, number>()
for (let i = 0; i < staticCount; i++) {
  const name = staticTable[2 * i] as string
  if (!staticNames.has(name)) staticNames.set(name, i + 1)
  staticFields.set(`${name}\n${staticTable[2 * i + 1] as string}`, i + 1)
}

const maxKnown = 32

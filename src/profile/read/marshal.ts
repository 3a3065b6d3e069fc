/**
 * Python's marshal format, as far as a table of statistics needs it: numbers, texts, tuples, lists, dictionaries and references. No
 * code objects: what a file could do harm with is not read.
 * Source: CPython, Python/marshal.c, versions 0 to 4; strings interned in versions 1 and 2 ('t', 'R') are read too.
 */
export type Marshalled = null | boolean | number | string | readonly Marshalled[] | ReadonlyMap<string, MarshalledEntry>
/** Keys may be tuples, which no map here compares by value: so an entry has its key beside it. */
export interface MarshalledEntry {
  readonly key: Marshalled
  readonly value: Marshalled
}

const FLAG_REF = 0x80
const maxDepth = 50

/** @throws RangeError that says what is wrong and where */
export function readMarshal(bytes: Uint8Array): Marshalled {
  return new Reader(bytes).object(0) as Marshalled
}

/** Ends a dictionary. */
const end = Symbol('end')

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #refs: Marshalled[] = []
  readonly #interned: string[] = []
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  object(depth: number): Marshalled | typeof end {
    if (depth > maxDepth) throw new RangeError(`it is nested deeper than ${maxDepth} levels`)
    const at = this.#at
    const byte = this.#byte()
    const type = String.fromCharCode(byte & ~FLAG_REF)
    // Its number is given before what it holds is read.
    const ref = (byte & FLAG_REF) === 0 ? -1 : this.#refs.push(null) - 1
    const value = this.#value(type, depth, at)
    if (ref >= 0 && value !== end) this.#refs[ref] = value
    return value
  }

  #value(type: string, depth: number, at: number): Marshalled | typeof end {
    switch (type) {
      case '0':
        return end
      case 'N':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'i':
        return this.#int()
      case 'l':
        return this.#long()
      case 'g':
        return this.#take(8).getFloat64(0, true)
      case 'f':
        return Number(this.#text(this.#byte(), 'latin1'))
      case 's':
      case 'u':
        return this.#text(this.#length(), 'utf-8')
      case 'a':
        return this.#text(this.#length(), 'latin1')
      case 't':
      case 'A':
        return this.#intern(this.#text(this.#length(), 'utf-8'))
      case 'z':
        return this.#text(this.#byte(), 'latin1')
      case 'Z':
        return this.#intern(this.#text(this.#byte(), 'latin1'))
      case 'R':
        return this.#known(this.#interned, this.#int())
      case 'r':
        return this.#known(this.#refs, this.#int())
      case ')':
        return this.#list(this.#byte(), depth)
      case '(':
      case '[':
        return this.#list(this.#length(), depth)
      case '{':
        return this.#map(depth)
      default:
        throw new RangeError(`at byte ${at} stands ${JSON.stringify(type)}, which no table of statistics holds`)
    }
  }

  #list(length: number, depth: number): Marshalled[] {
    if (length > this.#bytes.length - this.#at) throw new RangeError(`a list of ${length} does not fit into the file`)
    return Array.from({ length }, () => this.#member(depth))
  }

  #map(depth: number): ReadonlyMap<string, MarshalledEntry> {
    const map = new Map<string, MarshalledEntry>()
    for (;;) {
      const key = this.object(depth + 1)
      if (key === end) return map
      map.set(JSON.stringify(key), { key, value: this.#member(depth) })
    }
  }

  #member(depth: number): Marshalled {
    const value = this.object(depth + 1)
    if (value === end) throw new RangeError(`at byte ${this.#at} something ends that had not begun`)
    return value
  }

  #intern(text: string): string {
    this.#interned.push(text)
    return text
  }

  #known<T>(list: readonly T[], index: number): T {
    if (!(index >= 0 && index < list.length)) throw new RangeError(`a reference to ${index}, which has not been seen`)
    return list[index] as T
  }

  /** 15 bits a digit, as Python keeps whole numbers. */
  #long(): number {
    const digits = this.#int()
    let value = 0
    for (let i = 0; i < Math.abs(digits); i++) value += this.#take(2).getUint16(0, true) * 2 ** (15 * i)
    return digits < 0 ? -value : value
  }

  #text(length: number, encoding: 'utf-8' | 'latin1'): string {
    const { buffer, byteOffset } = this.#take(length)
    return new TextDecoder(encoding).decode(new Uint8Array(buffer, byteOffset, length))
  }

  #length(): number {
    const length = this.#int()
    if (length < 0) throw new RangeError(`a length of ${length}`)
    return length
  }

  #int(): number {
    return this.#take(4).getInt32(0, true)
  }

  #byte(): number {
    return this.#take(1).getUint8(0)
  }

  #take(length: number): DataView {
    if (length > this.#bytes.length - this.#at) throw new RangeError(`it breaks off after ${this.#bytes.length} bytes`)
    const view = new DataView(this.#view.buffer, this.#view.byteOffset + this.#at, length)
    this.#at += length
    return view
  }
}

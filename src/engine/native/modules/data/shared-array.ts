/**
 * What a script sees of shared rows: a read-only array whose every read answers a deeply frozen copy of the script's
 * realm. Behaviour and texts of errors are those of k6's dynamic array, verified on k6 2.2.
 */
import type { Realm } from '../../types.js'
import type { SharedRows } from './shared-rows.js'

/**
 * One per realm and rows: VUs of one realm share it, since nothing about it can change.
 * A Proxy, because 100,000 indexed getters would cost 15 MB a realm; a read costs one look-up more.
 */
export function sharedArrayOf(realm: Realm, rows: SharedRows): unknown[] {
  let arrays = made.get(realm)
  if (arrays === undefined) {
    arrays = new WeakMap()
    made.set(realm, arrays)
  }
  let array = arrays.get(rows)
  if (array === undefined) {
    const target = new realm.Array() as unknown[]
    target.length = rows.count
    array = new Proxy(target, new SharedArrayHandler(realm, rows))
    arrays.set(rows, array)
  }
  return array
}

const made = new WeakMap<Realm, WeakMap<SharedRows, unknown[]>>()

// Copies that were just read are read again: scripts write data[i].user, data[i].password. They are frozen, so handing
// out the same one shows only to a script that compares two reads for identity.
const cacheSize = 256
const cacheableBytes = 4096

class SharedArrayHandler implements ProxyHandler<unknown[]> {
  readonly #realm: Realm
  readonly #rows: SharedRows
  readonly #cachedIndex = new Int32Array(cacheSize).fill(-1)
  readonly #cachedRow: unknown[] = Array.from({ length: cacheSize })

  constructor(realm: Realm, rows: SharedRows) {
    this.#realm = realm
    this.#rows = rows
  }

  get(target: unknown[], key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'string') {
      const index = indexOf(key)
      if (index >= 0) return index < this.#rows.count ? this.#read(index) : undefined
      if (key === 'length') return this.#rows.count
    }
    return Reflect.get(target, key, receiver)
  }

  has(target: unknown[], key: string | symbol): boolean {
    const index = typeof key === 'string' ? indexOf(key) : -1
    return index >= 0 ? index < this.#rows.count : Reflect.has(target, key)
  }

  ownKeys(): string[] {
    const keys = Array.from({ length: this.#rows.count }, (_, i) => String(i))
    keys.push('length')
    return keys
  }

  getOwnPropertyDescriptor(target: unknown[], key: string | symbol): PropertyDescriptor | undefined {
    const index = typeof key === 'string' ? indexOf(key) : -1
    if (index < 0) return Reflect.getOwnPropertyDescriptor(target, key)
    if (index >= this.#rows.count) return undefined
    return { value: this.#read(index), writable: true, enumerable: true, configurable: true }
  }

  set(_target: unknown[], key: string | symbol): boolean {
    if (key === 'length' || (typeof key === 'string' && indexOf(key) >= 0)) throw this.#immutable()
    throw new this.#realm.TypeError(`Cannot set property "${String(key)}" on a dynamic array`)
  }

  defineProperty(_target: unknown[], key: string | symbol): boolean {
    if (typeof key === 'string' && indexOf(key) >= 0) throw this.#immutable()
    throw new this.#realm.TypeError(`Cannot define property "${String(key)}" on a dynamic array`)
  }

  deleteProperty(_target: unknown[], key: string | symbol): boolean {
    if (key === 'length') throw new this.#realm.TypeError('Cannot delete property "length" on a dynamic array')
    const index = typeof key === 'string' ? indexOf(key) : -1
    if (index >= 0 && index < this.#rows.count) throw this.#immutable()
    return true
  }

  preventExtensions(): boolean {
    throw new this.#realm.TypeError('Cannot make a dynamic object non-extensible')
  }

  /** Accepted without effect: the array belongs to every VU of the realm. */
  setPrototypeOf(): boolean {
    return true
  }

  #read(index: number): unknown {
    const slot = index % cacheSize
    if (this.#cachedIndex[slot] === index) return this.#cachedRow[slot]
    const row = freezeDeep(this.#parse(index))
    if (this.#rows.sizeOf(index) <= cacheableBytes) {
      this.#cachedIndex[slot] = index
      this.#cachedRow[slot] = row
    }
    return row
  }

  #parse(index: number): unknown {
    const text = this.#rows.text(index)
    try {
      return this.#realm.JSON.parse(text)
    } catch {
      // Only a row that was undefined or a function when it was stored is no JSON: k6 notices on reading, too.
      const SyntaxError = this.#realm.global['SyntaxError'] as SyntaxErrorConstructor
      throw new SyntaxError(`invalid character '${text.charAt(0)}' looking for beginning of value`)
    }
  }

  #immutable(): Error {
    return new this.#realm.TypeError('SharedArray is immutable')
  }
}

/** The array index that a property key stands for, or -1. */
function indexOf(key: string): number {
  const first = key.charCodeAt(0)
  if (first < 48 || first > 57) return -1
  const index = Number(key)
  return index <= 4294967294 && String(index) === key && Number.isInteger(index) ? index : -1
}

function freezeDeep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  // JSON has no cycles, so plain recursion ends.
  if (Array.isArray(value)) for (const item of value) freezeDeep(item)
  else for (const key in value) freezeDeep((value as Record<string, unknown>)[key])
  return Object.freeze(value)
}

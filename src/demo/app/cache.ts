/** An in-process cache: at most `maxEntries`, the least recently used goes first, and none is older than `ttlMs`. */
import { nowMs } from '#base/clock.js'

export class LruCache<Value> {
  readonly #maxEntries: number
  readonly #ttlMs: number
  readonly #now: () => number
  /** A Map iterates in the order of insertion, so the first key is the one used longest ago. */
  readonly #entries = new Map<string, { value: Value; expiresAtMs: number }>()
  readonly #loading = new Map<string, Promise<Value>>()

  constructor(options: { maxEntries: number; ttlMs: number; nowMs?: () => number }) {
    this.#maxEntries = options.maxEntries
    this.#ttlMs = options.ttlMs
    this.#now = options.nowMs ?? nowMs
  }

  /** The kept value, or what `load` answers. Many callers at once cause one load; a load that fails is not kept. */
  async get(key: string, load: () => Promise<Value>): Promise<Value> {
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      this.#entries.delete(key)
      if (entry.expiresAtMs > this.#now()) {
        this.#entries.set(key, entry)
        return entry.value
      }
    }
    const running = this.#loading.get(key)
    if (running !== undefined) return running
    const loading = load()
    this.#loading.set(key, loading)
    try {
      const value = await loading
      this.#entries.set(key, { value, expiresAtMs: this.#now() + this.#ttlMs })
      const oldest = this.#entries.size > this.#maxEntries ? this.#entries.keys().next().value : undefined
      if (oldest !== undefined) this.#entries.delete(oldest)
      return value
    } finally {
      this.#loading.delete(key)
    }
  }

  get size(): number {
    return this.#entries.size
  }
}

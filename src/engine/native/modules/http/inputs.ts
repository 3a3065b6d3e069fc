/**
 * What the script asked for, apart from what it calls it: how many different requests (URL and body) stand behind the
 * name of an endpoint, and which hosts they went to. A test that asks for twenty products over and over measures a cache.
 * Hashes and not texts are kept: bodies hold passwords.
 */
import { endpointName } from '#metrics/index.js'
import type { RequestInputs, ScriptData } from '../../worker/protocol.js'
import type { Place } from './targets.js'
import { templateUrl } from './url-template.js'

/** Where a worker keeps them. */
export const INPUTS = 'k6/http inputs'

const maxEndpoints = 300
/** Beyond so many an endpoint counts as well fed. */
const maxDistinct = 2000
/** Of a body: what differs between users stands near its beginning. */
const maxChars = 1024

interface Entry {
  readonly endpoint: string
  readonly host: string
  readonly seen: Set<number>
  fresh: number[]
  requests: number
}

/** The last one to ask for a place: nearly always the same call of the script. */
interface Memo {
  readonly method: string
  readonly name: string
  readonly entry: Entry
  /** Asked for without a body, and counted. */
  isCounted: boolean
}

export class Inputs {
  readonly #byPlace = new WeakMap<Place, Memo>()
  readonly #byName = new Map<string, Entry>()
  readonly #changed = new Set<Entry>()

  /** @param name  the request's own name, '' where its URL is the name */
  note(place: Place, method: string, name: string, body: Buffer | string | undefined): void {
    let memo = this.#byPlace.get(place)
    if (memo === undefined || memo.method !== method || memo.name !== name) {
      const entry = this.#entryOf(place, method, name)
      if (entry === undefined) return
      memo = { method, name, entry, isCounted: false }
      this.#byPlace.set(place, memo)
    }
    const { entry } = memo
    if (entry.requests++ === 0) this.#changed.add(entry)
    if (entry.seen.size >= maxDistinct) return
    if (body === undefined) {
      if (memo.isCounted) return
      memo.isCounted = true
    }
    const hash = hashOf(place.text, body)
    if (!entry.seen.has(hash)) {
      entry.seen.add(hash)
      entry.fresh.push(hash)
    }
  }

  /** What came since the last call. */
  take(): RequestInputs[] {
    const out: RequestInputs[] = []
    for (const entry of this.#changed) {
      const { endpoint, host, requests, fresh } = entry
      out.push({ endpoint, host, requests, fresh })
      entry.fresh = []
      entry.requests = 0
    }
    this.#changed.clear()
    return out
  }

  #entryOf(place: Place, method: string, name: string): Entry | undefined {
    const host = place.target === undefined ? '' : `${place.target.host}:${place.target.port}`
    const named = name === '' ? templateUrl(place.name) : name
    const key = `${method} ${host} ${named}`
    let entry = this.#byName.get(key)
    if (entry === undefined && this.#byName.size < maxEndpoints && host !== '') {
      const endpoint = endpointName({ method, name: named }) ?? named
      entry = { endpoint: endpoint.slice(0, 300), host, seen: new Set(), fresh: [], requests: 0 }
      this.#byName.set(key, entry)
    }
    return entry
  }
}

/** Lines of the CSV files that the init context opened, without their header. */
export function csvFiles(store: ReadonlyMap<string, unknown>): ScriptData[] {
  const files: ScriptData[] = []
  for (const [key, bytes] of store) {
    const path = /^file:(.*\.csv)$/i.exec(key)?.[1]
    if (path === undefined || !(bytes instanceof Uint8Array)) continue
    let lines = bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0
    for (const byte of bytes) if (byte === 10) lines++
    files.push({ file: decodeURIComponent(path.replace(/^.*\//, '')).slice(0, 200), rows: Math.max(0, lines - 1) })
  }
  return files
}

/** FNV-1a, 32 bits: of 2,000 values less than one in a thousand collides. */
function hashOf(url: string, body: Buffer | string | undefined): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < url.length && i < maxChars; i++) hash = Math.imul(hash ^ url.charCodeAt(i), 0x01000193)
  if (body !== undefined) {
    hash = Math.imul(hash ^ 10, 0x01000193)
    const end = Math.min(body.length, maxChars)
    for (let i = 0; i < end; i++)
      hash = Math.imul(hash ^ (typeof body === 'string' ? body.charCodeAt(i) : (body[i] as number)), 0x01000193)
  }
  return hash >>> 0
}

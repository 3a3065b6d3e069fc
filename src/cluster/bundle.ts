/**
 * All that an agent needs to carry a share: the compiled script, its options, the files it read and the rows it built in
 * its first init, so that an agent reads nothing from its own disk and every agent has the same data.
 * It holds code that agents run: who may write to the object store may run code on every agent, as with any launcher.
 */
import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Options } from '#config/types.js'
import type { LoadParams, Seed } from '#engine/native/worker/protocol.js'

export interface Bundle {
  readonly engine: 'native' | 'k6'
  readonly params: Omit<LoadParams, 'stopFlag' | 'seed'>
  readonly options: Options
  readonly exported: Record<string, unknown>
  readonly workers: number | undefined
  readonly seed: Seed
  /** `k6 archive` of the script, for real k6. */
  readonly archive?: Uint8Array
}

const MOST_BYTES = 2 ** 31 - 1

export function packBundle(bundle: Bundle): Uint8Array {
  const { seed } = bundle
  const rows = seed.rows.map(([name, data]) => [
    name,
    { ...data, bytes: copyOf(data.bytes), offsets: copyOf(data.offsets) },
  ])
  const files = seed.files.map(([url, bytes]) => [url, new Uint8Array(bytes)])
  return gzipSync(serialize({ ...bundle, seed: { ownRealms: seed.ownRealms, rows, files } }), { level: 1 })
}

export function unpackBundle(bytes: Uint8Array): Bundle {
  const { seed, ...rest } = deserialize(gunzipSync(bytes, { maxOutputLength: MOST_BYTES })) as Bundle
  return {
    ...rest,
    seed: {
      ownRealms: seed.ownRealms,
      rows: seed.rows.map(([name, data]) => [
        name,
        { ...data, bytes: sharedOf(data.bytes), offsets: sharedOf(data.offsets) },
      ]),
      files: seed.files.map(([url, content]) => [url, new Uint8Array(sharedOf(content.buffer, content))]),
    },
  }
}

/** Equal hashes are the same run: a coordinator that takes a run up must bring the same script. */
export function hashOfCode(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

function copyOf(memory: ArrayBufferLike): ArrayBuffer {
  return new Uint8Array(memory).slice().buffer
}

function sharedOf(memory: ArrayBufferLike, view?: Uint8Array): SharedArrayBuffer {
  const from = view ?? new Uint8Array(memory)
  const shared = new SharedArrayBuffer(from.length)
  new Uint8Array(shared).set(from)
  return shared
}

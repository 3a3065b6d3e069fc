/**
 * V8's heap snapshots (.heapsnapshot; the format is described in Chrome's front end, HeapSnapshot.ts, and by
 * `snapshot.meta` in the file itself). Read as a stream into typed arrays: a snapshot of a large heap is longer than the
 * longest string that JSON.parse takes.
 */
import { PerfwrightError } from '#base/errors.js'

/** Nodes in the order of the file; node 0 is the root. */
export interface HeapSnapshot {
  readonly count: number
  /** Index into `types`. */
  readonly type: Uint8Array
  /** Index into `strings`. */
  readonly name: Uint32Array
  /** The same object has the same id in every snapshot of one process. */
  readonly id: Float64Array
  readonly selfBytes: Float64Array
  /** Edges of node i: `firstEdge[i]` up to `firstEdge[i + 1]`. */
  readonly firstEdge: Uint32Array
  readonly edgeType: Uint8Array
  /** Index into `strings`, or the element's index. */
  readonly edgeName: Uint32Array
  readonly edgeTo: Uint32Array
  readonly types: readonly string[]
  readonly edgeTypes: readonly string[]
  readonly strings: readonly string[]
}

/** More than any heap that a person would wait for. */
const maxNumbers = 2 ** 30

/**
 * @param pieces  the file, in any pieces
 * @throws PW_PROFILE_SNAPSHOT for what is no snapshot, or a torn one
 */
export async function parseHeapSnapshot(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: string,
): Promise<HeapSnapshot> {
  const reader = new SnapshotReader(file)
  for await (const piece of pieces) reader.write(piece)
  return build(reader, file)
}

interface Meta {
  readonly node_fields: readonly string[]
  readonly node_types: readonly (string | readonly string[])[]
  readonly edge_fields: readonly string[]
  readonly edge_types: readonly (string | readonly string[])[]
}

function build(reader: SnapshotReader, file: string): HeapSnapshot {
  const head = reader.head as { readonly meta?: Meta; readonly node_count?: number; readonly edge_count?: number }
  const { meta } = head
  if (!reader.whole || meta === undefined || !Array.isArray(meta.node_fields) || !Array.isArray(meta.edge_fields))
    throw notSnapshot(file, 'it is cut off, or no heap snapshot of V8')
  const at = (fields: readonly string[], name: string): number => {
    const index = fields.indexOf(name)
    if (index < 0) throw notSnapshot(file, `it has no field "${name}"`)
    return index
  }
  const nodeWidth = meta.node_fields.length
  const edgeWidth = meta.edge_fields.length
  const nodes = reader.numbers('nodes')
  const edges = reader.numbers('edges')
  const count = nodes.length / nodeWidth
  const edgeCount = edges.length / edgeWidth
  if (!Number.isInteger(count) || !Number.isInteger(edgeCount) || count === 0)
    throw notSnapshot(file, 'its nodes or edges are not whole')
  const [type, name, id, size, own] = ['type', 'name', 'id', 'self_size', 'edge_count'].map((field) =>
    at(meta.node_fields, field),
  ) as [number, number, number, number, number]
  const [edgeType, edgeName, edgeTo] = ['type', 'name_or_index', 'to_node'].map((field) =>
    at(meta.edge_fields, field),
  ) as [number, number, number]
  const snapshot = {
    count,
    type: new Uint8Array(count),
    name: new Uint32Array(count),
    id: new Float64Array(count),
    selfBytes: new Float64Array(count),
    firstEdge: new Uint32Array(count + 1),
    edgeType: new Uint8Array(edgeCount),
    edgeName: new Uint32Array(edgeCount),
    edgeTo: new Uint32Array(edgeCount),
    types: names(meta.node_types[type], file),
    edgeTypes: names(meta.edge_types[edgeType], file),
    strings: reader.strings,
  }
  let first = 0
  for (let i = 0; i < count; i++) {
    const base = i * nodeWidth
    snapshot.type[i] = nodes[base + type] as number
    snapshot.name[i] = nodes[base + name] as number
    snapshot.id[i] = nodes[base + id] as number
    snapshot.selfBytes[i] = nodes[base + size] as number
    snapshot.firstEdge[i] = first
    first += nodes[base + own] as number
  }
  snapshot.firstEdge[count] = first
  if (first !== edgeCount) throw notSnapshot(file, `its nodes speak of ${first} edges, it has ${edgeCount}`)
  for (let i = 0; i < edgeCount; i++) {
    const base = i * edgeWidth
    const to = (edges[base + edgeTo] as number) / nodeWidth
    if (!Number.isInteger(to) || to >= count) throw notSnapshot(file, `its edge ${i} leads nowhere`)
    snapshot.edgeType[i] = edges[base + edgeType] as number
    snapshot.edgeName[i] = edges[base + edgeName] as number
    snapshot.edgeTo[i] = to
  }
  return snapshot
}

function names(types: unknown, file: string): readonly string[] {
  if (Array.isArray(types)) return types as readonly string[]
  throw notSnapshot(file, 'it does not name its types')
}

function notSnapshot(file: string, why: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_PROFILE_SNAPSHOT',
    message: `${file} cannot be read as a heap snapshot: ${why}.`,
    fix: 'take it anew: perfwright profile snapshot --pid PID -o FILE.heapsnapshot',
    exitCode: 2,
  })
}

const quote = 0x22
const backslash = 0x5c

/** The few shapes of JSON that a snapshot has: an object of an object, arrays of whole numbers, an array of strings. */
class SnapshotReader {
  readonly #file: string
  readonly #numbers = new Map<string, Growing>()
  readonly strings: string[] = []
  head: unknown = {}
  whole = false
  #key = ''
  #state: 'top' | 'key' | 'colon' | 'value' | 'head' | 'numbers' | 'strings' | 'string' | 'skip' = 'top'
  #bytes: Uint8Array[] = []
  #depth = 0
  #escaped = false
  #inString = false
  #digits = -1

  constructor(file: string) {
    this.#file = file
  }

  numbers(key: string): Float64Array {
    return this.#numbers.get(key)?.values() ?? new Float64Array(0)
  }

  write(piece: Uint8Array): void {
    let from = 0
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] as number
      switch (this.#state) {
        case 'numbers':
          if (byte >= 0x30 && byte <= 0x39) this.#digits = (this.#digits < 0 ? 0 : this.#digits * 10) + (byte - 0x30)
          else {
            if (this.#digits >= 0) (this.#numbers.get(this.#key) as Growing).push(this.#digits, this.#file)
            this.#digits = -1
            if (byte === 0x5d) this.#state = 'top'
            else if (byte !== 0x2c && byte > 0x20)
              throw notSnapshot(this.#file, `its ${this.#key} hold more than whole numbers`)
          }
          break
        case 'strings':
          if (byte === quote) {
            this.#state = 'string'
            from = i
          } else if (byte === 0x5d) this.#state = 'top'
          break
        case 'string':
          if (this.#escaped) this.#escaped = false
          else if (byte === backslash) this.#escaped = true
          else if (byte === quote) {
            this.#bytes.push(piece.subarray(from, i + 1))
            this.strings.push(this.#json() as string)
            this.#state = 'strings'
          }
          break
        case 'key':
          if (byte === quote) {
            this.#bytes.push(piece.subarray(from, i + 1))
            this.#key = String(this.#json())
            this.#state = 'colon'
          }
          break
        case 'colon':
          if (byte === 0x3a) this.#state = 'value'
          break
        case 'value':
          if (byte <= 0x20) break
          this.#depth = 0
          if (byte === 0x5b && this.#key === 'strings') this.#state = 'strings'
          else if (byte === 0x5b && (this.#key === 'nodes' || this.#key === 'edges')) {
            this.#numbers.set(this.#key, new Growing())
            this.#state = 'numbers'
          } else {
            this.#state = this.#key === 'snapshot' ? 'head' : 'skip'
            from = i
            i--
          }
          break
        case 'head':
        case 'skip':
          if (this.#nested(byte)) {
            if (this.#state === 'head') {
              this.#bytes.push(piece.subarray(from, i + 1))
              this.head = this.#json()
            }
            this.#state = 'top'
          }
          break
        case 'top':
          if (byte === quote) {
            this.#state = 'key'
            from = i
          } else if (byte === 0x7d) this.whole = true
          break
      }
    }
    // The rest of a text that goes on in the next piece; of what is skipped nothing is kept.
    if (this.#state === 'string' || this.#state === 'head' || this.#state === 'key') {
      this.#bytes.push(piece.slice(from))
      if (this.#bytes.length > 1 << 16) throw notSnapshot(this.#file, 'one of its texts is too long')
    }
  }

  /** True at the end of a nested value. */
  #nested(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) this.#inString = false
      return false
    }
    if (byte === quote) this.#inString = true
    else if (byte === 0x7b || byte === 0x5b) this.#depth++
    else if (byte === 0x7d || byte === 0x5d) return --this.#depth === 0
    return false
  }

  #json(): unknown {
    const text = Buffer.concat(this.#bytes).toString('utf8')
    this.#bytes = []
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw notSnapshot(this.#file, 'one of its texts is damaged')
    }
  }
}

/** Numbers in blocks, so that growing copies nothing. */
class Growing {
  readonly #blocks: Float64Array[] = []
  #used = 0

  push(value: number, file: string): void {
    const at = this.#used & (BLOCK - 1)
    if (at === 0) {
      if (this.#used >= maxNumbers) throw notSnapshot(file, 'it is too large')
      this.#blocks.push(new Float64Array(BLOCK))
    }
    ;(this.#blocks.at(-1) as Float64Array)[at] = value
    this.#used++
  }

  values(): Float64Array {
    const all = new Float64Array(this.#used)
    for (const [i, block] of this.#blocks.entries())
      all.set(block.subarray(0, Math.min(BLOCK, this.#used - i * BLOCK)), i * BLOCK)
    return all
  }
}

const BLOCK = 1 << 16

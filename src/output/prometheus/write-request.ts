/** The message of Prometheus remote write 1.0. Source: prometheus.io, "Prometheus Remote-Write 1.0 specification". */
import { ProtoWriter } from '../net/protobuf.js'
import type { OutputTags } from '../types.js'
import { labelsOf } from './exposed.js'
import { type HistogramBuckets, type NativeHistogram, SCHEMA, ZERO_THRESHOLD } from './native-histogram.js'

export class WriteRequest {
  readonly #writer: ProtoWriter = new ProtoWriter()
  #points = 0

  get points(): number {
    return this.#points
  }

  /** Bytes so far. */
  get length(): number {
    return this.#writer.length
  }

  sample(name: string, tags: OutputTags['entries'], value: number, unixMs: number): void {
    this.#series(name, tags, () => {
      this.#writer.message(2, () => {
        if (value !== 0 || Object.is(value, -0)) this.#writer.double(1, value)
        this.#writer.int(2, Math.floor(unixMs))
      })
    })
  }

  /** A series ends here. Source: prometheus.io, "Staleness"; the value is a NaN of its own. */
  stale(name: string, tags: OutputTags['entries'], unixMs: number): void {
    this.#series(name, tags, () => {
      this.#writer.message(2, () => {
        this.#writer.fixed64(1, 0x00000002, 0x7ff00000)
        this.#writer.int(2, Math.floor(unixMs))
      })
    })
  }

  histogram(name: string, tags: OutputTags['entries'], histogram: NativeHistogram, unixMs: number): void {
    const writer = this.#writer
    this.#series(name, tags, () => {
      writer.message(4, () => {
        writer.uint(1, histogram.count)
        writer.double(3, histogram.sum)
        writer.sint(4, SCHEMA)
        writer.double(5, ZERO_THRESHOLD)
        writer.uint(6, histogram.zeros)
        this.#buckets(8, histogram.negative)
        this.#buckets(11, histogram.positive)
        writer.int(15, Math.floor(unixMs))
      })
    })
  }

  finish(): Uint8Array {
    this.#points = 0
    return this.#writer.finish()
  }

  #series(name: string, tags: OutputTags['entries'], write: () => void): void {
    this.#points++
    this.#writer.message(1, () => {
      for (const [key, value] of labelsOf(name, tags)) {
        this.#writer.message(1, () => {
          this.#writer.string(1, key)
          this.#writer.string(2, value)
        })
      }
      write()
    })
  }

  #buckets(field: number, { spans, deltas }: HistogramBuckets): void {
    for (const { offset, length } of spans) {
      this.#writer.message(field, () => {
        this.#writer.sint(1, offset)
        this.#writer.uint(2, length)
      })
    }
    if (deltas.length > 0) this.#writer.packedSint(field + 1, deltas)
  }
}

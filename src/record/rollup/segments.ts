/**
 * `rollup/segments.ndjson`: what each file of a finished run's series is, so that whoever opens the record can tell that
 * it is as it was written without unpacking it.
 */
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Disk } from '../disk.js'
import { DamagedLine, decodeLine, finite, object, text, toLine, whole } from '../frame.js'
import { linesOf } from '../lines.js'

export const SEGMENTS_FILE = 'segments.ndjson'

export interface SegmentFacts {
  /** `000003.ndjson.gz` */
  readonly file: string
  readonly bytes: number
  readonly crc32: number
  /** Numbers of its windows, without a gap. */
  readonly firstSeq: number
  readonly lastSeq: number
  readonly fromNs: number
  readonly lastToNs: number
  readonly lastUnixMs: number
}

export function segmentLine(facts: SegmentFacts): Buffer {
  return toLine(facts)
}

/** By file; empty when there is none, or it is damaged: then the files themselves are read. */
export async function readSegments(disk: Disk, recordDir: string): Promise<ReadonlyMap<string, SegmentFacts>> {
  const path = join(recordDir, 'rollup', SEGMENTS_FILE)
  const found = new Map<string, SegmentFacts>()
  if ((await disk.stat(path)) === undefined) return found
  try {
    for await (const { bytes, ended } of linesOf(disk.read(path), MAX_LINE)) {
      if (bytes === undefined || !ended || found.size >= MAX_SEGMENTS) return new Map()
      const raw = object(decodeLine(bytes), 'segment')
      const file = text(raw['file'], 'file')
      found.set(file, {
        file,
        bytes: whole(raw['bytes'], 'bytes'),
        crc32: whole(raw['crc32'], 'checksum'),
        firstSeq: whole(raw['firstSeq'], 'first window'),
        lastSeq: whole(raw['lastSeq'], 'last window'),
        fromNs: finite(raw['fromNs'], 'from'),
        lastToNs: finite(raw['lastToNs'], 'to'),
        lastUnixMs: finite(raw['lastUnixMs'], 'time'),
      })
    }
  } catch (error) {
    if (!(error instanceof DamagedLine)) throw error
    return new Map()
  }
  return found
}

/** Whether the file is, to the bit, what its writer left. */
export async function isAsWritten(disk: Disk, path: string, { bytes, crc32: stated }: SegmentFacts): Promise<boolean> {
  if ((await disk.stat(path))?.bytes !== bytes) return false
  return (await checksumOf(disk, path)) === stated
}

export async function checksumOf(disk: Disk, path: string): Promise<number> {
  let sum = 0
  for await (const piece of disk.read(path)) sum = crc32(piece, sum)
  return sum
}

const MAX_LINE = 4096
const MAX_SEGMENTS = 1_000_000

/** Reads the files of a record while they are written: each call gives what has been appended since the last one. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { nodeDisk, type RecordEvent } from '#record/index.js'
import { DamagedLine, decodeFrame, decodeLine, type Frame, type FrameDictionary } from '#record/frame.js'
import { MAX_LINE_BYTES } from '#record/lines.js'

const PIECE = 1 << 18
const MAX_UNZIPPED_BYTES = 256 << 20

/** The windows of one series (`series`, `observed/host`), in order. */
export class SeriesTail {
  readonly #dir: string
  #name: string | undefined
  #lines = new LineTail()
  #known: FrameDictionary = { metrics: new Map(), tagSets: new Map() }
  #ahead: Frame | undefined

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The next window without taking it; undefined when none has been written yet. */
  async peek(): Promise<Frame | undefined> {
    while (this.#ahead === undefined) {
      const line = this.#lines.next()
      if (line !== undefined) this.#ahead = this.#decode(line)
      else if (!(await this.#fill())) return undefined
    }
    return this.#ahead
  }

  take(): void {
    this.#ahead = undefined
  }

  #decode(line: Buffer): Frame | undefined {
    try {
      const value = decodeLine(line)
      // The first line of a file is its head.
      return 'seq' in Object(value) ? decodeFrame(value, this.#known).frame : undefined
    } catch (error) {
      // What is damaged is left out; the record's own reader says so.
      if (error instanceof DamagedLine) return undefined
      throw error
    }
  }

  async #fill(): Promise<boolean> {
    const names = (await nodeDisk.list(this.#dir)).filter((name) => /^\d{6}\.ndjson(?:\.gz)?$/.test(name))
    const numbers = [...new Set(names.map((name) => name.slice(0, 6)))].sort()
    this.#name ??= numbers[0]
    const name = this.#name
    if (name === undefined) return false
    const plain = `${name}.ndjson`
    if (names.includes(plain)) {
      if (await this.#lines.read(join(this.#dir, plain))) return true
    } else if (names.includes(`${plain}.gz`)) await this.#lines.readZipped(join(this.#dir, `${plain}.gz`))
    const next = numbers[numbers.indexOf(name) + 1]
    if (next === undefined) return this.#lines.hasLine
    if (this.#lines.hasLine) return true
    this.#name = next
    this.#lines = new LineTail()
    this.#known = { metrics: new Map(), tagSets: new Map() }
    return true
  }
}

/** The events of a record. */
export class EventTail {
  readonly #path: string
  readonly #lines = new LineTail()

  constructor(dir: string) {
    this.#path = join(dir, 'events.ndjson')
  }

  async read(): Promise<RecordEvent[]> {
    if ((await nodeDisk.stat(this.#path)) === undefined) return []
    const events: RecordEvent[] = []
    while (await this.#lines.read(this.#path)) {
      for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
        const event = eventOf(line)
        if (event !== undefined) events.push(event)
      }
    }
    return events
  }
}

/** Whole lines of a file that grows. */
class LineTail {
  #offset = 0
  #rest: Buffer = Buffer.alloc(0)

  get hasLine(): boolean {
    return this.#rest.includes(0x0a)
  }

  next(): Buffer | undefined {
    const end = this.#rest.indexOf(0x0a)
    if (end < 0) return undefined
    const line = this.#rest.subarray(0, end)
    this.#rest = this.#rest.subarray(end + 1)
    return line
  }

  /** @returns false when there is nothing new */
  async read(path: string): Promise<boolean> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, this.#offset)
      this.#add(buffer.subarray(0, bytesRead))
      return bytesRead > 0
    } finally {
      await handle.close()
    }
  }

  /** The same file, compressed since: what was read of it is passed over. */
  async readZipped(path: string): Promise<void> {
    const parts: Uint8Array[] = []
    for await (const part of nodeDisk.read(path)) parts.push(part)
    const bytes = await promisify(gunzip)(Buffer.concat(parts), { maxOutputLength: MAX_UNZIPPED_BYTES })
    this.#add(bytes.subarray(this.#offset))
  }

  #add(bytes: Buffer): void {
    this.#offset += bytes.length
    // A line without an end is no line; what has grown beyond all bounds is dropped.
    this.#rest = this.#rest.length > MAX_LINE_BYTES ? bytes : Buffer.concat([this.#rest, bytes])
  }
}

function eventOf(line: Buffer): RecordEvent | undefined {
  try {
    const { unixMs, type, detail } = JSON.parse(line.toString('utf8')) as Partial<RecordEvent>
    const isSound =
      typeof unixMs === 'number' && typeof type === 'string' && typeof detail === 'object' && detail !== null
    return isSound ? { unixMs, type, detail } : undefined
  } catch {
    return undefined
  }
}

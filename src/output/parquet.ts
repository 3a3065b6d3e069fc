/**
 * `--out parquet=FILE` (own): every sample as a row of an Apache Parquet file, for DuckDB, pandas, Spark and their kin.
 * Columns: metric, type, time, value, one per system tag in use, then `extra_tags` and `metadata` as JSON text. A file
 * becomes readable with its end: what must survive a crash belongs into `json` or `csv`.
 */
import type { SchemaElement } from 'hyparquet-writer'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { jsonString } from './go-text.js'
import { Sink } from './sink.js'
import type { Output, OutputContext, OutputLoss, OutputSample, OutputTags } from './types.js'

/** Rows of one group: a group is in memory until it is full, and is what readers skip by. */
const GROUP_ROWS = 50_000
type Library = typeof import('hyparquet-writer')

export function parquetOutput(argument: string, context: OutputContext): Output {
  return new ParquetOutput(argument === '' ? 'samples.parquet' : argument, context)
}

class ParquetOutput implements Output {
  readonly description: string
  readonly #sink: Sink
  readonly #systemTags: readonly string[]
  readonly #tags = new WeakMap<OutputTags, TagCells>()
  readonly #metadata = new WeakMap<object, string>()
  #rows: OutputSample[] = []
  #file: ParquetFile | undefined

  constructor(path: string, context: OutputContext) {
    this.description = `parquet (${path})`
    this.#sink = new Sink({ output: 'parquet', description: this.description, path }, context)
    this.#systemTags = context.options.systemTags.filter((tag) => tag !== 'iter' && tag !== 'vu').sort()
  }

  async start(): Promise<void> {
    const library = await loadLibrary()
    await this.#sink.open()
    this.#file = new ParquetFile(library, schemaFor(this.#systemTags))
  }

  samples(samples: readonly OutputSample[]): void {
    for (const sample of samples) {
      if (sample.metric.own) continue
      this.#rows.push(sample)
      if (this.#rows.length >= GROUP_ROWS) this.#writeGroup()
    }
  }

  async stop(patienceNs: number): Promise<OutputLoss | undefined> {
    this.#writeGroup()
    if (this.#file !== undefined) this.#sink.write(this.#file.finish(), 0)
    return this.#sink.close(patienceNs)
  }

  #writeGroup(): void {
    const rows = this.#rows
    if (rows.length === 0 || this.#file === undefined) return
    this.#rows = []
    const cells = rows.map(({ tags }) => this.#cells(tags))
    const group = this.#file.group([
      rows.map(({ metric }) => metric.name),
      rows.map(({ metric }) => metric.type),
      rows.map(({ unixMs }) => BigInt(Math.floor(unixMs))),
      rows.map(({ value }) => value),
      ...this.#systemTags.map((_, column) => cells.map(({ system }) => system[column])),
      cells.map(({ extra }) => extra),
      rows.map(({ metadata }) => this.#metadataText(metadata)),
    ])
    this.#sink.write(group, rows.length)
  }

  #cells(tags: OutputTags): TagCells {
    let cells = this.#tags.get(tags)
    if (cells === undefined) {
      const values = new Map(tags.entries)
      const extra = tags.entries.filter(([key]) => !this.#systemTags.includes(key))
      cells = { system: this.#systemTags.map((tag) => values.get(tag)), extra: jsonObject(extra) }
      this.#tags.set(tags, cells)
    }
    return cells
  }

  #metadataText(metadata: OutputSample['metadata']): string | undefined {
    if (metadata === undefined) return undefined
    let text = this.#metadata.get(metadata)
    if (text === undefined) {
      text = jsonObject(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))) ?? '{}'
      this.#metadata.set(metadata, text)
    }
    return text === '{}' ? undefined : text
  }
}

interface TagCells {
  readonly system: readonly (string | undefined)[]
  readonly extra: string | undefined
}

/** A file in pieces: what each group adds, and what ends it. */
class ParquetFile {
  readonly #bytes: InstanceType<Library['ByteWriter']>
  readonly #writer: InstanceType<Library['ParquetWriter']>
  readonly #names: readonly string[]

  constructor(library: Library, schema: SchemaElement[]) {
    this.#bytes = new library.ByteWriter()
    this.#writer = new library.ParquetWriter({ writer: this.#bytes, schema, createdBy: 'perfwright' })
    this.#names = schema.slice(1).map(({ name }) => name)
  }

  group(columns: readonly (readonly unknown[])[]): Uint8Array {
    const columnData = columns.map((data, i) => ({ name: this.#names[i] ?? '', data: [...data] }))
    // The writer is in memory, so it is done when it returns.
    void this.#writer.write({ columnData, rowGroupSize: GROUP_ROWS })
    return this.#take()
  }

  finish(): Uint8Array {
    void this.#writer.finish()
    return this.#take()
  }

  #take(): Uint8Array {
    const piece = this.#bytes.getBytes().slice()
    // Its offset goes on: the places in the file that the end speaks of.
    this.#bytes.index = 0
    return piece
  }
}

function schemaFor(systemTags: readonly string[]): SchemaElement[] {
  const text = (name: string, required: boolean): SchemaElement => ({
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
  })
  const columns: SchemaElement[] = [
    text('metric', true),
    text('type', true),
    {
      name: 'time',
      type: 'INT64',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
      repetition_type: 'REQUIRED',
    },
    { name: 'value', type: 'DOUBLE', repetition_type: 'REQUIRED' },
    ...systemTags.map((tag) => text(tag, false)),
    text('extra_tags', false),
    text('metadata', false),
  ]
  return [{ name: 'samples', num_children: columns.length }, ...columns]
}

function jsonObject(entries: readonly (readonly [string, string])[]): string | undefined {
  if (entries.length === 0) return undefined
  return `{${entries.map(([key, value]) => `${jsonString(key)}:${jsonString(value)}`).join(',')}}`
}

async function loadLibrary(): Promise<Library> {
  try {
    return await import('hyparquet-writer')
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_OUTPUT_LIBRARY',
      message: `the 'parquet' output needs the package hyparquet-writer, which is not installed`,
      where: '--out parquet',
      fix: 'npm install hyparquet-writer',
      exitCode: ExitCode.k6Usage,
      cause: error,
    })
  }
}

/** InfluxDB's line protocol: `measurement,tag=v field=v time`. Source: docs.influxdata.com, "Line protocol". */
import type { OutputSample, OutputTags } from '../types.js'
import type { FieldKind, InfluxConfig } from './config.js'

export class LineWriter {
  readonly #fields: ReadonlyMap<string, FieldKind>
  readonly #perUnit: bigint | undefined
  readonly #names = new Map<string, string>()
  readonly #tags = new WeakMap<OutputTags, Rendered>()
  #within = 0

  constructor({ fields, precision }: Pick<InfluxConfig, 'fields' | 'precision'>) {
    this.#fields = fields
    this.#perUnit = precision.ns === 1 ? undefined : BigInt(precision.ns)
  }

  /** A point with its newline; '' for a value that the protocol cannot say (NaN, infinity). */
  line({ metric, tags, value, unixMs }: OutputSample): string {
    if (!Number.isFinite(value)) return ''
    let name = this.#names.get(metric.name)
    if (name === undefined) {
      name = escapeMeasurement(metric.name)
      this.#names.set(metric.name, name)
    }
    let rendered = this.#tags.get(tags)
    if (rendered === undefined) {
      rendered = this.#render(tags)
      this.#tags.set(tags, rendered)
    }
    return `${name}${rendered.tags} ${rendered.before}value=${value}${rendered.after} ${this.#time(unixMs)}\n`
  }

  /**
   * Points of the same name, tags and time would replace each other, and our clock has milliseconds: the nanoseconds
   * count on from point to point.
   */
  #time(unixMs: number): string {
    this.#within = (this.#within + 1) % 1_000_000
    const ns = `${Math.floor(unixMs)}${String(this.#within).padStart(6, '0')}`
    return this.#perUnit === undefined ? ns : String(BigInt(ns) / this.#perUnit)
  }

  /** Tags and fields in the order of their names; `value` is a field among them. */
  #render({ entries }: OutputTags): Rendered {
    let tags = ''
    let before = ''
    let after = ''
    for (const [key, text] of entries) {
      const kind = this.#fields.get(key)
      if (kind === undefined) {
        if (key !== '' && text !== '') tags += `,${escapeKey(key)}=${escapeTagValue(text)}`
      } else {
        const field = `${escapeKey(key)}=${fieldValue(text, kind)}`
        if (key < 'value') before += `${field},`
        else after += `,${field}`
      }
    }
    return { tags, before, after }
  }
}

interface Rendered {
  readonly tags: string
  readonly before: string
  readonly after: string
}

/** What is not of its kind stays text. */
function fieldValue(text: string, kind: FieldKind): string {
  if (kind === 'int' && /^[+-]?\d{1,18}$/.test(text)) return `${BigInt(text)}i`
  if (kind === 'bool' && /^(1|t|T|TRUE|true|True)$/.test(text)) return 'true'
  if (kind === 'bool' && /^(0|f|F|FALSE|false|False)$/.test(text)) return 'false'
  if (kind === 'float' && text.trim() === text && text !== '' && Number.isFinite(Number(text)))
    return String(Number(text))
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function escapeMeasurement(text: string): string {
  return oneLine(text).replace(/[, ]/g, '\\$&')
}

function escapeKey(text: string): string {
  return oneLine(text).replace(/[,= ]/g, '\\$&')
}

/** A backslash at the end would escape the comma or the space after it. */
function escapeTagValue(text: string): string {
  return escapeKey(text).replace(/\\$/, '\\ ')
}

/** A newline ends a point, whatever stands before it. */
function oneLine(text: string): string {
  return text.replace(/\n/g, '\\n')
}

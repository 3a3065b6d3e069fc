/**
 * One line of a series file: `<crc32 of the JSON, 8 hex digits> <JSON>\n`. A line stands for itself: a torn or damaged
 * one is told by its checksum and skipped, and the next newline is a sound start again. Without the first nine
 * characters of each line it is NDJSON for any tool (`cut -c10-`).
 *
 * The first line of a file is its head, each further one a window:
 * `{seq, fromNs, toNs, unixMs, source, metrics: [[id, name, type, contains, own]], tagSets: [[id, {key: value}]], rows}`.
 * `metrics` and `tagSets` hold what no earlier line of the same file has. A row is
 * - `[metric, tags, count, sum, min, max]` of a counter, gauge (sum: the last value) or rate (sum: the non-zero values);
 * - `[metric, tags, count, sum, min, max, zeros, [index, n, indexStep, n, ...]]` of a trend: the first bucket's index,
 *   then the distance to the one before, each with its count (indices as in `stats/sketch.ts`);
 * - `[metric, tags, [value, ...]]` of a trend with few values in the whole run.
 * Numbers that JSON lacks stand as "Infinity", "-Infinity", "NaN".
 */
import { crc32 } from 'node:zlib'
import type { Metric, MetricType, ValueKind, WindowRow } from '#metrics/types.js'
import { Sketch } from '#stats/index.js'
import { isTooDeep } from './depth.js'
import type { RunHeader } from './types.js'

export const SERIES_FORMAT = 'perfwright-series'
export const SERIES_VERSION = 1

export interface SeriesHead {
  /** The run as `run.json` had it at the start: the series can be read without it. */
  readonly run: RunHeader
}

export interface Frame {
  /** From 0, without gaps over all files of one series. */
  readonly seq: number
  readonly fromNs: number
  readonly toNs: number
  readonly unixMs: number
  /** Which worker measured it. */
  readonly source: string
  readonly metrics: readonly Metric[]
  readonly tagSets: readonly FrameTagSet[]
  readonly rows: readonly WindowRow[]
}

export interface FrameTagSet {
  readonly id: number
  readonly entries: readonly (readonly [string, string])[]
}

export function encodeHead(run: RunHeader, relativeError: number): Buffer {
  return toLine({ format: SERIES_FORMAT, version: SERIES_VERSION, relativeError, run })
}

export function encodeFrame(frame: Frame): Buffer {
  return toLine({
    seq: frame.seq,
    fromNs: frame.fromNs,
    toNs: frame.toNs,
    unixMs: frame.unixMs,
    source: frame.source,
    metrics: frame.metrics.map(({ id, name, type, contains, own }) => [id, name, type, contains, own]),
    tagSets: frame.tagSets.map(({ id, entries }) => [id, Object.fromEntries(entries)]),
    rows: frame.rows.map(encodeRow),
  })
}

/** Why a line is not what the writer wrote. Never leaves the reader. */
export class DamagedLine extends Error {}

/** @throws DamagedLine */
export function decodeLine(line: Buffer): unknown {
  const stated = line.toString('latin1', 0, 8)
  if (line.length < 10 || line[8] !== SPACE || !/^[0-9a-f]{8}$/.test(stated)) throw new DamagedLine('no checksum')
  const json = line.subarray(9)
  if (crc32(json) !== Number.parseInt(stated, 16)) throw new DamagedLine('the checksum does not match')
  try {
    return JSON.parse(json.toString('utf8'))
  } catch {
    throw new DamagedLine('no JSON behind a right checksum')
  }
}

/** @throws DamagedLine */
export function decodeHead(value: unknown): SeriesHead {
  const head = object(value, 'head')
  if (head['format'] !== SERIES_FORMAT) throw new DamagedLine('the first line is not the head of a series')
  if (head['version'] !== SERIES_VERSION)
    throw new DamagedLine(`series version ${String(head['version'])} is not known`)
  if (isTooDeep(head)) throw new DamagedLine('the head is nested too deep')
  return { run: object(head['run'], 'run') as unknown as RunHeader }
}

/** Definitions seen so far in one file. */
export interface FrameDictionary {
  readonly metrics: Map<number, Metric>
  readonly tagSets: Map<number, FrameTagSet>
}

export interface DecodedFrame {
  readonly frame: Frame
  /** Rows that speak of a metric or tag set whose definition stood in a damaged line. */
  readonly orphanRows: number
}

/**
 * Checks a window and adds its definitions to the dictionary.
 * @throws DamagedLine
 */
export function decodeFrame(value: unknown, known: FrameDictionary): DecodedFrame {
  const raw = object(value, 'window')
  const metrics = array(raw['metrics'], 'metrics').map(decodeMetric)
  const tagSets = array(raw['tagSets'], 'tagSets').map(decodeTagSet)
  for (const metric of metrics) known.metrics.set(metric.id, metric)
  for (const set of tagSets) known.tagSets.set(set.id, set)
  let orphanRows = 0
  const rows: WindowRow[] = []
  for (const entry of array(raw['rows'], 'rows')) {
    const row = array(entry, 'row')
    const metric = known.metrics.get(whole(row[0], 'row metric'))
    if (metric === undefined || !known.tagSets.has(whole(row[1], 'row tags'))) orphanRows++
    else rows.push(decodeRow(row, metric))
  }
  const frame = {
    seq: whole(raw['seq'], 'seq'),
    fromNs: finite(raw['fromNs'], 'fromNs'),
    toNs: finite(raw['toNs'], 'toNs'),
    unixMs: finite(raw['unixMs'], 'unixMs'),
    source: text(raw['source'], 'source'),
    metrics,
    tagSets,
    rows,
  }
  if (frame.toNs < frame.fromNs) throw new DamagedLine('a window that ends before it begins')
  return { frame, orphanRows }
}

export function toLine(value: unknown): Buffer {
  const json = JSON.stringify(value)
  const length = Buffer.byteLength(json)
  const line = Buffer.allocUnsafe(length + 10)
  line.write(json, 9)
  line.write(
    `${crc32(line.subarray(9, 9 + length))
      .toString(16)
      .padStart(8, '0')} `,
    0,
    'latin1',
  )
  line[length + 9] = NEWLINE
  return line
}

export function encodeRow(row: WindowRow): unknown[] {
  if (row.values !== undefined) return [row.metric, row.tags, Array.from(row.values, number)]
  const plain = [row.metric, row.tags, row.count, number(row.sum), number(row.min), number(row.max)]
  if (row.buckets === undefined) return plain
  const { buckets } = row
  const steps: number[] = []
  for (let i = 0, last = 0; i < buckets.length; i += 2) {
    steps.push(buckets[i]! - last, buckets[i + 1]!)
    last = buckets[i]!
  }
  return [...plain, row.zeros ?? 0, steps]
}

export function decodeRow(row: readonly unknown[], metric: Metric): WindowRow {
  const ids = { metric: metric.id, tags: row[1] as number }
  if (metric.type === 'trend' && Array.isArray(row[2])) {
    const values = row[2]
    if (row.length !== 3 || values.length === 0 || values.length > MAX_VALUES)
      throw new DamagedLine('a trend of no values')
    const numbers = new Float64Array(values.length)
    for (let i = 0; i < values.length; i++) numbers[i] = decodeNumber(values[i], 'value')
    // NaN measures nothing, as when a sketch is told of it.
    return {
      ...ids,
      ...Sketch.rowOf(numbers.some(Number.isNaN) ? numbers.filter((one) => !Number.isNaN(one)) : numbers),
    }
  }
  const plain = {
    ...ids,
    count: whole(row[2], 'count'),
    sum: decodeNumber(row[3], 'sum'),
    min: decodeNumber(row[4], 'min'),
    max: decodeNumber(row[5], 'max'),
  }
  if (plain.count === 0) throw new DamagedLine('a row of no samples')
  if (metric.type === 'rate' && !(plain.sum >= 0 && plain.sum <= plain.count)) throw new DamagedLine('a rate beyond 1')
  if (metric.type !== 'trend') {
    if (row.length !== 6) throw new DamagedLine('a row of a wrong length')
    return plain
  }
  if (row.length !== 8) throw new DamagedLine('a row of a wrong length')
  const steps = array(row[7], 'buckets')
  const buckets = new Float64Array(steps.length)
  for (let i = 0, last = 0; i < steps.length; i += 2) {
    last += finite(steps[i], 'bucket')
    buckets[i] = last
    if (i + 1 < steps.length) buckets[i + 1] = whole(steps[i + 1], 'bucket')
  }
  const full = { ...plain, zeros: whole(row[6], 'zeros'), buckets }
  try {
    Sketch.check(full)
  } catch (error) {
    throw new DamagedLine((error as Error).message)
  }
  return full
}

export function decodeMetric(value: unknown): Metric {
  const [id, name, type, contains, own] = array(value, 'metric')
  if (!TYPES.includes(type as MetricType) || !KINDS.includes(contains as ValueKind) || typeof own !== 'boolean') {
    throw new DamagedLine('a metric of an unknown type')
  }
  if (!NAME.test(text(name, 'metric name'))) throw new DamagedLine('a metric name that no metric can have')
  return {
    id: whole(id, 'metric id'),
    name: name as string,
    type: type as MetricType,
    contains: contains as ValueKind,
    own,
  }
}

function decodeTagSet(value: unknown): FrameTagSet {
  const [id, tags] = array(value, 'tag set')
  const entries = Object.entries(object(tags, 'tags')).map(([key, tag]) => [key, text(tag, 'tag')] as const)
  // Sorted here, because keys that look like whole numbers come first in an object, whatever the writer's order was.
  return { id: whole(id, 'tag set id'), entries: entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

const SPACE = 0x20
const NEWLINE = 0x0a
/** k6's rule, which ours follow too. */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{1,128}$/
const TYPES: readonly MetricType[] = ['counter', 'gauge', 'rate', 'trend']
const KINDS: readonly ValueKind[] = ['default', 'time', 'data']
/** Writers keep 1024 at most (`EXACT_LIMIT` of metrics). */
const MAX_VALUES = 65_536

function number(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function decodeNumber(value: unknown, what: string): number {
  if (value === 'Infinity' || value === '-Infinity' || value === 'NaN') return Number(value)
  return finite(value, what)
}

export function finite(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new DamagedLine(`${what} is not a number`)
  return value
}

export function whole(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new DamagedLine(`${what} is not a whole number`)
  return value as number
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new DamagedLine(`${what} is not text`)
  return value
}

export function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new DamagedLine(`${what} is not a list`)
  return value
}

export function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DamagedLine(`${what} is not an object`)
  return value as Record<string, unknown>
}

/**
 * `rollup/<bin seconds>s.ndjson`: the digest of a finished run, in lines as a series has them (checksum, blank, JSON).
 * - `{format, version, binS}` first;
 * - a line a bin as it closes: `{bin, seconds, general, places, cells, heat, failures, endpoints?, ways?}`; `cells` are
 *   little-endian float32 in base64, ten a place (`CELL`); `endpoints` and `ways` are names that no line before had;
 * - when the run ends, totals: `{endpoint, requests, failed, body, latency}`, `{part, metric, tags, row}`,
 *   `{objective, metric, rows}`, with rows as in a series;
 * - `{end: true, lines, windows, durationNs, startUnixMs}` last. A file without it is of a run that was killed, and is
 *   not read.
 */
import type { Metric } from '#metrics/types.js'
import { MetricSink } from '#metrics/index.js'
import { Sketch } from '#stats/index.js'
import { array, DamagedLine, decodeMetric, decodeRow, encodeRow, finite, object, text, whole } from '../frame.js'
import type { SeriesTotal } from '../merger.js'
import { type BinNumbers, CELL_NUMBERS, GENERAL } from './bin-numbers.js'
import { MAX_ENDPOINTS, MAX_FAILURE_KINDS, type Names } from './load-bins.js'
import { MAX_PARTS, rowOf } from './objective-parts.js'
import { partNames } from './run-parts.js'
import type { BodyTotals, FailureWay, ObjectiveParts, RequestTotals, RunParts } from './types.js'

export const ROLLUP_FORMAT = 'perfwright-rollup'
export const ROLLUP_VERSION = 1
/** Totals that one run may leave: more are of a script that puts ids into names. */
export const MAX_TOTALS = 6000
/** Up to this many values a sketch is exact. */
const EXACT = 1024

export function binLine(bin: BinNumbers, fresh: Names): unknown {
  const floats = Float32Array.from(bin.cells)
  return {
    bin: bin.index,
    seconds: bin.seconds,
    general: bin.general.map((value) => (Number.isFinite(value) ? value : null)),
    places: bin.places,
    cells: Buffer.from(floats.buffer).toString('base64'),
    heat: bin.heat,
    failures: bin.failures,
    ...(fresh.endpoints.length === 0 ? {} : { endpoints: fresh.endpoints }),
    ...(fresh.failures.length === 0
      ? {}
      : { ways: fresh.failures.map((way) => [way.endpoint, way.status, way.errorCode, way.error]) }),
  }
}

/** Adds the names of the line. @throws DamagedLine */
export function readBinLine(raw: Record<string, unknown>, binCount: number, names: Names): BinNumbers {
  for (const name of raw['endpoints'] === undefined ? [] : array(raw['endpoints'], 'endpoints'))
    names.endpoints.push(text(name, 'endpoint'))
  for (const way of raw['ways'] === undefined ? [] : array(raw['ways'], 'ways')) names.failures.push(wayOf(way))
  // The one beyond the bound is `(other)`, and place 0 is everything together.
  if (names.endpoints.length > MAX_ENDPOINTS + 2 || names.failures.length > MAX_FAILURE_KINDS)
    throw new DamagedLine('more names than a roll-up has')
  const index = below(raw['bin'], binCount, 'bin')
  const seconds = finite(raw['seconds'], 'seconds')
  if (!(seconds > 0)) throw new DamagedLine('a bin of no length')
  const general = array(raw['general'], 'general').map((value) =>
    value === null ? Number.NaN : finite(value, 'value'),
  )
  const places = array(raw['places'], 'places').map((place) => below(place, names.endpoints.length, 'place'))
  const heat = pairs(raw['heat'], (row) => Math.abs(row) <= 16_384)
  const failures = pairs(raw['failures'], (kind) => kind >= 0 && kind < names.failures.length)
  if (general.length !== GENERAL.length) throw new DamagedLine('a bin of other numbers')
  const bytes = Buffer.from(text(raw['cells'], 'cells'), 'base64')
  if (bytes.length !== places.length * CELL_NUMBERS * 4) throw new DamagedLine('cells of another number of places')
  // A copy: the buffer's own memory may begin where no float can.
  const cells = Float64Array.from(new Float32Array(new Uint8Array(bytes).buffer))
  for (let i = 0; i < cells.length; i++) if (!Number.isFinite(cells[i])) cells[i] = Number.NaN
  return { index, seconds, general, places, cells, heat, failures }
}

export function endpointLine(place: number, { requests, failed, latency, body }: RequestTotals): unknown {
  const row = latency.count === 0 ? null : encodeRow({ metric: 0, tags: 0, ...latency.toRow() })
  return { endpoint: place, requests, failed, body: body ?? null, latency: row }
}

/** @throws DamagedLine */
export function readEndpointLine(
  raw: Record<string, unknown>,
  names: Names,
): { readonly place: number; readonly total: RequestTotals } {
  const latency = new Sketch(EXACT)
  if (raw['latency'] !== null) latency.mergeRow(decodeRow(array(raw['latency'], 'latency'), anyTrend))
  const body = raw['body'] === null ? undefined : object(raw['body'], 'body')
  return {
    place: below(raw['endpoint'], names.endpoints.length, 'endpoint'),
    total: {
      requests: positive(raw['requests'], 'requests'),
      failed: positive(raw['failed'], 'failed'),
      latency,
      body: body === undefined ? undefined : bodyOf(body),
    },
  }
}

export function partLine(part: keyof RunParts, { metric, tags, sink }: SeriesTotal): unknown {
  return { part, metric: metricRow(metric), tags, row: sinkRow(sink, metric) }
}

/** @throws DamagedLine */
export function readPartLine(raw: Record<string, unknown>): {
  readonly part: keyof RunParts
  readonly total: SeriesTotal
} {
  const part = partNames.find((name) => name === raw['part'])
  if (part === undefined) throw new DamagedLine('totals of an unknown part')
  const metric = decodeMetric(raw['metric'])
  const tags = Object.fromEntries(
    Object.entries(object(raw['tags'], 'tags')).map(([key, value]) => [key, text(value, 'tag')]),
  )
  return { part, total: { metric, tags, sink: readSink(raw['row'], metric) } }
}

export function objectiveLine(key: string, { metric, sinks }: ObjectiveParts): unknown {
  return { objective: key, metric: metricRow(metric), rows: sinks.map((sink) => sinkRow(sink, metric)) }
}

/** @throws DamagedLine */
export function readObjectiveLine(raw: Record<string, unknown>): {
  readonly key: string
  readonly parts: ObjectiveParts
} {
  const metric = decodeMetric(raw['metric'])
  const rows = array(raw['rows'], 'rows')
  if (rows.length > MAX_PARTS) throw new DamagedLine('more stretches than a run is cut into')
  return {
    key: text(raw['objective'], 'objective'),
    parts: { metric, sinks: rows.map((row) => readSink(row, metric)) },
  }
}

function sinkRow(sink: MetricSink, metric: Metric): unknown {
  return encodeRow({ metric: 0, tags: 0, ...rowOf(sink, metric.type) })
}

function readSink(row: unknown, metric: Metric): MetricSink {
  const sink = new MetricSink(metric.type)
  sink.mergeRow(decodeRow(array(row, 'row'), metric))
  return sink
}

function metricRow({ name, type, contains, own }: Metric): unknown {
  return [0, name, type, contains, own]
}

const anyTrend: Metric = { id: 0, name: 'latency', type: 'trend', contains: 'time', own: false }

function wayOf(value: unknown): FailureWay {
  const [endpoint, status, errorCode, error] = array(value, 'way').map((one) => text(one, 'way'))
  return { endpoint: endpoint ?? '', status: status ?? '', errorCode: errorCode ?? '', error: error ?? '' }
}

function bodyOf(raw: Record<string, unknown>): BodyTotals {
  return {
    count: positive(raw['count'], 'bodies'),
    bytes: positive(raw['bytes'], 'bytes'),
    min: positive(raw['min'], 'least bytes'),
    max: positive(raw['max'], 'most bytes'),
  }
}

function pairs(value: unknown, isKey: (key: number) => boolean): number[] {
  const list = array(value, 'pairs').map((one) => finite(one, 'pair'))
  const isSound =
    list.length % 2 === 0 && list.every((one, i) => (i % 2 === 0 ? Number.isInteger(one) && isKey(one) : one >= 0))
  if (!isSound) throw new DamagedLine('pairs that are none')
  return list
}

function below(value: unknown, limit: number, what: string): number {
  const number = whole(value, what)
  if (number >= limit) throw new DamagedLine(`${what} ${number} is beyond the last`)
  return number
}

function positive(value: unknown, what: string): number {
  const number = finite(value, what)
  if (number < 0) throw new DamagedLine(`${what} below 0`)
  return number
}

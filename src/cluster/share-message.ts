/**
 * What an agent tells of its share, as bytes: JSON, deflated. Numbered from 0 without gaps within a share, so that the
 * coordinator sees what is missing and what came twice. It is read as something a stranger may have written: bounded,
 * and checked field by field, because a wrong number would end in somebody's verdict.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { WorkerEvent, WorkerWindow } from '#engine/native/worker/protocol.js'
import type { WindowBatch, WindowRow } from '#metrics/types.js'

export interface ShareMessage {
  readonly seq: number
  readonly events: readonly WorkerEvent[]
  /** The last message of a share that ended by itself. */
  readonly done?: { readonly toNs: number }
}

/** Far more than a second of one agent needs. */
const MOST_BYTES = 64 << 20
const MOST_ROWS = 1_000_000

export function encodeMessage(message: ShareMessage): Uint8Array {
  return deflateRawSync(JSON.stringify(message, plain), { level: 1 })
}

/**
 * One window as messages that each stay below the server's limit: rows are added up by the reader, so any cut is right.
 * @param bytes  that a message may have
 */
export function splitWindow(window: WorkerWindow, bytes: number): WorkerWindow[] {
  const { rows } = window.batch
  const size = encodeMessage({ seq: 0, events: [{ type: 'window', window }] }).byteLength
  if (size <= bytes || rows.length < 2) return [window]
  const half = rows.length >> 1
  const first = { ...window, batch: { ...window.batch, rows: rows.slice(0, half) } }
  const rest: WorkerWindow = {
    ...window,
    batch: { metrics: [], tagSets: [], rows: rows.slice(half) },
    health: [],
    errors: [],
    inputs: [],
    data: [],
  }
  return [...splitWindow(first, bytes), ...splitWindow(rest, bytes)]
}

/** @throws Error that says what is wrong with it */
export function decodeMessage(bytes: Uint8Array): ShareMessage {
  const value = JSON.parse(inflateRawSync(bytes, { maxOutputLength: MOST_BYTES }).toString('utf8')) as ShareMessage
  const events = list(value.events).map((event) => eventOf(event as WorkerEvent))
  const seq = count(value.seq)
  return value.done === undefined ? { seq, events } : { seq, events, done: { toNs: number(value.done.toNs) } }
}

function eventOf(event: WorkerEvent): WorkerEvent {
  switch (event.type) {
    case 'window':
      return { type: 'window', window: windowOf(event.window) }
    case 'log':
      return {
        type: 'log',
        lines: list(event.lines).map((line) => {
          const { level, message, fields, unixMs } = line as (typeof event.lines)[number]
          const known = (['debug', 'info', 'warn', 'error'] as const).find((one) => one === level) ?? 'info'
          return { level: known, message: text(message), fields: { ...fields }, unixMs: number(unixMs) }
        }),
      }
    case 'abort':
      return { type: 'abort', reason: text(event.reason), kind: event.kind === 'fail' ? 'fail' : 'abort' }
    case 'request-error':
      return { type: 'request-error', error: { ...event.error, unixMs: number(event.error.unixMs) } }
    default:
      throw new Error('an event of unknown kind')
  }
}

function windowOf(window: WorkerWindow): WorkerWindow {
  const { span } = window
  return {
    unixMs: number(window.unixMs),
    ...(span === undefined ? {} : { span: { fromNs: number(span.fromNs), toNs: number(span.toNs) } }),
    batch: batchOf(window.batch),
    scenarios: list(window.scenarios).map((one) => {
      const state = one as WorkerWindow['scenarios'][number]
      return {
        name: text(state.name),
        state: (['waiting', 'running', 'done'] as const).find((known) => known === state.state) ?? 'running',
        done: number(state.done),
        labels: list(state.labels).slice(0, 8).map(text),
        askedPerS: state.askedPerS === undefined || state.askedPerS === null ? undefined : number(state.askedPerS),
        started: count(state.started),
        dropped: count(state.dropped),
      }
    }),
    vusActive: count(window.vusActive),
    vusInitialized: count(window.vusInitialized),
    iterationsCompleted: count(window.iterationsCompleted),
    iterationsInterrupted: count(window.iterationsInterrupted),
    health: list(window.health) as WorkerWindow['health'],
    errors: list(window.errors).map((one) => {
      const error = one as WorkerWindow['errors'][number]
      return { message: text(error.message), count: count(error.count) }
    }),
    inputs: list(window.inputs ?? []) as NonNullable<WorkerWindow['inputs']>,
    data: list(window.data ?? []) as NonNullable<WorkerWindow['data']>,
  }
}

const TYPES = ['counter', 'gauge', 'rate', 'trend'] as const
const KINDS = ['default', 'time', 'data'] as const

function batchOf(batch: WindowBatch): WindowBatch {
  if (list(batch.rows).length > MOST_ROWS) throw new Error('more rows than a second can have')
  return {
    metrics: list(batch.metrics).map((one) => {
      const metric = one as WindowBatch['metrics'][number]
      return {
        id: count(metric.id),
        name: text(metric.name),
        type: oneOf(TYPES, metric.type),
        contains: oneOf(KINDS, metric.contains),
        own: Boolean(metric.own),
      }
    }),
    tagSets: list(batch.tagSets).map((one) => {
      const { id, entries } = one as WindowBatch['tagSets'][number]
      return {
        id: count(id),
        entries: list(entries).map((pair) => [text((pair as string[])[0]), text((pair as string[])[1])]),
      }
    }),
    rows: batch.rows.map(rowOf),
  }
}

function rowOf(row: WindowRow): WindowRow {
  const base = {
    metric: count(row.metric),
    tags: count(row.tags),
    count: count(row.count),
    sum: number(row.sum),
    min: number(row.min),
    max: number(row.max),
  }
  if (row.buckets === undefined && row.values === undefined) return base
  return {
    ...base,
    buckets: numbers(row.buckets ?? []),
    zeros: count(row.zeros ?? 0),
    ...(row.values === undefined ? {} : { values: numbers(row.values) }),
  }
}

/** JSON has neither typed arrays nor infinities. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Float64Array) return Array.from(value, (one) => (Number.isFinite(one) ? one : String(one)))
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function numbers(value: unknown): Float64Array {
  return Float64Array.from(list(value), number)
}

function number(value: unknown): number {
  if (typeof value === 'number') return value
  if (value === 'Infinity' || value === '-Infinity' || value === 'NaN') return Number(value)
  throw new Error('a number is missing')
}

function count(value: unknown): number {
  const found = number(value)
  if (!Number.isInteger(found) || found < 0) throw new Error('a count is no whole number')
  return found
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a text is missing')
  return value
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('a list is missing')
  return value
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new Error('a word is unknown')
  return found
}

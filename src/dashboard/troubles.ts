/** What went wrong, in bounded lists: failed requests by endpoint and kind, thrown iterations, checks, and the log. */
import type { RecordEvent } from '#record/index.js'
import type { CheckRow, ExceptionRow, FailureExample, FailureRow, Lists, LogEntry } from './wire.js'

const MAX_KINDS = 300
/** What does not fit. */
const OTHER = '(other)'
/** Rows that a page is sent: more nobody reads, the files have all. */
const SHOWN = 100
const MAX_LOG = 500
const MAX_TEXT = 500

interface Counted {
  count: number
  firstS: number
  lastS: number
}

export class Troubles {
  readonly #failures = new Map<string, Counted & { endpoint: string; what: string; example: FailureExample | null }>()
  readonly #exceptions = new Map<string, Counted>()
  readonly #checks = new Map<string, { passes: number; fails: number }>()
  readonly #log: LogEntry[] = []
  readonly #changed = new Set<keyof Lists>()

  failure(endpoint: string, what: string, count: number, t: number): void {
    const key = JSON.stringify([endpoint, what])
    const known = this.#failures.get(key)
    if (known !== undefined) {
      known.count += count
      known.lastS = t
    } else if (this.#failures.size < MAX_KINDS || what === OTHER)
      this.#failures.set(key, { endpoint, what, count, firstS: t, lastS: t, example: null })
    else return this.failure(OTHER, OTHER, count, t)
    this.#changed.add('failures')
  }

  exception(message: string, count: number, t: number): void {
    const key = cut(message)
    const known = this.#exceptions.get(key)
    if (known !== undefined) {
      known.count += count
      known.lastS = t
    } else if (this.#exceptions.size < MAX_KINDS || key === OTHER)
      this.#exceptions.set(key, { count, firstS: t, lastS: t })
    else return this.exception(OTHER, count, t)
    this.#changed.add('exceptions')
  }

  check(name: string, passes: number, fails: number): void {
    const key = this.#checks.has(name) || this.#checks.size < MAX_KINDS ? cut(name) : OTHER
    const known = this.#checks.get(key)
    if (known === undefined) this.#checks.set(key, { passes, fails })
    else {
      known.passes += passes
      known.fails += fails
    }
    this.#changed.add('checks')
  }

  /** An event of the record, at `t` seconds of the run. */
  event({ type, detail }: RecordEvent, t: number): void {
    if (type === 'iteration-error') return this.exception(String(detail['message']), numberOf(detail['count']) ?? 1, t)
    if (type === 'request-error') return this.#example(detail)
    // One a statement would push everything else out.
    if (type === 'statement') return
    this.#log.push({ t, type: cut(type), text: cut(describe(type, detail)) })
    if (this.#log.length > MAX_LOG) this.#log.shift()
    this.#changed.add('log')
  }

  /** Lists that changed since the last time; all of them for a page that has none. */
  lists(all: boolean): Lists | undefined {
    const wanted = all ? new Set<keyof Lists>(['failures', 'exceptions', 'checks', 'log']) : this.#changed
    if (wanted.size === 0) return undefined
    const out: Lists = {
      ...(wanted.has('failures') ? { failures: this.failures().slice(0, SHOWN) } : {}),
      ...(wanted.has('exceptions') ? { exceptions: this.exceptions().slice(0, SHOWN) } : {}),
      ...(wanted.has('checks') ? { checks: this.checks() } : {}),
      ...(wanted.has('log') ? { log: [...this.#log] } : {}),
    }
    if (!all) this.#changed.clear()
    return out
  }

  failures(): FailureRow[] {
    return [...this.#failures.values()].map((row) => ({ ...row })).sort((a, b) => b.count - a.count)
  }

  exceptions(): ExceptionRow[] {
    return [...this.#exceptions].map(([message, row]) => ({ message, ...row })).sort((a, b) => b.count - a.count)
  }

  checks(): CheckRow[] {
    return [...this.#checks].map(([name, row]) => ({ name, ...row }))
  }

  #example(detail: RecordEvent['detail']): void {
    const endpoint = textOf(detail['endpoint']) ?? ''
    const status = String(detail['status'] ?? '')
    const error = textOf(detail['error']) ?? ''
    for (const row of this.#failures.values()) {
      if (row.endpoint !== endpoint || row.example !== null) continue
      const isIts =
        (status !== '' && status !== '0' && row.what.includes(status)) || (error !== '' && row.what.includes(error))
      if (!isIts) continue
      row.example = {
        method: textOf(detail['method']) ?? '',
        url: textOf(detail['url']) ?? '',
        requestBody: textOf(detail['requestBody']) ?? null,
        responseBody: textOf(detail['responseBody']) ?? null,
      }
      this.#changed.add('failures')
      return
    }
  }
}

function describe(type: string, detail: RecordEvent['detail']): string {
  const text = (key: string): string => String(detail[key] ?? '')
  switch (type) {
    case 'phase':
      return text('phase')
    case 'annotation':
      return text('text')
    case 'threshold-crossed':
      return text('metric')
    case 'collector':
      return `${text('part')}: ${text('state')}${detail['why'] === undefined ? '' : ` (${text('why')})`} ${text('describes')}`
    case 'target':
      return `${text('command')} (pid ${text('pid')}, ${text('runtime')} ${text('version')})`
    case 'companion':
      return `${text('name')} gave up: ${text('failed')}`
    case 'profile':
      return `${text('kind')} profile: ${text('why')}`
    default:
      return Object.entries(detail)
        .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
        .join(', ')
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 4 * MAX_TEXT) : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

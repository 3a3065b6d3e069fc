/**
 * Keeps the values of secrets out of everything that leaves a run: log lines, error samples, tags, reasons. The values
 * become known when a script asks for them, in any worker, and are struck out wherever they come from: a secret that
 * `setup()` returned may be logged by a VU of another worker.
 */
import type { WorkerEvent, WorkerFailure } from '../../worker/protocol.js'

export const REDACTED = '***SECRET_REDACTED***'

export class Redactor {
  readonly #values = new Set<string>()
  #pattern: RegExp | undefined

  /** Blank values are let through, as in k6: striking them out would make every line unreadable. */
  add(value: string): void {
    if (value.trim() === '' || this.#values.has(value)) return
    this.#values.add(value)
    // In JSON, which the console writes objects as, and in a URL a value looks different.
    this.#values.add(JSON.stringify(value).slice(1, -1))
    this.#values.add(encodeURIComponent(Buffer.from(value).toString()))
    // Longest first: a value that begins with another must go as a whole.
    const longestFirst = [...this.#values].sort((a, b) => b.length - a.length)
    this.#pattern = new RegExp(longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  }

  text(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED)
  }

  /** What a worker tells, without secrets; learns the new ones. */
  event(event: WorkerEvent): WorkerEvent {
    if (event.type === 'secret') this.add(event.value)
    if (this.#pattern === undefined) return event
    switch (event.type) {
      case 'log':
        return {
          ...event,
          lines: event.lines.map((line) => ({
            ...line,
            message: this.text(line.message),
            fields: this.#all(line.fields),
          })),
        }
      case 'window': {
        const { window } = event
        const batch = { ...window.batch, tagSets: this.#tagSets(window.batch.tagSets) }
        const errors = window.errors.map((error) => ({ ...error, message: this.text(error.message) }))
        return { ...event, window: { ...window, batch, errors } }
      }
      case 'samples': {
        const samples = event.batch.samples.map((sample) =>
          sample.metadata === undefined ? sample : { ...sample, metadata: this.#all(sample.metadata) },
        )
        return { ...event, batch: { ...event.batch, samples, tagSets: this.#tagSets(event.batch.tagSets) } }
      }
      case 'request-error':
        return { ...event, error: this.#all(event.error as never) as never }
      case 'abort':
        return { ...event, reason: this.text(event.reason) }
      default:
        return event
    }
  }

  failure(failure: WorkerFailure): WorkerFailure {
    if (this.#pattern === undefined) return failure
    return {
      ...failure,
      message: this.text(failure.message),
      stack: failure.stack === undefined ? undefined : this.text(failure.stack),
      ...(failure.fields === undefined ? {} : { fields: this.#all(failure.fields) }),
    }
  }

  #all<T>(fields: Readonly<Record<string, T>>): Record<string, T> {
    const out: Record<string, T> = {}
    for (const [key, value] of Object.entries(fields))
      out[this.text(key)] = typeof value === 'string' ? (this.text(value) as T) : value
    return out
  }

  #tagSets<T extends { readonly entries: readonly (readonly [string, string])[] }>(sets: readonly T[]): T[] {
    return sets.map((set) => {
      if (!set.entries.some(([, value]) => this.text(value) !== value)) return set
      return { ...set, entries: set.entries.map(([name, value]) => [name, this.text(value)] as const) }
    })
  }
}

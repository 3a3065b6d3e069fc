/**
 * The database profiler (`system.profile`), where somebody has switched it on: statements by shape and plan. It is never
 * switched on by us: it writes a document for every operation that it notes.
 */
import type { Db, Document } from 'mongodb'
import type { Readings } from '#record/observed.js'
import type { CollectorContext } from '../../types.js'
import { BoundedNames, byTag, OTHER } from '../bounded-names.js'
import { boundedText } from '../sql-text.js'
import { shapeOf } from './shape.js'

/** Entries of one reading; the profiler's own collection holds a megabyte by default. */
const MAX_ENTRIES = 500
const MAX_STATEMENTS = 200

export class Profiler {
  readonly #database: Db
  readonly #context: CollectorContext
  readonly #kept = new BoundedNames(MAX_STATEMENTS)
  readonly #told = new Set<string>()
  #since: Date
  #atNs: number

  constructor(database: Db, context: CollectorContext) {
    this.#database = database
    this.#context = context
    this.#since = new Date(context.clock.unixMs())
    this.#atNs = context.clock.nowNs()
  }

  async read(): Promise<Readings> {
    const nowNs = this.#context.clock.nowNs()
    const seconds = (nowNs - this.#atNs) / 1e9
    const entries = await this.#database
      .collection('system.profile')
      .find({ ts: { $gt: this.#since }, appName: { $ne: 'perfwright' } })
      .sort({ ts: 1 })
      .limit(MAX_ENTRIES)
      .toArray()
    this.#atNs = nowNs
    const last = entries.at(-1)?.['ts']
    if (last instanceof Date) this.#since = last
    if (seconds <= 0) return {}
    const calls: [string, number][] = []
    const ms: [string, number][] = []
    const examined: [string, number][] = []
    for (const entry of entries) {
      const id = this.#idOf(entry)
      calls.push([id, 1 / seconds])
      ms.push([id, (Number(entry['millis']) || 0) / seconds])
      examined.push([id, (Number(entry['docsExamined']) || 0) / seconds])
    }
    return {
      statement_calls_per_s: byTag('id', calls),
      statement_ms_per_s: byTag('id', ms),
      statement_examined_per_s: byTag('id', examined),
    }
  }

  /** The server's hash of the query's shape with the plan that it took, so that one with and one without index differ. */
  #idOf(entry: Document): string {
    const plan = boundedText(String(entry['planSummary'] ?? ''), 200)
    const hash = entry['planCacheShapeHash'] ?? entry['queryHash'] ?? shapeOf(entry['command']).slice(0, 150)
    const name = boundedText(`${entry['ns']} ${entry['op']} ${hash} ${plan}`, 300)
    const id = this.#kept.keep(name)
    if (id !== OTHER && !this.#told.has(id)) {
      this.#told.add(id)
      const sql = `${boundedText(String(entry['ns']), 200)} ${shapeOf(entry['command'])} ${plan}`.trim()
      this.#context.event('statement', { id, sql })
    }
    return id
  }
}

/** SLOWLOG: entries that are new since the last look, as events. */
import type { CollectorContext } from '../../types.js'
import { boundedText } from '../sql-text.js'

/** Entries of one look; more than that in a second are counted, not told. */
export const LOOK = 32
const MAX_EVENTS = 1000

/** As SLOWLOG GET answers since Redis 4: id, Unix seconds, microseconds, words, client, name of the client. */
type Entry = readonly unknown[]

export class SlowLog {
  readonly #context: CollectorContext
  #lastId: number | undefined
  #events = 0

  constructor(context: CollectorContext) {
    this.#context = context
  }

  /** @returns how many entries are new; undefined at the first look and after a restart of the numbering */
  take(answer: unknown, ownName: string): number | undefined {
    const entries = (Array.isArray(answer) ? answer : []).filter(
      (entry): entry is Entry => Array.isArray(entry) && typeof entry[0] === 'number',
    )
    const newest = Math.max(-1, ...entries.map((entry) => Number(entry[0])))
    const last = this.#lastId
    this.#lastId = newest
    if (last === undefined || newest < last) return undefined
    const fresh = entries.filter((entry) => Number(entry[0]) > last)
    for (const entry of fresh.reverse()) this.#tell(entry, ownName)
    return newest - last - fresh.filter((entry) => entry[5] === ownName).length
  }

  #tell(entry: Entry, ownName: string): void {
    if (entry[5] === ownName || this.#events >= MAX_EVENTS) return
    this.#events++
    const ms = Number(entry[2]) / 1000
    this.#context.event('slow-command', {
      command: commandText(entry[3]),
      ms: Number.isFinite(ms) ? ms : 0,
    })
  }
}

/** Command and key; the values that follow are people's data and have no place in a record. */
function commandText(words: unknown): string {
  const list = Array.isArray(words) ? words.map((word) => String(word)) : []
  const shown = list.slice(0, 2).map((word) => boundedText(word, 100))
  const rest = list.length - shown.length
  return rest > 0 ? `${shown.join(' ')} (+${rest} arguments)` : shown.join(' ')
}

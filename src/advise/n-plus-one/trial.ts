/** Both ways on the real database: one by one as the target asked, and all at once. Same rows, and how long. */
import type { ReadOnlyDatabase } from '../database/read-only.js'
import { type Middle, middleOf } from '../measure.js'
import type { OneForAll } from '../sql/one-for-all.js'

export interface Trial {
  readonly isSame: boolean
  readonly keys: number
  readonly rows: number
  readonly eachMs: Middle
  readonly oneMs: Middle
}

const ROUNDS = 7
const MOST_KEYS = 50

/** @returns undefined when the database refuses the statement */
export async function tryOneForAll(joined: OneForAll, database: ReadOnlyDatabase): Promise<Trial | undefined> {
  const originals = joined.originals.slice(0, MOST_KEYS)
  const [eachMs, oneMs]: [number[], number[]] = [[], []]
  let [isSame, rows] = [true, 0]
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const [each, one]: [string[], string[]] = [[], []]
      let ms = 0
      // In turns, so that a busy moment falls on both.
      for (const { sql, params } of originals) {
        const answer = await database.read(sql, params)
        ms += answer.ms
        each.push(...answer.rows.map((row) => JSON.stringify(row)))
      }
      const answer = await database.read(joined.sql, joined.params)
      one.push(...answer.rows.map((row) => JSON.stringify(joined.addsKey ? row.slice(1) : row)))
      eachMs.push(ms)
      oneMs.push(answer.ms)
      rows = one.length
      const isAll = originals.length === joined.keys.length
      // Rows of an aggregate over nothing come one by one and not in a group.
      if (isAll) isSame &&= sameRows(each, one)
    }
  } catch {
    return undefined
  }
  return { isSame, keys: originals.length, rows, eachMs: middleOf(eachMs) as Middle, oneMs: middleOf(oneMs) as Middle }
}

function sameRows(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [[...a].sort(), [...b].sort()]
  return left.length === right.length && left.every((row, i) => row === right[i])
}

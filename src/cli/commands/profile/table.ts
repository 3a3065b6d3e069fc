import type { Profile } from '#profile/model.js'
import { top } from '#profile/views/top.js'
import { topText } from '#profile/views/top-text.js'
import type { CommandIo } from '../../command.js'

export interface TableOptions {
  readonly value: number
  readonly limit: number
  readonly json: boolean
  /** More for the JSON, beside the table. */
  readonly facts?: Readonly<Record<string, unknown>>
}

export function printTable(profile: Profile, options: TableOptions, io: CommandIo): void {
  const { value, limit, json, facts } = options
  if (!json) {
    io.stdout.write(topText(profile, { value, limit, width: io.stdout.columns ?? 160 }))
    return
  }
  const { rows, total, hot } = top(profile, value)
  const table = { value: profile.valueTypes[value], total, hot, rows: rows.slice(0, limit), notes: profile.notes }
  io.stdout.write(`${JSON.stringify({ ...facts, ...table }, null, 2)}\n`)
}

/** What the adviser of indexes told in this call, so that those after it neither repeat it nor call its statements hopeless. */
import type { AdviseInput } from '../types.js'
import type { ChosenIndex } from './choose.js'

const known = new WeakMap<AdviseInput, Helped>()

export interface Helped {
  /** Ids of statements for which an index was found. */
  readonly statements: Set<string>
  /** Leading columns of those indexes, as `oid column`. */
  readonly leading: Set<string>
}

export function tellHelped(input: AdviseInput, chosen: readonly ChosenIndex[]): void {
  const told = known.get(input) ?? { statements: new Set(), leading: new Set() }
  known.set(input, told)
  for (const { candidate, helped } of chosen) {
    told.leading.add(`${candidate.table.oid} ${candidate.columns[0]}`)
    for (const { statement } of helped) told.statements.add(statement.id)
  }
}

/** Undefined when that adviser was not asked. */
export function helpedBy(input: AdviseInput): Helped | undefined {
  return known.get(input)
}

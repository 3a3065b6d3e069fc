/** Module `k6/data`: SharedArray. Texts of errors are k6's, verified on k6 2.2. */
import { types } from 'node:util'
import type { VuScope } from '../../types.js'
import { goStringArgument } from '../encoding/go-values.js'
import { sharedArrayOf } from './shared-array.js'
import { SharedRows, type SharedRowsData } from './shared-rows.js'

export { SharedRows, type SharedRowsData } from './shared-rows.js'
export { sharedArrayOf } from './shared-array.js'

export function createDataModule(vu: VuScope): Record<string, unknown> {
  // Also without `new`, as in k6; the result is an array, so `instanceof SharedArray` never holds.
  function SharedArray(name?: unknown, builder?: unknown): unknown[] {
    const realm = vu.realm
    if (vu.phase !== 'init') throw new realm.GoError('new SharedArray must be called in the init context')
    const label = String(name)
    if (label === '') throw new realm.GoError("empty name provided to SharedArray's constructor")
    if (typeof builder === 'function' && types.isAsyncFunction(builder)) {
      throw new realm.GoError('SharedArray constructor does not support async functions as second argument')
    }
    if (typeof builder !== 'function') {
      throw new realm.GoError("a function is expected as the second argument of SharedArray's constructor")
    }
    const all = sharedRows(vu)
    let rows = all.get(label)
    if (rows === undefined) {
      rows = buildRows(vu, builder as () => unknown)
      all.set(label, rows)
    }
    return sharedArrayOf(realm, rows)
  }
  const exports = { SharedArray }
  return { default: exports, ...exports }
}

/** Rows by name that this worker holds. Filled before the first init, they come from another worker and are not built again. */
export function sharedRows(vu: Pick<VuScope, 'shared'>): Map<string, SharedRows> {
  return vu.shared('k6/data', () => new Map<string, SharedRows>())
}

/** What to send to another worker thread so that it shares the rows of this one. */
export function exportSharedRows(vu: Pick<VuScope, 'shared'>): [name: string, data: SharedRowsData][] {
  return Array.from(sharedRows(vu), ([name, rows]) => [name, rows.data])
}

export function importSharedRows(vu: Pick<VuScope, 'shared'>, from: Iterable<readonly [string, SharedRowsData]>): void {
  const all = sharedRows(vu)
  for (const [name, data] of from) all.set(name, new SharedRows(data))
}

function buildRows(vu: VuScope, builder: () => unknown): SharedRows {
  const realm = vu.realm
  const built = builder()
  if (built === undefined || built === null) throw new realm.TypeError('Cannot convert undefined or null to object')
  if (!Array.isArray(built)) throw new realm.GoError('only arrays can be made into SharedArray')
  const texts: string[] = []
  for (let i = 0; i < built.length; i++) texts.push(goStringArgument(realm.JSON.stringify(built[i]) ?? 'undefined'))
  return SharedRows.fromTexts(texts)
}

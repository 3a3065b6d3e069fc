/** Self and total of every node of the call tree. */
import type { Profile } from '../model.js'

export interface TreeTotals {
  /** By node: what its own samples hold, and with all that it called. */
  readonly self: Float64Array
  readonly total: Float64Array
}

/** @param keep  leaves out samples for which it answers false (a thread, an endpoint, a stretch of time) */
export function treeTotals(
  profile: Profile,
  value: number = profile.mainValue,
  keep?: (sample: number) => boolean,
): TreeTotals {
  const self = new Float64Array(profile.parents.length)
  const width = profile.valueTypes.length
  for (let i = 0; i < profile.leaves.length; i++) {
    if (keep !== undefined && !keep(i)) continue
    const node = profile.leaves[i] as number
    self[node] = (self[node] as number) + (profile.values[i * width + value] as number)
  }
  const total = Float64Array.from(self)
  // A parent comes before its children, so one pass from the end carries everything up.
  for (let node = total.length - 1; node > 0; node--) {
    const parent = profile.parents[node] as number
    total[parent] = (total[parent] as number) + (total[node] as number)
  }
  return { self, total }
}

import { type Frame, type Profile, ProfileBuilder } from '../model.js'

/**
 * The samples of a stretch of wall-clock time. A profile whose format has no times is taken whole: how much of it lies
 * outside is the caller's to say.
 */
export function cut(profile: Profile, fromUnixMs: number, toUnixMs: number): Profile {
  const { times, valueTypes } = profile
  if (times === undefined) return profile
  const width = valueTypes.length
  const builder = new ProfileBuilder(valueTypes)
  const labels = profile.labelSets.map((set) => builder.labelSet(set))
  const nodes = new Map<number, number>([[0, 0]])
  // Only what some kept sample stands on.
  const kept = (node: number): number => {
    let copy = nodes.get(node)
    if (copy === undefined) {
      const frame = builder.frame(profile.frames[profile.nodeFrames[node] as number] as Frame)
      copy = builder.child(kept(profile.parents[node] as number), frame)
      nodes.set(node, copy)
    }
    return copy
  }
  for (const [i, leaf] of profile.leaves.entries()) {
    const at = times[i] as number
    if (!(at >= fromUnixMs && at < toUnixMs)) continue
    const values = Array.from(profile.values.subarray(i * width, (i + 1) * width))
    builder.sample(kept(leaf), values, labels[profile.labels[i] as number], at)
  }
  return builder.build({
    startedUnixMs: fromUnixMs,
    durationNs: (toUnixMs - fromUnixMs) * 1e6,
    period: profile.period,
    mainValue: profile.mainValue,
    notes: profile.notes,
  })
}

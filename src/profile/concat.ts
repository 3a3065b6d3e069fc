/** Several profiles of the same kind as one: chunks of a long one, threads, processes. */
import { type Profile, ProfileBuilder, type ProfileFacts } from './model.js'

export function concat(profiles: readonly Profile[], facts: ProfileFacts = {}): Profile {
  const first = profiles[0]
  if (first === undefined) return new ProfileBuilder([{ type: 'samples', unit: 'count' }]).build(facts)
  const builder = new ProfileBuilder(first.valueTypes)
  const width = first.valueTypes.length
  for (const profile of profiles) {
    if (profile.valueTypes.length !== width) throw new RangeError('profiles of different kinds cannot be one')
    const frames = profile.frames.map((frame) => builder.frame(frame))
    const labels = profile.labelSets.map((set) => builder.labelSet(set))
    const nodes = new Int32Array(profile.parents.length)
    for (let node = 1; node < nodes.length; node++) {
      const frame = frames[profile.nodeFrames[node] as number] as number
      nodes[node] = builder.child(nodes[profile.parents[node] as number] as number, frame)
    }
    for (const [i, leaf] of profile.leaves.entries()) {
      builder.sample(
        nodes[leaf] as number,
        Array.from(profile.values.subarray(i * width, (i + 1) * width)),
        labels[profile.labels[i] as number],
        profile.times?.[i],
      )
    }
  }
  const starts = profiles.flatMap(({ startedUnixMs }) => (startedUnixMs === undefined ? [] : [startedUnixMs]))
  const ends = profiles.flatMap(({ startedUnixMs, durationNs }) =>
    startedUnixMs === undefined || durationNs === undefined ? [] : [startedUnixMs + durationNs / 1e6],
  )
  return builder.build({
    startedUnixMs: starts.length === 0 ? first.startedUnixMs : Math.min(...starts),
    durationNs: ends.length === 0 ? summedNs(profiles) : (Math.max(...ends) - Math.min(...starts)) * 1e6,
    period: first.period,
    mainValue: first.mainValue,
    notes: [...new Set(profiles.flatMap(({ notes }) => notes))],
    ...facts,
  })
}

/** Formats without a start say how long they took at most. */
function summedNs(profiles: readonly Profile[]): number | undefined {
  const known = profiles.flatMap(({ durationNs }) => durationNs ?? [])
  return known.length < profiles.length ? undefined : known.reduce((sum, ns) => sum + ns, 0)
}

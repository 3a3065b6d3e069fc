/** Which function a profile's time is to be looked for in: the innermost one that the people who run the target wrote. */
import { type Frame, type Profile, stackOf, total } from '#profile/model.js'
import { type Origin, originOf } from '#profile/views/origin.js'
import type { ProfileRef } from './profile-refs.js'

export interface Blame {
  readonly function: string
  readonly file: string
  readonly line: number
  /** Share of the time that is not idle. */
  readonly share: number
  /** What it called where the time went, when that is not itself: `pbkdf2Sync`. */
  readonly callee: string
  /** Mean number of frames above it: of two functions of one job the deeper one does the work. */
  readonly depth: number
  readonly source: string
}

export interface BlamedProfile {
  readonly ref: ProfileRef
  /** Largest first. */
  readonly blames: readonly Blame[]
  /** Share of the time, idle time left out, that went into collecting garbage. */
  readonly gcShare: number
  /** Share of all time that was not idle. */
  readonly busyShare: number
  readonly samples: number
}

/** @param prefer  kinds by preference; profiles of the steady state before those of bad moments */
export async function blameOf(
  profiles: readonly ProfileRef[],
  kinds: readonly string[],
  keep: (stack: readonly Frame[]) => boolean = () => true,
): Promise<BlamedProfile | undefined> {
  for (const kind of kinds) {
    const refs = profiles.filter((ref) => ref.kind === kind)
    refs.sort((a, b) => Number(!/steady/.test(a.why)) - Number(!/steady/.test(b.why)))
    for (const ref of refs) {
      const profile = await ref.read()
      if (profile === undefined || total(profile) === 0) continue
      return blame(profile, ref, keep)
    }
  }
  return undefined
}

export function blame(profile: Profile, ref: ProfileRef, keep: (stack: readonly Frame[]) => boolean): BlamedProfile {
  const byFunction = new Map<string, Blame & { weight: number; depths: number; callees: Map<string, number> }>()
  const width = profile.valueTypes.length
  const weights = new Map<number, number>()
  for (const [i, leaf] of profile.leaves.entries()) {
    const weight = profile.values[i * width + profile.mainValue] as number
    if (weight > 0) weights.set(leaf, (weights.get(leaf) ?? 0) + weight)
  }
  let [busy, idle, gc] = [0, 0, 0]
  for (const [leaf, weight] of weights) {
    const stack = stackOf(profile, leaf)
    const origins = stack.map(originOf)
    if (origins.includes('idle')) {
      idle += weight
      continue
    }
    // py-spy counts a thread in a system call as running.
    if (ref.kind === 'cpu' && waits(stack.at(-1))) continue
    if (!keep(stack)) continue
    busy += weight
    if (origins.includes('gc')) gc += weight
    const at = innermostOwn(stack, origins)
    if (at < 0) continue
    const frame = stack[at] as Frame
    const key = `${frame.name}\0${frame.file}`
    let entry = byFunction.get(key)
    if (entry === undefined) {
      entry = {
        function: frame.name,
        file: frame.file,
        line: frame.startLine > 0 ? frame.startLine : frame.line,
        share: 0,
        callee: '',
        depth: 0,
        source: ref.source,
        weight: 0,
        depths: 0,
        callees: new Map(),
      }
      byFunction.set(key, entry)
    }
    entry.weight += weight
    entry.depths += weight * at
    const callee = stack[at + 1]?.name ?? ''
    entry.callees.set(callee, (entry.callees.get(callee) ?? 0) + weight)
  }
  const blames = [...byFunction.values()]
    .sort((a, b) => b.weight - a.weight)
    .map(({ weight, depths, callees, ...entry }) => ({
      ...entry,
      share: busy === 0 ? 0 : weight / busy,
      callee: most(callees),
      depth: depths / weight,
    }))
  return {
    ref,
    blames,
    gcShare: busy === 0 ? 0 : gc / busy,
    busyShare: busy + idle === 0 ? 0 : busy / (busy + idle),
    samples: profile.leaves.length,
  }
}

function waits(leaf: Frame | undefined): boolean {
  return (
    leaf !== undefined &&
    /(^|\/)(socket|ssl|selectors|threading|queue|socketserver|subprocess)\.py$/.test(leaf.file) &&
    /(^|\.)(write|send|sendall|recv|recv_into|readinto|read|accept|select|poll|wait|acquire|sleep)$/.test(leaf.name)
  )
}

function innermostOwn(stack: readonly Frame[], origins: readonly Origin[]): number {
  for (let i = stack.length - 1; i >= 0; i--) {
    const { name, file } = stack[i] as Frame
    if (origins[i] === 'own' && name !== '' && file !== '' && !/^\(anonymous\)$|^<module>$|^main\.main$/.test(name))
      return i
  }
  return origins.lastIndexOf('own')
}

function most(counts: ReadonlyMap<string, number>): string {
  let [best, name] = [0, '']
  for (const [key, weight] of counts) if (weight > best) [best, name] = [weight, key]
  return name
}

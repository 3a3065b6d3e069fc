import { type Frame, type Profile, sampleCount } from '../model.js'
import { mergeLines } from '../views/merge-lines.js'
import { originOf } from '../views/origin.js'
import { treeTotals } from '../views/tree.js'
import type { PageData } from './types.js'

/** More boxes than this nobody sees and no browser draws smoothly. */
const maxNodes = 150_000

export function pageData(byLine: Profile, title: string): PageData {
  const profile = mergeLines(byLine)
  const totals = profile.valueTypes.map((_, value) => treeTotals(profile, value))
  const { keep, folded } = prune(profile, totals)
  const ids = new Int32Array(profile.parents.length)
  const kept: number[] = []
  for (let node = 0; node < ids.length; node++) if (keep[node] === 1) ids[node] = kept.push(node) - 1
  // What is folded away counts as its nearest shown caller's own.
  const owner = new Int32Array(ids.length)
  for (let node = 1; node < ids.length; node++) {
    owner[node] = keep[node] === 1 ? node : (owner[profile.parents[node] as number] as number)
  }
  const self = totals.map(({ self: of }) => {
    const sums = new Float64Array(kept.length)
    for (let node = 0; node < of.length; node++) {
      const at = ids[owner[node] as number] as number
      sums[at] = (sums[at] as number) + (of[node] as number)
    }
    return base64(sums)
  })
  const frameIds = new Map<number, number>()
  const nodeFrames = Int32Array.from(kept, (node) => {
    const frame = profile.nodeFrames[node] as number
    if (frame < 0) return frame
    let id = frameIds.get(frame)
    if (id === undefined) frameIds.set(frame, (id = frameIds.size))
    return id
  })
  const frames = [...frameIds.keys()].map((frame) => profile.frames[frame] as Frame)
  const seconds = profile.durationNs === undefined ? '' : ` over ${(profile.durationNs / 1e9).toFixed(1)} s`
  return {
    title,
    subtitle: `${sampleCount(profile).toLocaleString('en-US')} samples${seconds}`,
    values: profile.valueTypes,
    mainValue: profile.mainValue,
    frames: frames.map((frame) => [frame.name, frame.file, frame.line, originOf(frame)]),
    parents: base64(
      Int32Array.from(kept, (node) => (node === 0 ? -1 : (ids[profile.parents[node] as number] as number))),
    ),
    nodeFrames: base64(nodeFrames),
    self,
    notes:
      folded === 0
        ? profile.notes
        : [
            ...profile.notes,
            `${folded.toLocaleString('en-US')} calls of less than ${(limitOf(profile) * 100).toPrecision(1)} % are folded into their callers.`,
          ],
  }
}

/** A node is shown when its share of any value reaches the limit; so its callers are shown too. */
function prune(
  profile: Profile,
  totals: readonly { readonly total: Float64Array }[],
): { readonly keep: Uint8Array; readonly folded: number } {
  const keep = new Uint8Array(profile.parents.length)
  const limit = limitOf(profile)
  let shown = 0
  for (let node = 0; node < keep.length; node++) {
    const big = totals.some(({ total }) => Math.abs(total[node] as number) >= limit * Math.abs(total[0] as number))
    if (node === 0 || big) {
      keep[node] = 1
      shown++
    }
  }
  return { keep, folded: keep.length - shown }
}

function limitOf(profile: Profile): number {
  return profile.parents.length <= maxNodes ? 0 : 1e-5
}

function base64(array: Int32Array | Float64Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64')
}

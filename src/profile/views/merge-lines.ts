/** Functions instead of lines: the lines of one function under one caller become one call. */
import type { Frame, Profile } from '../model.js'
import { treeTotals } from './tree.js'

/** The call tree by function, each with its hottest line; samples stay what they are. */
export function mergeLines(profile: Profile): Profile {
  const { self, total } = treeTotals(profile)
  const weights = new Float64Array(profile.frames.length)
  for (let node = 1; node < self.length; node++) {
    const frame = profile.nodeFrames[node] as number
    weights[frame] = (weights[frame] as number) + (self[node] as number) + (total[node] as number) * 1e-9
  }
  const ids = new Map<string, number>()
  const frames: Frame[] = []
  const best: number[] = []
  const merged = profile.frames.map((frame, i) => {
    const key = `${frame.name}\0${frame.file}\0${frame.startLine}\0${frame.column}\0${frame.module}`
    let id = ids.get(key)
    if (id === undefined) {
      id = frames.push(frame) - 1
      best.push(weights[i] as number)
      ids.set(key, id)
    } else if ((weights[i] as number) > (best[id] as number)) {
      best[id] = weights[i] as number
      frames[id] = frame
    }
    return id
  })
  const parents = [-1]
  const nodeFrames = [-1]
  const children = new Map<number, number>()
  const nodes = new Int32Array(profile.parents.length)
  for (let node = 1; node < nodes.length; node++) {
    const parent = nodes[profile.parents[node] as number] as number
    const frame = merged[profile.nodeFrames[node] as number] as number
    const key = parent * frames.length + frame
    let at = children.get(key)
    if (at === undefined) {
      at = parents.push(parent) - 1
      nodeFrames.push(frame)
      children.set(key, at)
    }
    nodes[node] = at
  }
  return {
    ...profile,
    frames,
    parents: Int32Array.from(parents),
    nodeFrames: Int32Array.from(nodeFrames),
    leaves: profile.leaves.map((leaf) => nodes[leaf] as number),
  }
}

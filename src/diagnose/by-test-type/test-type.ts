/** What kind of test a run was, told from the shape of its load, and its stages. */
import type { Stage, Stretch, TestType } from '#record/index.js'
import { isHold, type LoadShape, type Segment } from './load-shape.js'

const testTypes: readonly TestType[] = ['smoke', 'load', 'stress', 'soak', 'spike', 'breakpoint']

/** A load that is held this long looks for what builds up slowly. */
const soakS = 30 * 60
const smoke = { most: 5, seconds: 180 }
/** A spike is this many times the load around it. */
const spikeFactor = 2.5

/** @param said  by the plan or the person; counts where it is one of ours */
export function testTypeOf(
  said: string | null,
  total: Pick<LoadShape, 'unit' | 'segments'> | undefined,
): TestType | null {
  const known = testTypes.find((type) => type === said?.toLowerCase())
  if (known !== undefined) return known
  if (total === undefined) return null
  const { segments } = total
  const lengthS = segments.at(-1)!.toS - segments[0]!.fromS
  const most = highest(segments)
  const isLadder = stepsOf(segments).length > 0
  if (most <= smoke.most && lengthS <= smoke.seconds && segments.every(isHold) && !isLadder) return 'smoke'
  if (spikeOf(segments) !== undefined) return 'spike'
  const holds = segments.filter(isHold)
  if (isLadder) return 'stress'
  if (Math.max(0, ...holds.map(lengthOf)) >= soakS) return 'soak'
  const rising = segments.filter((segment) => !isHold(segment) && segment.to > segment.from)
  const risingS = rising.reduce((sum, segment) => sum + lengthOf(segment), 0)
  // The last fall to nothing, with which many ramps end, is no part of the question.
  if (risingS >= 0.6 * lengthS && Math.max(0, ...holds.map(lengthOf)) < 0.25 * lengthS) return 'breakpoint'
  return 'load'
}

/** Stages of every scenario, with what each is for. */
export function stagesOf(shapes: readonly LoadShape[]): readonly Stage[] {
  return shapes
    .flatMap(({ scenario, unit, segments }) => {
      const spike = spikeOf(segments)
      const steps = stepsOf(segments)
      return segments.map((segment): Stage => {
        const { fromS, toS, to } = segment
        return { scenario, fromS, toS, kind: kindOf(segment, spike, steps), target: to, unit }
      })
    })
    .sort((a, b) => a.fromS - b.fromS)
}

/** Holds of a ladder: each higher than the one before it, three at least. */
export function stepsOf(segments: readonly Segment[]): readonly Segment[] {
  const steps: Segment[] = []
  for (const segment of segments) {
    if (!isHold(segment) || segment.to <= 0) continue
    if (steps.length === 0 || segment.to > 1.02 * steps.at(-1)!.to) steps.push(segment)
  }
  return steps.length >= 3 ? steps : []
}

/**
 * The stretch of a sudden rise and fall: far above what goes before and after it, and shorter than the rest. A load that
 * rises from nothing, is hardly held and falls to nothing is one too.
 */
export function spikeOf(segments: readonly Segment[]): Stretch | undefined {
  if (segments.length < 2) return undefined
  const start = segments[0]!.fromS
  const lengthS = segments.at(-1)!.toS - start
  const most = highest(segments)
  const half = most / 2
  const fromS = firstAbove(segments, half)
  const toS = lastAbove(segments, half)
  if (fromS === undefined || toS === undefined) return undefined
  const before = segments.filter((segment) => segment.toS <= fromS + 1e-9 && isHold(segment) && segment.to > 0)
  const after = segments.filter((segment) => segment.fromS >= toS - 1e-9 && isHold(segment) && segment.to > 0)
  const around = [...before, ...after].map(({ to }) => to)
  if (around.length > 0) {
    const base = Math.max(...around)
    const aroundS = [...before, ...after].reduce((sum, segment) => sum + lengthOf(segment), 0)
    // It must come down again: a load that only rises is a ladder.
    if (after.length === 0 && segments.at(-1)!.to > base) return undefined
    const isSpike = most >= spikeFactor * base && toS - fromS <= aroundS && stepsBetween(segments, base, most) < 2
    return isSpike ? { fromS, toS } : undefined
  }
  const heldS = segments.filter((segment) => isHold(segment) && segment.to > 0).reduce((sum, s) => sum + lengthOf(s), 0)
  const fallS = segments.filter((segment) => segment.to < segment.from).reduce((sum, s) => sum + lengthOf(s), 0)
  const fallsToNothing = segments.at(-1)!.to <= 0.05 * most && fallS >= 0.2 * lengthS
  return heldS <= 0.1 * lengthS && fallsToNothing ? { fromS, toS } : undefined
}

export function lengthOf({ fromS, toS }: Stretch): number {
  return toS - fromS
}

function kindOf(segment: Segment, spike: Stretch | undefined, steps: readonly Segment[]): Stage['kind'] {
  const middle = (segment.fromS + segment.toS) / 2
  if (spike !== undefined && isHold(segment) && middle >= spike.fromS && middle <= spike.toS) return 'spike'
  if (spike !== undefined && !isHold(segment) && segment.to < segment.from) return 'ramp-down'
  if (!isHold(segment)) return segment.to > segment.from ? 'ramp-up' : 'ramp-down'
  return steps.includes(segment) ? 'step' : 'steady'
}

function highest(segments: readonly Segment[]): number {
  return Math.max(...segments.flatMap(({ from, to }) => [from, to]))
}

function stepsBetween(segments: readonly Segment[], low: number, high: number): number {
  return new Set(
    segments
      .filter((segment) => isHold(segment) && segment.to > 1.1 * low && segment.to < 0.9 * high)
      .map(({ to }) => to),
  ).size
}

function firstAbove(segments: readonly Segment[], level: number): number | undefined {
  for (const segment of segments) {
    const { fromS, toS, from, to } = segment
    if (from > level) return fromS
    if (to > level) return fromS + ((toS - fromS) * (level - from)) / (to - from)
  }
  return undefined
}

function lastAbove(segments: readonly Segment[], level: number): number | undefined {
  return negated(firstAbove(segments.map(mirrored).reverse(), level))
}

function mirrored({ fromS, toS, from, to }: Segment): Segment {
  return { fromS: -toS, toS: -fromS, from: to, to: from }
}

function negated(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value
}

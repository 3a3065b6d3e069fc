/** What load the options ask for at any moment: a line in pieces for each scenario, and all scenarios together. */
import { readScenarios } from '#config/scenarios.js'
import type { Scenario } from '#config/types.js'
import { Reading } from '#config/values.js'
import type { Stretch } from '#record/index.js'
import type { Evidence } from '../evidence.js'

/** A stretch in which the load moves from one target to another in a straight line. */
export interface Segment extends Stretch {
  readonly from: number
  readonly to: number
}

export interface LoadShape {
  readonly scenario: string
  readonly unit: 'VUs' | 'iterations/s'
  readonly segments: readonly Segment[]
  /** False where the target is not known before the run: VUs set by hand. */
  readonly planned: boolean
}

/** Clipped to the time that the run took. Scenarios that a newer version wrote in a form unknown here are left out. */
export function loadShapes(evidence: Evidence): readonly LoadShape[] {
  const { durationS } = evidence
  return Object.values(scenariosOf(evidence.run.options)).flatMap((scenario) => {
    const segments = scenario.executor === 'externally-controlled' ? fromVus(evidence) : segmentsOf(scenario, durationS)
    const shape: LoadShape = {
      scenario: scenario.name,
      unit: scenario.executor.endsWith('-arrival-rate') ? 'iterations/s' : 'VUs',
      segments: segments.flatMap((segment) => clip(segment, durationS)),
      planned: scenario.executor !== 'externally-controlled',
    }
    return shape.segments.length === 0 ? [] : [shape]
  })
}

/**
 * The sum of all scenarios that count in the same unit; of two units the one with more scenarios, since VUs and
 * arrivals a second cannot be added.
 */
export function totalShape(shapes: readonly LoadShape[]): Pick<LoadShape, 'unit' | 'segments'> | undefined {
  const open = shapes.filter(({ unit }) => unit === 'iterations/s')
  const kept = open.length * 2 > shapes.length ? open : shapes.filter(({ unit }) => unit === 'VUs')
  if (kept.length === 0) return undefined
  const borders = [...new Set(kept.flatMap(({ segments }) => segments.flatMap(({ fromS, toS }) => [fromS, toS])))]
  borders.sort((a, b) => a - b)
  const segments = borders.slice(1).map((toS, i) => {
    const fromS = borders[i]!
    const parts = kept.map(({ segments: own }) => own.find((one) => one.fromS <= fromS && one.toS >= toS))
    const sum = (at: number): number =>
      parts.reduce((all, part) => all + (part === undefined ? 0 : targetAt(part, at)), 0)
    return { fromS, toS, from: sum(fromS), to: sum(toS) }
  })
  return { unit: kept[0]!.unit, segments: joined(segments) }
}

/** Scenarios of the options as a record has them: k6's names and formats. */
export function scenariosOf(options: Readonly<Record<string, unknown>>): Readonly<Record<string, Scenario>> {
  const parsed = readScenarios(options['scenarios'] ?? {}, new Reading('scenarios', [])) ?? {}
  return Object.fromEntries(Object.entries(parsed).map(([name, { scenario }]) => [name, scenario]))
}

export function targetAt({ fromS, toS, from, to }: Segment, at: number): number {
  return toS === fromS ? to : from + ((to - from) * (at - fromS)) / (toS - fromS)
}

export function isHold({ from, to }: Segment): boolean {
  return Math.abs(to - from) <= 0.02 * Math.max(from, to)
}

function segmentsOf(scenario: Exclude<Scenario, { executor: 'externally-controlled' }>, durationS: number): Segment[] {
  const startS = scenario.startTimeNs / 1e9
  switch (scenario.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
      // They end when the iterations are done, which may be long before the time is up.
      return hold(startS, Math.min(durationS, startS + scenario.maxDurationNs / 1e9), scenario.vus)
    case 'constant-vus':
      return hold(startS, startS + scenario.durationNs / 1e9, scenario.vus)
    case 'constant-arrival-rate':
      return hold(startS, startS + scenario.durationNs / 1e9, (scenario.rate * 1e9) / scenario.timeUnitNs)
    case 'ramping-vus':
      return ramp(startS, scenario.startVUs, scenario.stages, 1)
    case 'ramping-arrival-rate':
      return ramp(startS, scenario.startRate, scenario.stages, 1e9 / scenario.timeUnitNs)
  }
}

function hold(fromS: number, toS: number, target: number): Segment[] {
  return [{ fromS, toS, from: target, to: target }]
}

function ramp(
  startS: number,
  startTarget: number,
  stages: readonly { readonly durationNs: number; readonly target: number }[],
  scale: number,
): Segment[] {
  let [at, level] = [startS, startTarget * scale]
  const segments: Segment[] = []
  for (const { durationNs, target } of stages) {
    const toS = at + durationNs / 1e9
    const to = target * scale
    // A stage of no length is a jump: the next one begins at its target.
    if (toS > at) segments.push({ fromS: at, toS, from: level, to })
    at = toS
    level = to
  }
  return segments
}

/** Stretches in which the number of VUs stood still for at least 3 bins, as it was measured. */
function fromVus({ load, binS, binCount }: Evidence): Segment[] {
  const segments: Segment[] = []
  for (let from = 0; from < binCount; ) {
    let to = from + 1
    while (to < binCount && load.vus[to] === load.vus[from]) to++
    const level = load.vus[from]!
    if (to - from >= 3 && !Number.isNaN(level)) {
      segments.push({ fromS: from * binS, toS: to * binS, from: level, to: level })
    }
    from = to
  }
  return segments
}

function clip(segment: Segment, durationS: number): Segment[] {
  if (segment.fromS >= durationS) return []
  if (segment.toS <= durationS) return [segment]
  return [{ ...segment, toS: durationS, to: targetAt(segment, durationS) }]
}

/** Neighbours that go on at the same slope are one. */
function joined(segments: readonly Segment[]): Segment[] {
  const out: Segment[] = []
  for (const segment of segments) {
    const last = out.at(-1)
    const goesOn =
      last !== undefined &&
      Math.abs(last.to - segment.from) < 1e-9 &&
      Math.abs(slope(last) - slope(segment)) <= 1e-9 * (1 + Math.abs(slope(last)))
    if (goesOn) out[out.length - 1] = { fromS: last.fromS, toS: segment.toS, from: last.from, to: segment.to }
    else out.push(segment)
  }
  return out
}

function slope({ fromS, toS, from, to }: Segment): number {
  return (to - from) / (toS - fromS)
}

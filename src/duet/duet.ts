/** Runs duets, roles swapped from one to the next, and judges them. */
import type { Clock } from '#base/clock.js'
import { seededRandom } from '#base/random.js'
import { driveDuet } from './drive.js'
import { usage } from './errors.js'
import { defaultJudge, judgeDuets, type JudgeOptions } from './judge.js'
import type { RequestSource } from './requests.js'
import { type RunningSide, startSide } from './side.js'
import type { DuetMeasure, DuetVerdict, SideName, SideSpec } from './types.js'

export interface DuetPlan {
  readonly a: SideSpec
  readonly b: SideSpec
  readonly requests: RequestSource
  /** Even: in each half another side has the first place. */
  readonly duets: number
  /** Up to so many when the first ones cannot tell; equal to `duets` for no more. */
  readonly most: number
  readonly warmUpMs: number
  readonly measuredMs: number
  readonly lanes: number
  /** The sides cannot run at once: each of a pair runs alone, a b b a. */
  readonly interleaved?: boolean
  readonly seed: number
  readonly judge?: JudgeOptions
}

export interface DuetPorts {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

export interface DuetResult {
  readonly verdict: DuetVerdict
  readonly duets: readonly DuetMeasure[]
  readonly stopped: boolean
}

/**
 * @throws PW_DUET_USAGE, PW_DUET_SIDE_ENDED, PW_DUET_SIDE_NOT_READY, PW_DUET_NO_ANSWERS
 * @remarks  More duets after an undecided look are judged at shares of the level that add up to it, small ones first
 *   (O'Brien and Fleming 1979 in the spending form of Lan and DeMets 1983; shares by Bonferroni, which errs to the safe
 *   side), so that looking twice does not make false alarms.
 */
export async function runDuets(plan: DuetPlan, ports: DuetPorts): Promise<DuetResult> {
  const judge = plan.judge ?? defaultJudge
  if (plan.duets < 4 || plan.duets % 2 !== 0)
    throw usage(`${plan.duets} duets: it takes an even number of at least 4, because roles are swapped.`, '-n 8', '-n')
  const duets: DuetMeasure[] = []
  const looks = looksOf(plan.duets, plan.most)
  let spent = 0
  for (const look of looks) {
    while (duets.length < look && !ports.signal.aborted) {
      const measure = await oneDuet(plan, duets.length, ports)
      if (ports.signal.aborted) break
      duets.push(measure)
      ports.progress(progressText(measure, looks.at(-1) as number))
    }
    const until = looks.length === 1 ? judge.level : spentLevel(judge.level, look / (looks.at(-1) as number))
    const verdict = judgeDuets(evenly(duets), { ...judge, level: until - spent })
    spent = until
    if (verdict.verdict !== 'inconclusive' || look === looks.at(-1) || ports.signal.aborted)
      return { verdict: { ...verdict, level: judge.level }, duets, stopped: ports.signal.aborted }
    ports.progress(`undecided after ${look} duets: ${verdict.takes}`)
  }
  return { verdict: judgeDuets(evenly(duets), judge), duets, stopped: true }
}

/** Interrupted in the middle of a swap, the last one has no counterpart. */
function evenly(duets: readonly DuetMeasure[]): readonly DuetMeasure[] {
  return duets.slice(0, duets.length - (duets.length % 2))
}

function looksOf(first: number, most: number): number[] {
  const looks = [first]
  for (let next = first * 2; next < most; next *= 2) looks.push(next)
  if (most > first) looks.push(most - (most % 2))
  return looks
}

/** Two-sided level spent when this share of all duets is made. */
export function spentLevel(level: number, share: number): number {
  return share >= 1 ? level : level * share ** 3
}

async function oneDuet(plan: DuetPlan, index: number, ports: DuetPorts): Promise<DuetMeasure> {
  const { clock, signal } = ports
  // Pairs of duets get the same requests, so that a swap changes nothing but the roles.
  const random = seededRandom(plan.seed + Math.floor(index / 2))
  const swapped = index % 2 === 1
  const order: readonly SideName[] = swapped ? ['b', 'a'] : ['a', 'b']
  const options = {
    index,
    swapped,
    requestAt: plan.requests.sequence(random),
    warmUpMs: plan.warmUpMs,
    measuredMs: plan.measuredMs,
    lanes: plan.lanes,
    clock,
    signal,
  }
  const sides: Partial<Record<SideName, RunningSide>> = {}
  try {
    if (plan.interleaved === true) {
      const alone: Partial<Record<SideName, DuetMeasure>> = {}
      for (const name of order) {
        const side = await startSide(name, plan[name], clock, signal)
        sides[name] = side
        alone[name] = await driveDuet({ a: side, b: side }, { ...options, only: name })
        await side.stop()
        delete sides[name]
      }
      const { a, b } = alone as Record<SideName, DuetMeasure>
      return { ...a, b: b.b }
    }
    for (const name of order) sides[name] = await startSide(name, plan[name], clock, signal)
    return await driveDuet(sides as Record<SideName, RunningSide>, options)
  } finally {
    await Promise.all(Object.values(sides).map((side) => side.stop()))
  }
}

function progressText({ index, a, b }: DuetMeasure, of: number): string {
  const cpu =
    a.cpuUsPerRequest === null || b.cpuUsPerRequest === null
      ? ''
      : `, CPU per request ${a.cpuUsPerRequest.toFixed(0)} and ${b.cpuUsPerRequest.toFixed(0)} us`
  return `duet ${index + 1} of ${of}: ${a.requests} requests a side${cpu}`
}

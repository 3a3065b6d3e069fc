/** What this machine's own noise is: A/A duets, where every change is a false alarm. */
import { seededRandom } from '#base/random.js'
import { wilson } from '#stats/index.js'
import { z } from 'zod'
import { detectableChange, type JudgeOptions, judgeDuets } from './judge.js'
import type { DuetMeasure } from './types.js'

export interface Calibration {
  readonly formatVersion: 1
  readonly machine: string
  readonly measuredUnixMs: number
  readonly measuredMs: number
  /** A/A duets behind it. */
  readonly duets: number
  readonly rows: readonly CalibrationRow[]
}

export interface CalibrationRow {
  readonly metric: string
  readonly endpoint: string
  /** Of the log ratios between duets. */
  readonly sd: number
  /** Smallest change found in 4 of 5 cases, by number of duets. */
  readonly detectable: Readonly<Record<string, number>>
}

export interface FalseAlarms {
  readonly alarms: number
  readonly gates: number
  readonly low: number
  readonly high: number
}

const schema: z.ZodType<Calibration> = z.object({
  formatVersion: z.literal(1),
  machine: z.string(),
  measuredUnixMs: z.number(),
  measuredMs: z.number(),
  duets: z.number(),
  rows: z.array(
    z.object({
      metric: z.string(),
      endpoint: z.string(),
      sd: z.number(),
      detectable: z.record(z.string(), z.number()),
    }),
  ),
})

const sizes = [4, 8, 12, 16] as const

export function calibrationOf(
  duets: readonly DuetMeasure[],
  about: Pick<Calibration, 'machine' | 'measuredUnixMs' | 'measuredMs'>,
  judge: JudgeOptions,
): Calibration {
  const { comparisons } = judgeDuets(duets, judge)
  return {
    formatVersion: 1,
    ...about,
    duets: duets.length,
    rows: comparisons.flatMap(({ metric, endpoint, sd }) =>
      sd === null
        ? []
        : [
            {
              metric,
              endpoint,
              sd,
              detectable: Object.fromEntries(sizes.map((n) => [n, detectableChange(sd, n, judge)])),
            },
          ],
    ),
  }
}

/**
 * Gates drawn from these duets, each of `size`, half of them swapped: how many cried wolf. Draws share duets, so the
 * interval counts only as many gates as there are disjoint ones.
 */
export function falseAlarms(
  duets: readonly DuetMeasure[],
  size: number,
  judge: JudgeOptions,
  draws = 200,
): FalseAlarms {
  const random = seededRandom(1)
  const halves = [true, false].map((side) => duets.filter(({ swapped }) => swapped === side))
  let alarms = 0
  for (let draw = 0; draw < draws; draw++) {
    const chosen = halves.flatMap((half) => drawn(half, size / 2, random))
    const { verdict } = judgeDuets(chosen, judge)
    if (verdict === 'regression' || verdict === 'better') alarms++
  }
  const gates = Math.max(1, Math.floor(duets.length / size))
  const { low, high } = wilson((alarms / draws) * gates, gates)
  return { alarms: alarms / draws, gates, low, high }
}

/** @returns undefined when it is none */
export function parseCalibration(text: string): Calibration | undefined {
  try {
    const checked = schema.safeParse(JSON.parse(text))
    return checked.success ? checked.data : undefined
  } catch {
    return undefined
  }
}

/**
 * Why a gate cannot keep what it is asked to promise; undefined when it can, or when nothing is known.
 * @param n  duets that it may make
 */
export function brokenPromise(calibration: Calibration, n: number, judge: JudgeOptions): string | undefined {
  const cpu =
    calibration.rows.find(({ metric }) => metric === 'cpu') ?? calibration.rows.find(({ metric }) => metric === 'p50')
  if (cpu === undefined) return undefined
  const noise = detectableChange(cpu.sd, n, judge)
  // A change of just the margin is passed over in every second case by its estimate alone; a quarter above it is not.
  if (noise <= judge.margin * 1.25) return undefined
  const name = cpu.metric === 'cpu' ? 'CPU per request' : cpu.metric
  const shown = (100 * noise).toFixed(1)
  return `by its calibration this machine finds changes of ${name} from ${shown} % on with ${n} duets, not from ${(100 * judge.margin).toFixed(1)} % on: more duets (-n), a longer measured time (--each), or --margin ${Math.ceil(100 * noise)}`
}

function drawn<T>(from: readonly T[], count: number, random: () => number): T[] {
  const rest = [...from]
  return Array.from(
    { length: Math.min(count, rest.length) },
    () => rest.splice(Math.floor(random() * rest.length), 1)[0]!,
  )
}

/**
 * Which kind of profile a symptom calls for: CPU above 70 % of what the runtime can use, memory that grows, answers that
 * are slow while the CPU is not busy (the mission's table, per core: Node and a Python under the GIL use one).
 */
import type { ProfileKind } from '../take/types.js'
import type { Runtime } from '../take/process.js'

export interface Symptoms {
  readonly runtime: Runtime
  /** CPU of the process, CPU seconds a second. */
  readonly cpuCores: number
  /** Cores that it could use. */
  readonly coresUsable: number
  /** Growth of resident memory over the stretch, as a share of its beginning; undefined when it was too short. */
  readonly memoryGrowth: number | undefined
  /** A threshold on latency is missed, or latency is far above its usual. */
  readonly slow: boolean
}

export interface Wanted {
  readonly kind: ProfileKind
  readonly why: string
}

const quietShare = 0.4
const growth = 0.1

/** Beside the CPU profile, which is always taken. */
export function wantedKinds(symptoms: Symptoms): Wanted[] {
  const { runtime, cpuCores, coresUsable, memoryGrowth, slow } = symptoms
  const share = cpuCores / coresUsable
  const wanted: Wanted[] = []
  if (memoryGrowth !== undefined && memoryGrowth > growth && (runtime === 'node' || runtime === 'go'))
    wanted.push({ kind: 'heap', why: `memory grew by ${Math.round(memoryGrowth * 100)} %` })
  if (slow && share < quietShare) {
    const why = `slow, with ${Math.round(share * 100)} % of the CPU it could use`
    if (runtime === 'go') for (const kind of ['block', 'lock', 'goroutine'] as const) wanted.push({ kind, why })
    if (runtime === 'python') wanted.push({ kind: 'wall', why })
  }
  return wanted
}

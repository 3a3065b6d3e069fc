/** How like production the tested environment is. */
import type { PlanEnvironment } from './schema.js'
import { bytes, figure } from './units.js'

export interface EnvironmentLikeness {
  /** Capacity as a share of production's; undefined where nothing was said. */
  readonly scalingFactor: number | undefined
  /** Each comparison with its numbers, then how they combine. */
  readonly steps: readonly string[]
  readonly caveats: readonly string[]
}

/** Below this share of production's rows, indexes and caches hold what production's cannot. */
const fewRows = 0.1

/**
 * Replicas multiply; within one replica the scarcer of cores and memory decides, because having more of the other does
 * not help. Rows are compared and not multiplied: less data makes a service faster in ways that no factor tells.
 */
export function likeness(environment: PlanEnvironment | undefined): EnvironmentLikeness {
  if (environment === undefined) return { scalingFactor: undefined, steps: [], caveats: [] }
  const { cores, memory, replicas, dataRows } = environment
  const steps: string[] = []
  const compare = (what: string, test: number, production: number, words: readonly [string, string]): number => {
    const ratio = test / production
    steps.push(`${what}: ${words[0]} here, ${words[1]} in production = ${figure(ratio)}`)
    return ratio
  }
  const perReplica: number[] = []
  if (cores !== undefined)
    perReplica.push(compare('cores', cores.test, cores.production, [`${cores.test}`, `${cores.production}`]))
  if (memory !== undefined)
    perReplica.push(compare('memory', bytes(memory.test), bytes(memory.production), [memory.test, memory.production]))
  const copies =
    replicas === undefined
      ? undefined
      : compare('replicas', replicas.test, replicas.production, [`${replicas.test}`, `${replicas.production}`])
  const rows =
    dataRows === undefined
      ? undefined
      : compare('rows', dataRows.test, dataRows.production, [figure(dataRows.test), figure(dataRows.production)])
  const known = perReplica.length > 0 || copies !== undefined
  const computed = known ? Math.min(...(perReplica.length === 0 ? [1] : perReplica)) * (copies ?? 1) : undefined
  if (computed !== undefined) {
    const scarcer =
      perReplica.length > 1 ? `min(${perReplica.map(figure).join(', ')})` : perReplica.map(figure).join('')
    const product = [scarcer, copies === undefined ? '' : figure(copies)].filter((part) => part !== '').join(' x ')
    steps.push(`scaling factor: ${product} = ${figure(computed)} (the scarcer of cores and memory, times replicas)`)
  }
  const said = environment.scalingFactor
  if (said !== undefined && computed !== undefined && Math.abs(said / computed - 1) > 0.01)
    steps.push(`the plan says scalingFactor ${figure(said)}: that is taken`)
  return { scalingFactor: said ?? computed, steps, caveats: caveatsOf(said ?? computed, rows) }
}

function caveatsOf(factor: number | undefined, rows: number | undefined): string[] {
  const caveats: string[] = []
  if (factor !== undefined && factor !== 1)
    caveats.push(
      'Scaling is not linear: locks, shared databases and caches make two machines less than twice one. Scaled numbers are an upper bound to plan with, not a measurement.',
    )
  if (rows !== undefined && rows < fewRows)
    caveats.push(
      `The data is ${figure(rows * 100)} % of production's: it may fit into caches there cannot be in production, so latencies are the best case.`,
    )
  return caveats
}

/** From symptoms to a hypothesis, as the mission's table has it: high CPU, memory that grows, slow with little CPU. */
import type { Evidence } from '#diagnose/evidence.js'
import { ascending } from '#stats/index.js'

export interface Hypothesis {
  readonly symptoms: readonly string[]
  readonly hypothesis: string
  /** Which profiles that calls for. */
  readonly kinds: string
}

/** Of what the runtime can use: one core for Node and for Python under its lock. */
const busy = 0.7
const growing = 0.1

export function hypothesisOf(evidence: Evidence): Hypothesis {
  const { observed, load } = evidence
  const middle = (column: Float64Array | undefined): number | undefined => {
    const known = ascending([...(column ?? [])].filter(Number.isFinite))
    return known[known.length >> 1]
  }
  const cpu = middle(observed.one('target', 'cpu_cores')?.values)
  const runtime = String(evidence.events.find(({ type }) => type === 'target')?.detail['runtime'] ?? '')
  const cores = runtime === 'go' ? (middle(observed.one('host', 'cores')?.values) ?? 1) : 1
  const growth = growthOf(observed.one('target', 'rss_bytes')?.values)
  const p95 = middle(load.p95Ms)
  const symptoms = [
    cpu === undefined ? 'CPU of the target unknown' : `CPU ${Math.round((cpu / cores) * 100)} % of what it can use`,
    growth === undefined ? 'memory unknown' : `memory ${growth >= 0 ? '+' : ''}${Math.round(growth * 100)} %`,
    p95 === undefined ? 'no answers' : `p95 ${p95.toFixed(1)} ms`,
  ]
  // Time for which it was ready to run and had no core: others took it, and nothing can be said of the program.
  const starved = middle(observed.one('target', 'run_delay_ratio')?.values) ?? 0
  if (cpu !== undefined && starved > 0.5 && starved > cpu) {
    return {
      symptoms: [...symptoms, `waited ${starved.toFixed(1)} s a second for a core`],
      hypothesis: 'other programs take the CPU: measure on a quiet machine, or give the target a core of its own',
      kinds: 'CPU, whose shares still hold',
    }
  }
  if (cpu !== undefined && cpu / cores > busy)
    return { symptoms, hypothesis: 'the program computes too much: CPU', kinds: 'CPU' }
  if (growth !== undefined && growth > growing)
    return { symptoms, hypothesis: 'something is kept that should go: memory', kinds: 'heap, and CPU beside it' }
  if (cpu === undefined) return { symptoms, hypothesis: 'none: the target could not be seen', kinds: 'none' }
  return {
    symptoms,
    hypothesis: 'requests wait for something else than the CPU: I/O, a pool, a lock',
    kinds: 'wall, block and query statistics, and CPU beside them',
  }
}

/** From the first tenth to the last, as a share of the first. */
function growthOf(column: Float64Array | undefined): number | undefined {
  const known = [...(column ?? [])].filter(Number.isFinite)
  const n = Math.max(1, Math.floor(known.length / 10))
  if (known.length < 10) return undefined
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length
  const first = mean(known.slice(0, n))
  return (mean(known.slice(-n)) - first) / first
}

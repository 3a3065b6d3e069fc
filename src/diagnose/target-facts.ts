/** The processes under load, as numbers of the steady stretch. */
import type { Evidence } from './evidence.js'
import type { Column } from './grid.js'
import { type Mask, maximum, mean, median } from './measure.js'

export interface TargetFacts {
  /** `target`, `target-2` */
  readonly part: string
  readonly runtime: 'node' | 'python' | 'go' | 'other'
  /** `node server.js`, '' when not known. */
  readonly command: string
  readonly pid: number | undefined
  /** Part of its runtime's readings: `node-2`; undefined when there are none. */
  readonly runtimePart: string | undefined
  /** Mean CPU seconds per second. */
  readonly cpuCores: number | undefined
  readonly cpu: Column | undefined
  /** Cores that it can use: one for what runs on one thread. */
  readonly usableCores: number
  /** Share of the usable cores in use, median over the stretch. */
  readonly cpuUse: number | undefined
  /** Time that its runnable threads waited for a core, per second. */
  readonly runDelay: number | undefined
}

export function targetsOf(evidence: Evidence, mask: Mask): readonly TargetFacts[] {
  const { observed } = evidence
  const told = evidence.events.filter(({ type }) => type === 'target').map(({ detail }) => detail)
  const parts = observed.parts.filter((part) => /^target(-\d+)?$/.test(part))
  if (parts.length === 0 && observed.parts.some((part) => /^(node|python|go)$/.test(part))) parts.push('target')
  return parts.map((part, i): TargetFacts => {
    const suffix = part.replace(/^target/, '')
    const detail = told[i] ?? {}
    const runtimePart = ['node', 'python', 'go']
      .map((name) => name + suffix)
      .find((name) => observed.parts.includes(name))
    const runtime = (runtimePart?.replace(/-\d+$/, '') ?? detail.runtime ?? 'other') as TargetFacts['runtime']
    const one = (metric: string): Column | undefined => observed.one('target', metric, part)?.values
    const cpu = one('cpu_cores')
    const usableCores = usable(evidence, part, runtime, runtimePart, mean(one('processes'), mask) ?? 1, mask)
    const busy = runtime === 'node' ? (one('main_thread_cpu_ratio') ?? cpu) : cpu
    const used = median(busy, mask)
    return {
      part,
      runtime,
      command: typeof detail.command === 'string' ? detail.command : '',
      pid: typeof detail.pid === 'number' ? detail.pid : undefined,
      runtimePart,
      cpuCores: mean(cpu, mask),
      cpu,
      usableCores,
      cpuUse: used === undefined ? undefined : Math.min(1, used / usableCores),
      runDelay: mean(one('run_delay_ratio'), mask),
    }
  })
}

/** Node runs a person's code on one thread, and so does CPython under its lock; Go on GOMAXPROCS; a quota bounds all. */
function usable(
  evidence: Evidence,
  part: string,
  runtime: string,
  runtimePart: string | undefined,
  processes: number,
  mask: Mask,
): number {
  const { observed } = evidence
  const host = evidence.run.environment.hosts[0]?.cores
  const allowed = maximum(observed.one('target', 'cores_allowed', part)?.values, mask) ?? Number.POSITIVE_INFINITY
  const cores = Math.min(allowed, maximum(observed.one('host', 'cores')?.values, mask) ?? host ?? 1)
  const quota = maximum(observed.one('cgroup', 'cpu_limit_cores')?.values, mask) ?? Number.POSITIVE_INFINITY
  const threads = maximum(observed.list('go', 'gomaxprocs', runtimePart)[0]?.values, mask) ?? Number.POSITIVE_INFINITY
  if (runtime === 'node') return Math.min(1, quota)
  if (runtime === 'python') return Math.max(0.1, Math.min(Math.max(1, Math.round(processes)), cores, quota))
  return Math.max(0.1, Math.min(cores, quota, threads))
}

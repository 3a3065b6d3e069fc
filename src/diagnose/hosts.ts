/** Whether something beside target and load held the machine, or the load generator itself was the limit. */
import type { Evidence } from './evidence.js'
import { type Mask, mean, shareAbove } from './measure.js'

export interface Hosts {
  /** The target's machine was busy with others' work: times that depend on CPU say little. Undefined = it was not, or not known. */
  readonly busyWithOthers: { readonly text: string; readonly source: string; readonly value: number } | undefined
  /** The injector could not keep up. */
  readonly injector: { readonly text: string; readonly sure: boolean; readonly value: number | undefined } | undefined
  /** Mean CPU in use of the target's machine, 0..1. */
  readonly cpuRatio: number | undefined
}

/** Others' CPU counts only where the machine has none left to give. */
const fullCpu = 0.85
const othersCores = 0.3
const stolen = 0.05
const starving = 0.3
const saturated = 0.95
/** Time that the target's threads waited for a core, of the CPU time that they got (of 0.1 cores at least). */
const waitedShare = 0.25
const leastCores = 0.1
/** The same of the time that requests were in flight: what waits for seconds elsewhere is not late for want of a core. */
const waitedOfRequests = 0.1

export function hostsOf(evidence: Evidence, mask: Mask): Hosts {
  const host = (metric: string): number | undefined => mean(evidence.observed.one('host', metric)?.values, mask)
  const cpuRatio = host('cpu_ratio')
  const others = host('other_cpu_cores')
  const steal = host('cpu_steal_ratio') ?? mean(evidence.observed.one('injector', 'steal_ratio')?.values, mask)
  const throttled = mean(evidence.observed.one('cgroup', 'cpu_throttled_ratio')?.values, mask)
  let busyWithOthers: Hosts['busyWithOthers']
  if (steal !== undefined && steal > stolen) {
    const text = `the hypervisor gave ${(steal * 100).toFixed(0)} % of the CPU time to others`
    busyWithOthers = { text, source: 'observed/host cpu_steal_ratio', value: steal }
  } else if (
    others !== undefined &&
    others > othersCores &&
    (cpuRatio ?? 0) > fullCpu &&
    waitsForCores(evidence, mask)
  ) {
    const text = `processes that are neither target nor load used ${others.toFixed(1)} cores of a machine that was ${((cpuRatio ?? 0) * 100).toFixed(0)} % busy`
    busyWithOthers = { text, source: 'observed/host other_cpu_cores', value: others }
  } else if (throttled !== undefined && throttled > 0.25) {
    const text = `the CPU quota of the target's control group ran out in ${(throttled * 100).toFixed(0)} % of its periods`
    busyWithOthers = { text, source: 'observed/cgroup cpu_throttled_ratio', value: throttled }
  }
  const delay = mean(evidence.observed.one('target', 'run_delay_ratio')?.values, mask)
  const used = mean(evidence.observed.one('target', 'cpu_cores')?.values, mask)
  // Threads that wait for a core which their own process does not use: somebody else does.
  const isStarved = delay !== undefined && used !== undefined && delay > starving && delay > used
  if (busyWithOthers === undefined && isStarved && waitsForCores(evidence, mask)) {
    const text = `the target's threads waited ${delay.toFixed(1)} s for a core in every second, while it used ${used.toFixed(1)} cores`
    busyWithOthers = { text, source: 'observed/target run_delay_ratio', value: delay }
  }
  return { busyWithOthers, injector: injectorOf(evidence, mask), cpuRatio }
}

/** Others take nothing from a target that hardly waits for a core; where that was not observed, they may. */
function waitsForCores({ observed, load }: Evidence, mask: Mask): boolean {
  const parts = observed.parts.filter((part) => /^target(-\d+)?$/.test(part))
  const inFlight = mean(load.inFlight, mask) ?? 0
  const waits = parts.map((part): boolean => {
    const delay = mean(observed.one('target', 'run_delay_ratio', part)?.values, mask)
    const used = mean(observed.one('target', 'cpu_cores', part)?.values, mask) ?? 0
    if (delay === undefined) return true
    return delay > waitedShare * Math.max(leastCores, used) && delay > waitedOfRequests * inFlight
  })
  return waits.length === 0 || waits.includes(true)
}

function injectorOf(evidence: Evidence, mask: Mask): Hosts['injector'] {
  const { trust } = evidence.run
  const said = (trust?.reasons ?? []).filter((reason) => /^The injector|descriptors|ports/i.test(reason))
  const { observed } = evidence
  const cpu = observed.one('injector', 'cpu_ratio')?.values
  const delay = observed.one('injector', 'run_delay_ratio')?.values
  const busy = cpu?.map((value, i) => value + (Number.isNaN(delay?.[i] ?? Number.NaN) ? 0 : (delay?.[i] as number)))
  const value = mean(busy, mask)
  if (said.length > 0) return { text: said[0] as string, sure: trust?.verdict === 'not-trustworthy', value }
  if (trust !== null && trust !== undefined) return undefined
  const share = shareAbove(busy, saturated, mask) ?? 0
  if (share <= 0.5) return undefined
  const text = `The injector was saturated: a load thread was busy more than 95 % of the time in ${(share * 100).toFixed(0)} % of the seconds.`
  return { text, sure: true, value }
}

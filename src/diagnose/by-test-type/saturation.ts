/** Which resource came to its limit first. */
import { median } from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import type { Column } from '../grid.js'
import { number, percent } from './words.js'

export interface Saturation {
  /** `main thread of the target: 98 % of a core` */
  readonly text: string
  readonly atS: number
}

/** Bins in a row: a single second at the limit is an accident. */
const sustained = 3
/** Share of a limit at which queues before it grow without bound. */
const full = 0.95

/** When a load thread was busy, or waited for a core, all the time: from then on the load is the injector's. */
export function injectorSaturated(evidence: Evidence): Saturation | undefined {
  const cpu = evidence.observed.one('injector', 'cpu_ratio')?.values
  const waited = evidence.observed.one('injector', 'run_delay_ratio')?.values
  if (cpu === undefined) return undefined
  const at = firstSustained(
    cpu,
    (value, i) => value + (waited === undefined || !(waited[i]! > 0) ? 0 : waited[i]!) >= full,
  )
  return at === undefined
    ? undefined
    : { text: `a thread of the load injector: ${percent(cpu[at]!)} of a core`, atS: at * evidence.binS }
}

/** Of the target and what it uses. Undefined where nothing that was observed came to its limit. */
export function firstSaturated(evidence: Evidence): Saturation | undefined {
  // What was full from the start was not filled by this load.
  const risen = (one: Saturation): boolean => one.atS >= 0.1 * evidence.durationS
  const found = [...ratios(evidence), ...counts(evidence), ...plateaus(evidence)].filter(risen)
  return found.reduce<Saturation | undefined>(
    (first, one) => (first === undefined || one.atS < first.atS ? one : first),
    undefined,
  )
}

/** Metrics that are shares of what there is. */
function ratios(evidence: Evidence): Saturation[] {
  const watched = [
    ['target', 'main_thread_cpu_ratio', 'the busiest thread of the target', full],
    ['node', 'event_loop_utilization_ratio', 'the event loop of the target', full],
    ['python', 'gil_held_ratio', "the target's global interpreter lock", full],
    ['host', 'cpu_ratio', "the host's CPU", full],
    ['host', 'disk_busy_ratio', "the host's disk", full],
    ['host', 'memory_used_ratio', "the host's memory", 0.97],
    ['cgroup', 'cpu_throttled_ratio', "the CPU quota of the target's control group (throttled periods)", 0.25],
    ['redis', 'cpu_cores', 'the single thread of Redis', full],
    ['mongodb', 'cache_used_ratio', "MongoDB's cache", full],
  ] as const
  return watched.flatMap(([kind, metric, name, limit]) =>
    evidence.observed.list(kind, metric).flatMap(({ values }) => {
      const at = firstSustained(values, (value) => value >= limit)
      if (at === undefined) return []
      const text = `${name}: ${percent(values[at]!)}`
      return [{ text, atS: at * evidence.binS }]
    }),
  )
}

/** Metrics with a limit beside them. */
function counts(evidence: Evidence): Saturation[] {
  const { observed } = evidence
  const watched = [
    ['target', 'open_fds', 'target', 'fd_limit', 'descriptors of the target'],
    ['target', 'accept_queue', 'target', 'accept_queue_limit', 'accept queue of the target'],
    ['postgres', 'connections', 'postgres', 'connections_limit', 'connections of PostgreSQL'],
    ['mysql', 'connections', 'mysql', 'connections_limit', 'connections of MySQL'],
    ['redis', 'clients', 'redis', 'clients_limit', 'clients of Redis'],
    ['redis', 'memory_bytes', 'redis', 'memory_limit_bytes', 'memory of Redis'],
    ['cgroup', 'cpu_cores', 'cgroup', 'cpu_limit_cores', "CPU quota of the target's control group"],
    ['cgroup', 'memory_bytes', 'cgroup', 'memory_limit_bytes', "memory of the target's control group"],
    ['node', 'heap_used_bytes', 'node', 'heap_limit_bytes', 'heap of the target'],
  ] as const
  return watched.flatMap(([kind, metric, limitKind, limitMetric, name]) => {
    const used = summed(evidence, kind, metric)
    const limit = observed.one(limitKind, limitMetric)?.values
    if (used === undefined || limit === undefined) return []
    const at = firstSustained(used, (value, i) => limit[i]! > 0 && value >= full * limit[i]!)
    if (at === undefined) return []
    return [{ text: `${name}: ${number(used[at]!)} of ${number(limit[at]!)}`, atS: at * evidence.binS }]
  })
}

/**
 * A pool whose size nobody told us shows as a number that rises with the load, then stands still while the load goes on
 * rising: its later half moves by less than a tenth, at a level that it did not have at the start.
 */
function plateaus(evidence: Evidence): Saturation[] {
  const { load, observed, binS, binCount } = evidence
  const watched = [
    ...observed.list('postgres', 'connections_active'),
    ...observed.list('mysql', 'connections_active'),
    ...observed.list('target', 'connections_out'),
    ...observed.list('python', 'threads_active'),
  ]
  const third = Math.floor(binCount / 3)
  return watched.flatMap(({ values, source }) => {
    const early = median(known(values.slice(0, third)))
    const middle = known(values.slice(third, 2 * third))
    const late = known(values.slice(2 * third))
    const level = median([...middle, ...late])
    if (early === undefined || level === undefined || middle.length < 5 || late.length < 5) return []
    const stands = Math.abs(median(late)! - median(middle)!) <= 0.1 * level
    const spread = Math.max(...late) <= 1.15 * level && level >= 2
    const loadRose = (median(known(load.inFlight.slice(2 * third))) ?? 0) > 1.5 * level
    if (!stands || !spread || !loadRose || early > 0.8 * level) return []
    const at = firstSustained(values, (value) => value >= full * level)
    return at === undefined ? [] : [{ text: `a pool of ${number(level)} (${source})`, atS: at * binS }]
  })
}

function summed(evidence: Evidence, kind: string, metric: string): Column | undefined {
  const parts = evidence.observed.list(kind, metric)
  const first = parts[0]
  if (first === undefined) return undefined
  const own = parts.filter(({ part }) => part === first.part)
  return own.length === 1
    ? first.values
    : first.values.map((_, i) => own.reduce((sum, { values }) => sum + (Number.isNaN(values[i]!) ? 0 : values[i]!), 0))
}

function firstSustained(values: Column, holds: (value: number, i: number) => boolean): number | undefined {
  let run = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    run = holds(value, i) ? run + 1 : 0
    if (run === sustained) return i - sustained + 1
  }
  return undefined
}

function known(values: Column): number[] {
  return Array.from(values).filter((value) => !Number.isNaN(value))
}

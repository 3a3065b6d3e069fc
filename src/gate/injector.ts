/**
 * What the injector's own readings say against a run: a saturated core, a late event loop, garbage collection, a
 * machine that served others first, descriptors or ports that ran out.
 */
import { percent, type TrustFault } from './trust-fault.js'

/** One second of the injector; what this system does not tell is undefined. */
export interface InjectorSecond {
  /** Share of its core that each load thread used. */
  readonly threadCpu: readonly number[]
  /** The same with the time in which it waited for a core: at 1 it was never idle. */
  readonly threadBusy: readonly number[]
  /** Share of the time in which the worst load thread waited for a core. */
  readonly runDelay: number | undefined
  /** Worst lateness of a load thread's event loop, ms (p99 of the second). */
  readonly loopLagMs: number
  /** Share of the time that the worst load thread spent in garbage collection. */
  readonly gc: number
  /** Share of the machine's CPU time that its host gave to others, and that a quota withheld. */
  readonly steal: number | undefined
  readonly throttled: number | undefined
  readonly openFds: number | undefined
  readonly fdLimit: number | undefined
  readonly portsLeft: number | undefined
  readonly portsTotal: number | undefined
}

/** Above this share of the time a generator queues its own work. */
const saturatedCpu = 0.95
const busyCpu = 0.85
/** What a core should carry at most, for the advice: leaves room for bursts. */
const comfortableCpu = 0.7
/** Fewer seconds than this say nothing of saturation: a run's first second is start-up. */
const fewestSeconds = 3

/**
 * @param latencyMsP99  of the run's requests: lateness below a fifth of it does not change what it says
 * @param shortfall  what was asked for over what was started, >= 1
 */
export function injectorFaults(
  seconds: readonly InjectorSecond[],
  latencyMsP99: number | undefined,
  shortfall: number,
): TrustFault[] {
  if (seconds.length < fewestSeconds) return []
  return [
    ...cpu(seconds, shortfall),
    ...loop(seconds, latencyMsP99),
    ...garbage(seconds),
    ...machine(seconds),
    ...limits(seconds),
  ]
}

function cpu(seconds: readonly InjectorSecond[], shortfall: number): TrustFault[] {
  const worst = seconds.map(({ threadBusy }) => Math.max(0, ...threadBusy))
  const saturated = shareAbove(worst, saturatedCpu)
  if (saturated > 0.5) {
    return [
      {
        weight: 'bad',
        text: `The injector was saturated: a load thread was busy more than ${percent(saturatedCpu)} of the time in ${percent(saturated)} of the seconds, so latencies include its own queue. ${coresNeeded(seconds, shortfall)}`,
      },
    ]
  }
  const busy = shareAbove(worst, busyCpu)
  if (busy <= 0.2) return []
  return [
    {
      weight: 'doubt',
      text: `The injector was busy: a load thread was busy more than ${percent(busyCpu)} of the time in ${percent(busy)} of the seconds. ${coresNeeded(seconds, shortfall)}`,
    },
  ]
}

/** A closed model asks for no rate: it gets what it can, so only "more than now" is known. */
function coresNeeded(seconds: readonly InjectorSecond[], shortfall: number): string {
  const used = mean(seconds.map(({ threadCpu }) => threadCpu.reduce((sum, ratio) => sum + ratio, 0)))
  const cores = Math.max(Math.ceil((used * shortfall) / comfortableCpu), Math.ceil(used) + 1)
  const threads = Math.max(...seconds.map(({ threadCpu }) => threadCpu.length))
  return `It used ${used.toFixed(1)} cores on ${threads} ${threads === 1 ? 'thread' : 'threads'}; this load takes about ${cores} (--workers ${cores}, or as many cores over several machines with --execution-segment), or less load.`
}

function loop(seconds: readonly InjectorSecond[], latencyMsP99: number | undefined): TrustFault[] {
  const lags = seconds.map(({ loopLagMs }) => loopLagMs)
  const some = Math.max(10, (latencyMsP99 ?? 0) / 5)
  const bad = Math.max(50, latencyMsP99 ?? 0)
  for (const [limit, weight] of [
    [bad, 'bad'],
    [some, 'doubt'],
  ] as const) {
    const share = shareAbove(lags, limit)
    if (share <= 0.2) continue
    const text = `The injector's event loop was late by more than ${limit.toFixed(0)} ms in ${percent(share)} of the seconds.`
    return [{ weight, text }]
  }
  return []
}

function garbage(seconds: readonly InjectorSecond[]): TrustFault[] {
  const share = shareAbove(
    seconds.map(({ gc }) => gc),
    0.15,
  )
  if (share <= 0.2) return []
  return [
    {
      weight: 'doubt',
      text: `The injector spent more than 15 % of its time in garbage collection in ${percent(share)} of the seconds: the script keeps or makes much memory (discardResponseBodies helps).`,
    },
  ]
}

function machine(seconds: readonly InjectorSecond[]): TrustFault[] {
  const faults: TrustFault[] = []
  const add = (values: readonly (number | undefined)[], limit: number, text: (share: string) => string): void => {
    const share = shareAbove(values, limit)
    if (share > 0.2) faults.push({ weight: 'doubt', text: text(percent(share)) })
  }
  add(
    seconds.map(({ runDelay }) => runDelay),
    0.1,
    (share) =>
      `Other processes took the injector's core: a load thread waited for a CPU more than 10 % of the time in ${share} of the seconds. Give it a core of its own, away from the target.`,
  )
  add(
    seconds.map(({ steal }) => steal),
    0.1,
    (share) => `The host took more than 10 % of this machine's CPU (steal) in ${share} of the seconds.`,
  )
  add(
    seconds.map(({ throttled }) => throttled),
    0.05,
    (share) => `A CPU quota (cgroup) throttled the injector in ${share} of the seconds: raise the limit.`,
  )
  return faults
}

function limits(seconds: readonly InjectorSecond[]): TrustFault[] {
  const faults: TrustFault[] = []
  const fds = seconds.find(({ openFds, fdLimit }) => (openFds ?? 0) > 0.9 * (fdLimit ?? Number.POSITIVE_INFINITY))
  if (fds !== undefined) {
    faults.push({
      weight: 'doubt',
      text: `The injector had ${fds.openFds} of ${fds.fdLimit} file descriptors open: raise the limit (ulimit -n).`,
    })
  }
  const ports = seconds.find(({ portsLeft, portsTotal }) => (portsLeft ?? 1) < 0.1 * (portsTotal ?? 0))
  if (ports !== undefined) {
    faults.push({
      weight: 'doubt',
      text: `The injector had ${ports.portsLeft} of ${ports.portsTotal} local ports left: reuse connections, widen net.ipv4.ip_local_port_range, or use more source addresses (--local-ips).`,
    })
  }
  return faults
}

/** Share of the seconds in which something known was above a limit. */
function shareAbove(values: readonly (number | undefined)[], limit: number): number {
  return values.filter((value) => value !== undefined && value > limit).length / Math.max(1, values.length)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

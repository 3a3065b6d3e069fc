import { readdir, readFile } from 'node:fs/promises'
import type { Clock } from '#base/clock.js'
import type { ProcessHealth } from './types.js'

/**
 * Watches the process that makes it, once a second from the coordinator's thread. What Linux tells of descriptors, ports,
 * steal and throttling comes from /proc and the cgroup (v2); elsewhere those are undefined.
 */
export class ProcessWatch {
  readonly #clock: Clock
  readonly #root: string
  #last: Counters | undefined

  /** @param root  in front of /proc and /sys: '' but in tests */
  constructor(clock: Clock, root = '') {
    this.#clock = clock
    this.#root = root
  }

  /** Since the last call; the first only sets the mark and answers undefined. */
  async sample(): Promise<ProcessHealth | undefined> {
    const [now, openFds, fdLimit, ports] = await Promise.all([
      this.#counters(),
      readdir(`${this.#root}/proc/self/fd`).then((names) => names.length, nothing),
      this.#read('/proc/self/limits').then(fdLimitOf),
      this.#ports(),
    ])
    const last = this.#last
    this.#last = now
    if (last === undefined || now.atNs <= last.atNs) return undefined
    const spanNs = now.atNs - last.atNs
    return {
      rssBytes: process.memoryUsage.rss(),
      cpuCores: (now.cpuUs - last.cpuUs) / (spanNs / 1e3),
      openFds,
      fdLimit,
      portsTotal: ports?.total,
      portsLeft: ports === undefined ? undefined : Math.max(0, ports.total - ports.waiting - (openFds ?? ports.inUse)),
      stealRatio: ratio(now.machine, last.machine),
      throttledRatio:
        now.throttledUs === undefined || last.throttledUs === undefined
          ? undefined
          : (now.throttledUs - last.throttledUs) / (spanNs / 1e3),
    }
  }

  async #counters(): Promise<Counters> {
    const [stat, cgroup] = await Promise.all([this.#read('/proc/stat'), this.#read('/sys/fs/cgroup/cpu.stat')])
    const { user, system } = process.cpuUsage()
    return {
      atNs: this.#clock.nowNs(),
      cpuUs: user + system,
      machine: machineTicks(stat),
      throttledUs: numberAfter(cgroup, 'throttled_usec'),
    }
  }

  /** A connection takes one port for each address and port it goes to, and keeps it for a minute in TIME_WAIT. */
  async #ports(): Promise<{ readonly total: number; readonly inUse: number; readonly waiting: number } | undefined> {
    const [range, sockets] = await Promise.all([
      this.#read('/proc/sys/net/ipv4/ip_local_port_range'),
      this.#read('/proc/net/sockstat'),
    ])
    const [low, high] = (range ?? '').trim().split(/\s+/).map(Number)
    const counts = /TCP: inuse (\d+) .*\btw (\d+)/.exec(sockets ?? '')
    if (low === undefined || high === undefined || !(high >= low) || counts === null) return undefined
    return { total: high - low + 1, inUse: Number(counts[1]), waiting: Number(counts[2]) }
  }

  #read(path: string): Promise<string | undefined> {
    return readFile(this.#root + path, 'utf8').catch(nothing)
  }
}

interface Counters {
  readonly atNs: number
  readonly cpuUs: number
  readonly machine: { readonly total: number; readonly steal: number } | undefined
  readonly throttledUs: number | undefined
}

/** The line `cpu` of /proc/stat: user nice system idle iowait irq softirq steal, in ticks (proc(5)). */
function machineTicks(stat: string | undefined): Counters['machine'] {
  const line = /^cpu +(.*)$/m.exec(stat ?? '')?.[1]
  if (line === undefined) return undefined
  const ticks = line.split(' ').slice(0, 8).map(Number)
  return { total: ticks.reduce((sum, value) => sum + value, 0), steal: ticks[7] ?? 0 }
}

function ratio(now: Counters['machine'], last: Counters['machine']): number | undefined {
  if (now === undefined || last === undefined || now.total <= last.total) return undefined
  return (now.steal - last.steal) / (now.total - last.total)
}

function fdLimitOf(limits: string | undefined): number | undefined {
  const soft = /^Max open files +(\d+)/m.exec(limits ?? '')?.[1]
  return soft === undefined ? undefined : Number(soft)
}

function numberAfter(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

function nothing(): undefined {}

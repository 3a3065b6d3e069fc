/** The target's process and all that descend from it, from /proc. */
import type { Clock } from '#base/clock.js'
import type { Reading, Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../types.js'
import { Growth } from './growth.js'
import { list, pageBytes, processStat, processTree, readFields, readText, ticksPerS } from './proc.js'
import { heldSockets, tcpSockets } from './sockets.js'

/** The kernel walks all pages of a process for its proportional share: dear for large ones. */
const pssEveryNs = 10e9
/**
 * The kernel walks its whole table of connections for one read, 10 ms on a large machine however few there are: so it is
 * read at most once in so many times of what it took, and the readings hold meanwhile. On a busy machine it takes longer
 * because it waits, which costs nobody: pools and leaks are not seen in readings that hold for half a run.
 */
const socketShare = 300
const longestHoldNs = 3e9
const maxThreads = 256
const maxPeers = 50

export class TargetCollector implements Collector {
  readonly part = 'target'
  readonly describes: string
  readonly costly = false
  readonly pid: number
  #clock: Clock | undefined
  #growth: Growth | undefined
  #startTicks: number | undefined
  #restarts = 0
  #pss: { readonly bytes: number | undefined; readonly atNs: number } | undefined
  #sockets: { readonly readings: Readings; readonly againNs: number } | undefined
  #peers: readonly string[] = []

  constructor(pid: number, name: string) {
    this.pid = pid
    this.describes = `process ${pid} (${name}) and its children`
  }

  /** `host:port` of whom it is connected to, of the last reading. */
  get peers(): readonly string[] {
    return this.#peers
  }

  // oxlint-disable-next-line require-await -- a collector answers with a promise
  async open({ clock }: CollectorContext): Promise<void> {
    this.#clock = clock
    this.#growth = new Growth(clock)
    this.#readings(this.#growth, clock)
  }

  // oxlint-disable-next-line require-await -- as above
  async read(): Promise<Readings> {
    return this.#readings(this.#growth as Growth, this.#clock as Clock)
  }

  async close(): Promise<void> {}

  #readings(growth: Growth, clock: Clock): Readings {
    const main = processStat(this.pid)
    if (main === undefined || main.state === 'Z') throw new Error(`process ${this.pid} has ended`)
    if (this.#startTicks !== undefined && this.#startTicks !== main.startTicks) this.#restarts++
    this.#startTicks = main.startTicks
    growth.begin()
    const pids = processTree(this.pid)
    return {
      ...this.#processes(growth, pids),
      ...threads(growth, pids),
      ...io(growth, pids),
      pss_bytes: this.#pssBytes(pids, clock),
      fd_limit: fdLimit(this.pid),
      ...this.#socketReadings(pids, clock),
      // Their number alone is cheap, and a leak is seen by how it grows from second to second.
      open_fds: openFds(pids),
      restarts: this.#restarts,
    }
  }

  #processes(growth: Growth, pids: readonly number[]): Readings {
    const sums = { cpu: 0, user: 0, threads: 0, rss: 0, count: 0 }
    let known = false
    for (const pid of pids) {
      const stat = processStat(pid)
      if (stat === undefined) continue
      const key = `${pid} ${stat.startTicks}`
      const user = growth.perS(`user ${key}`, stat.userTicks)
      const system = growth.perS(`system ${key}`, stat.systemTicks)
      if (user !== undefined && system !== undefined) {
        known = true
        sums.user += user / ticksPerS
        sums.cpu += (user + system) / ticksPerS
      }
      sums.threads += stat.threads
      sums.rss += stat.rssPages * pageBytes
      sums.count++
    }
    return {
      cpu_cores: known ? sums.cpu : undefined,
      cpu_user_cores: known ? sums.user : undefined,
      rss_bytes: sums.rss,
      processes: sums.count,
      threads: sums.threads,
    }
  }

  #pssBytes(pids: readonly number[], clock: Clock): number | undefined {
    const nowNs = clock.nowNs()
    if (this.#pss !== undefined && nowNs - this.#pss.atNs < pssEveryNs) return undefined
    const shares = pids.map((pid) => readFields(`/proc/${pid}/smaps_rollup`).get('Pss'))
    const bytes = shares.some((kb) => kb === undefined)
      ? undefined
      : shares.reduce<number>((sum, kb) => sum + (kb as number) * 1024, 0)
    this.#pss = { bytes, atNs: nowNs }
    return bytes
  }

  #socketReadings(pids: readonly number[], clock: Clock): Readings {
    const startedNs = clock.nowNs()
    if (this.#sockets !== undefined && startedNs < this.#sockets.againNs) return this.#sockets.readings
    const readings = this.#countSockets(pids)
    const tookNs = clock.nowNs() - startedNs
    this.#sockets = { readings, againNs: startedNs + Math.min(longestHoldNs, socketShare * tookNs) }
    return readings
  }

  #countSockets(pids: readonly number[]): Readings {
    let known = false
    const own = new Set<string>()
    for (const pid of pids) {
      const held = heldSockets(pid)
      if (held === undefined) continue
      known = true
      for (const inode of held) own.add(inode)
    }
    if (!known) return {}
    const sockets = tcpSockets(this.pid).filter(({ inode }) => own.has(inode))
    const listening = new Set(sockets.filter(({ state }) => state === 'listen').map(({ localPort }) => localPort))
    const established = sockets.filter(({ state }) => state === 'established')
    const out = new Map<string, number>()
    for (const { localPort, remote, remotePort } of established) {
      if (listening.has(localPort)) continue
      const peer = `${remote.includes(':') ? `[${remote}]` : remote}:${remotePort}`
      if (out.size < maxPeers || out.has(peer)) out.set(peer, (out.get(peer) ?? 0) + 1)
    }
    this.#peers = [...out.keys()]
    return {
      sockets: own.size,
      connections_in: established.filter(({ localPort }) => listening.has(localPort)).length,
      connections_out: [...out].map(([peer, value]): { tags: { peer: string }; value: number } => ({
        tags: { peer },
        value,
      })) satisfies Reading,
      accept_queue: sockets.reduce((sum, { state, receiveQueue }) => sum + (state === 'listen' ? receiveQueue : 0), 0),
    }
  }
}

/** Undefined where nobody may look. */
function openFds(pids: readonly number[]): number | undefined {
  const count = pids.reduce((sum, pid) => sum + list(`/proc/${pid}/fd`).length, 0)
  return count === 0 ? undefined : count
}

/** By thread: the busiest one, and how long runnable ones waited for a core (kernel.org, "Scheduler Statistics"). */
function threads(growth: Growth, pids: readonly number[]): Readings {
  let busiest: number | undefined
  let waited: number | undefined
  let left = maxThreads
  let voluntary: number | undefined
  let involuntary: number | undefined
  for (const pid of pids) {
    for (const task of list(`/proc/${pid}/task`)) {
      if (left-- <= 0) break
      const dir = `/proc/${pid}/task/${task}`
      const [ran, delayed] = (readText(`${dir}/schedstat`) ?? '').split(' ').map(Number)
      const cpu = growth.perS(`ran ${task}`, ran)
      const delay = growth.perS(`delayed ${task}`, delayed)
      if (cpu !== undefined) busiest = Math.max(busiest ?? 0, cpu / 1e9)
      if (delay !== undefined) waited = (waited ?? 0) + delay / 1e9
      const status = readText(`${dir}/status`) ?? ''
      voluntary = add(voluntary, growth.perS(`voluntary ${task}`, switches(status, 'voluntary')))
      involuntary = add(involuntary, growth.perS(`involuntary ${task}`, switches(status, 'nonvoluntary')))
    }
  }
  return {
    main_thread_cpu_ratio: busiest,
    run_delay_ratio: waited,
    voluntary_switches_per_s: voluntary,
    involuntary_switches_per_s: involuntary,
  }
}

function switches(status: string, kind: string): number | undefined {
  const text = new RegExp(`^${kind}_ctxt_switches:\\s+(\\d+)`, 'm').exec(status)?.[1]
  return text === undefined ? undefined : Number(text)
}

function add(sum: number | undefined, more: number | undefined): number | undefined {
  return more === undefined ? sum : (sum ?? 0) + more
}

function io(growth: Growth, pids: readonly number[]): Readings {
  let read: number | undefined
  let write: number | undefined
  for (const pid of pids) {
    const fields = readFields(`/proc/${pid}/io`)
    read = add(read, growth.perS(`read ${pid}`, fields.get('read_bytes')))
    write = add(write, growth.perS(`write ${pid}`, fields.get('write_bytes')))
  }
  return { read_bytes_per_s: read, write_bytes_per_s: write }
}

function fdLimit(pid: number): number | undefined {
  const text = /^Max open files\s+(\d+)/m.exec(readText(`/proc/${pid}/limits`) ?? '')?.[1]
  return text === undefined ? undefined : Number(text)
}

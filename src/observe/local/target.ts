/** The target's process and all that descend from it, from /proc. */
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../types.js'
import { backlogs } from './backlogs.js'
import { Growth } from './growth.js'
import { Paced } from './paced.js'
import { list, pageBytes, processStat, processTree, readFields, readText, ticksPerS } from './proc.js'
import { acceptQueues, heldSockets, tcpSockets } from './sockets.js'

/** The kernel walks all pages of a process for its proportional share: dear for large ones. */
const pssEveryNs = 10e9
const maxThreads = 256
const maxPeers = 50

export class TargetCollector implements Collector {
  readonly part = 'target'
  readonly describes: string
  readonly costly = false
  readonly pid: number
  readonly #restarts: number
  readonly #startTicks: number | undefined
  #growth: Growth | undefined
  #tree: Paced | undefined
  #paced: readonly Paced[] = []
  #pids: readonly number[] = []
  #peers: readonly string[] = []
  #listening: ReadonlySet<string> = new Set()
  #backlogs: ReadonlyMap<string, number> = new Map()

  /** @param restarts  how often another process was found in its place before */
  constructor(pid: number, name: string, restarts = 0) {
    this.pid = pid
    this.describes = `process ${pid} (${name}) and its children`
    this.#restarts = restarts
    this.#startTicks = processStat(pid)?.startTicks
  }

  /** `host:port` of whom it is connected to, of the last reading. */
  get peers(): readonly string[] {
    return this.#peers
  }

  /** The process and its children. */
  get pids(): readonly number[] {
    return this.#pids
  }

  async open({ clock }: CollectorContext): Promise<void> {
    this.#growth = new Growth(clock)
    this.#tree = new Paced(clock, () => {
      this.#pids = processTree(this.pid)
      return {}
    })
    this.#paced = [
      new Paced(clock, threads),
      new Paced(clock, (_, pids) => this.#sockets(pids)),
      // Their number alone is cheaper, and a leak is seen by how it grows from second to second.
      new Paced(clock, (_, pids) => ({ open_fds: openFds(pids) })),
      new Paced(clock, (_, pids) => ({ pss_bytes: pssBytes(pids) }), { atLeastNs: pssEveryNs }),
    ]
    this.#readings(this.#growth)
    this.#backlogs = await backlogs(this.pid)
  }

  // oxlint-disable-next-line require-await -- a collector answers with a promise
  async read(): Promise<Readings> {
    return this.#readings(this.#growth as Growth)
  }

  async close(): Promise<void> {}

  #readings(growth: Growth): Readings {
    const main = processStat(this.pid)
    // A later process may have its number.
    const gone = main === undefined || main.state === 'Z' || main.startTicks !== this.#startTicks
    if (gone) throw new Error(`process ${this.pid} has ended`)
    this.#tree?.readings([])
    const pids = this.#pids
    growth.begin()
    return {
      ...processes(growth, pids),
      ...io(growth, pids),
      fd_limit: fdLimit(this.pid),
      cores_allowed: coresAllowed(this.pid),
      ...Object.assign({}, ...this.#paced.map((paced) => paced.readings(pids))),
      ...this.#acceptQueue(),
      restarts: this.#restarts,
    }
  }

  #sockets(pids: readonly number[]): Readings {
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
    const listening = sockets.filter(({ state }) => state === 'listen')
    const ports = new Set(listening.map(({ localPort }) => localPort))
    const established = sockets.filter(({ state }) => state === 'established')
    const out = new Map<string, number>()
    for (const { localPort, remote, remotePort } of established) {
      if (ports.has(localPort)) continue
      const peer = `${remote.includes(':') ? `[${remote}]` : remote}:${remotePort}`
      if (out.size < maxPeers || out.has(peer)) out.set(peer, (out.get(peer) ?? 0) + 1)
    }
    this.#listening = new Set(listening.map(({ inode }) => inode))
    this.#peers = [...out.keys()]
    return {
      sockets: own.size,
      connections_in: established.filter(({ localPort }) => ports.has(localPort)).length,
      connections_out: [...out].map(([peer, value]) => ({ tags: { peer }, value })),
    }
  }

  #acceptQueue(): Readings {
    if (this.#listening.size === 0) return {}
    let waiting = 0
    let fullest = { share: -1, limit: undefined as number | undefined }
    for (const [inode, queue] of acceptQueues(this.pid, this.#listening)) {
      waiting += queue
      const limit = this.#backlogs.get(inode)
      const share = limit === undefined || limit === 0 ? -1 : queue / limit
      if (share > fullest.share) fullest = { share, limit }
    }
    return { accept_queue: waiting, accept_queue_limit: fullest.limit }
  }
}

function processes(growth: Growth, pids: readonly number[]): Readings {
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

function pssBytes(pids: readonly number[]): number | undefined {
  const shares = pids.map((pid) => readFields(`/proc/${pid}/smaps_rollup`).get('Pss'))
  return shares.some((kb) => kb === undefined)
    ? undefined
    : shares.reduce<number>((sum, kb) => sum + (kb as number) * 1024, 0)
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

/** `Cpus_allowed_list:	0-1,4`, as taskset and container runtimes set it. */
function coresAllowed(pid: number): number | undefined {
  const text = /^Cpus_allowed_list:\s*(\S+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]
  if (text === undefined) return undefined
  const count = text.split(',').reduce((sum, part) => {
    const [from = Number.NaN, to = from] = part.split('-').map(Number)
    return sum + to - from + 1
  }, 0)
  return count > 0 ? count : undefined
}

/** The machine: CPU by mode, run queue, memory, disks, network, TCP, pressure (proc(5); kernel.org, "PSI"). */
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../types.js'
import { Growth } from './growth.js'
import { list, processStat, processTree, readFields, readPaired, readText, ticksPerS } from './proc.js'

export interface Bystanders {
  /** Processes whose CPU is expected: target, its databases, ourselves. */
  readonly expected: readonly number[]
}

export class HostCollector implements Collector {
  readonly part = 'host'
  readonly describes = 'this machine, from /proc'
  readonly costly = false
  readonly #bystanders: Bystanders
  #growth: Growth | undefined

  constructor(bystanders: Bystanders) {
    this.#bystanders = bystanders
  }

  // oxlint-disable-next-line require-await -- a collector answers with a promise
  async open({ clock }: CollectorContext): Promise<void> {
    this.#growth = new Growth(clock)
    this.#readings(this.#growth)
  }

  // oxlint-disable-next-line require-await -- as above
  async read(): Promise<Readings> {
    return this.#readings(this.#growth as Growth)
  }

  async close(): Promise<void> {}

  #readings(growth: Growth): Readings {
    growth.begin()
    const tcp = readPaired('/proc/net/snmp', 'Tcp')
    const sent = growth.perS('sent', tcp.get('OutSegs'))
    const again = growth.perS('again', tcp.get('RetransSegs'))
    const [load] = (readText('/proc/loadavg') ?? '').split(' ')
    return {
      ...this.#cpu(growth),
      ...memory(growth),
      load_1m: load === undefined || load === '' ? undefined : Number(load),
      ...disks(growth),
      ...interfaces(growth),
      tcp_retransmit_ratio: sent === undefined || again === undefined || sent === 0 ? undefined : again / sent,
      tcp_listen_overflows_per_s: growth.perS(
        'overflows',
        readPaired('/proc/net/netstat', 'TcpExt').get('ListenOverflows'),
      ),
      psi_cpu_some_ratio: pressure(growth, 'cpu'),
      psi_memory_some_ratio: pressure(growth, 'memory'),
      psi_io_some_ratio: pressure(growth, 'io'),
    }
  }

  #cpu(growth: Growth): Readings {
    const text = readText('/proc/stat') ?? ''
    const cores = (text.match(/^cpu\d+ /gm) ?? []).length
    const ticks = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').map(Number)
    const [user, nice, system, , iowait, irq, softirq, steal] = ticks.map((total, i) => growth.perS(`cpu${i}`, total))
    const share = (...parts: (number | undefined)[]): number | undefined =>
      parts.some((part) => part === undefined) || cores === 0
        ? undefined
        : Math.min(1, parts.reduce<number>((sum, part) => sum + (part as number), 0) / ticksPerS / cores)
    const busy = share(user, nice, system, irq, softirq)
    return {
      cores,
      cpu_ratio: busy,
      cpu_user_ratio: share(user, nice),
      cpu_system_ratio: share(system, irq, softirq),
      cpu_iowait_ratio: share(iowait),
      cpu_steal_ratio: share(steal),
      other_cpu_cores: busy === undefined ? undefined : this.#others(growth, busy * cores),
      run_queue: Number(/^procs_running (\d+)/m.exec(text)?.[1] ?? Number.NaN) || undefined,
    }
  }

  /** What is left of the machine's CPU when the expected processes are taken off. */
  #others(growth: Growth, busyCores: number): number {
    let expected = 0
    for (const pid of new Set(this.#bystanders.expected.flatMap(processTree))) {
      const stat = processStat(pid)
      if (stat !== undefined)
        expected +=
          (growth.perS(`process ${pid} ${stat.startTicks}`, stat.userTicks + stat.systemTicks) ?? 0) / ticksPerS
    }
    return Math.max(0, busyCores - expected)
  }
}

function memory(growth: Growth): Readings {
  const fields = readFields('/proc/meminfo')
  const total = fields.get('MemTotal')
  const available = fields.get('MemAvailable')
  return {
    memory_used_ratio: total === undefined || available === undefined ? undefined : 1 - available / total,
    memory_available_bytes: available === undefined ? undefined : available * 1024,
    swap_in_pages_per_s: growth.perS('swap', readFields('/proc/vmstat').get('pswpin')),
  }
}

const sectorBytes = 512
const maxDevices = 16

/** Whole devices, no partitions, nothing that is itself memory or a file. */
function disks(growth: Growth): Readings {
  const devices = new Set(list('/sys/block').filter((name) => !/^(loop|ram|zram|sr|fd)\d/.test(name)))
  const rows = (readText('/proc/diskstats') ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , name]) => name !== undefined && devices.has(name))
    .slice(0, maxDevices)
  const each = (column: number, scale: number, name: string): Readings[string] =>
    rows.flatMap((words) => {
      const device = words[2] as string
      const perS = growth.perS(`${name} ${device}`, Number(words[column]))
      return perS === undefined ? [] : [{ tags: { device }, value: perS * scale }]
    })
  return {
    disk_read_bytes_per_s: each(5, sectorBytes, 'read'),
    disk_write_bytes_per_s: each(9, sectorBytes, 'write'),
    disk_busy_ratio: each(12, 1e-3, 'busy'),
  }
}

function interfaces(growth: Growth): Readings {
  const rows = (readText('/proc/net/dev') ?? '')
    .split('\n')
    .slice(2)
    .map((line) => line.trim().split(/[:\s]+/))
    .filter(([name]) => name !== undefined && name !== '')
    .slice(0, maxDevices)
  const each = (column: number): Readings[string] =>
    rows.flatMap((words) => {
      const perS = growth.perS(`net ${column} ${words[0]}`, Number(words[column]))
      return perS === undefined ? [] : [{ tags: { interface: words[0] as string }, value: perS }]
    })
  return { net_receive_bytes_per_s: each(1), net_transmit_bytes_per_s: each(9) }
}

function pressure(growth: Growth, of: string): number | undefined {
  const microseconds = /^some .*total=(\d+)/m.exec(readText(`/proc/pressure/${of}`) ?? '')?.[1]
  const perS = growth.perS(`psi ${of}`, microseconds === undefined ? undefined : Number(microseconds))
  return perS === undefined ? undefined : perS / 1e6
}

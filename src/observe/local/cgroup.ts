/** The limits of a process's control group and how near it is to them (kernel.org, "Control Group v2" and "v1"). */
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../types.js'
import { Growth } from './growth.js'
import { readFields, readNumber, readText } from './proc.js'

interface Group {
  readonly cpuLimitCores: number | undefined
  readonly memoryLimitBytes: number | undefined
  read(growth: Growth): Readings
}

export class CgroupCollector implements Collector {
  readonly part = 'cgroup'
  readonly describes: string
  readonly costly = false
  readonly #group: Group
  #growth: Growth | undefined

  private constructor(pid: number, group: Group) {
    this.describes = `the control group of process ${pid}`
    this.#group = group
  }

  /** Its quota. */
  get cpuLimitCores(): number | undefined {
    return this.#group.cpuLimitCores
  }

  /** Undefined when the process is in no group with a limit. */
  static of(pid: number): CgroupCollector | undefined {
    // A hybrid machine has both, with the limits in one of them.
    const group = [version2(pid), version1(pid)].find(
      (one) => one?.cpuLimitCores !== undefined || one?.memoryLimitBytes !== undefined,
    )
    return group === undefined ? undefined : new CgroupCollector(pid, group)
  }

  // oxlint-disable-next-line require-await -- a collector answers with a promise
  async open({ clock }: CollectorContext): Promise<void> {
    this.#growth = new Growth(clock)
    this.#growth.begin()
    this.#group.read(this.#growth)
  }

  // oxlint-disable-next-line require-await -- as above
  async read(): Promise<Readings> {
    const growth = this.#growth as Growth
    growth.begin()
    return {
      cpu_limit_cores: this.#group.cpuLimitCores,
      memory_limit_bytes: this.#group.memoryLimitBytes,
      ...this.#group.read(growth),
    }
  }

  async close(): Promise<void> {}
}

function version2(pid: number): Group | undefined {
  const path = /^0::(.*)$/m.exec(readText(`/proc/${pid}/cgroup`) ?? '')?.[1]
  if (path === undefined) return undefined
  const dir = `/sys/fs/cgroup${path}`
  const [quota, period] = (readText(`${dir}/cpu.max`) ?? 'max 1').trim().split(' ')
  return {
    cpuLimitCores: quota === 'max' || quota === undefined ? undefined : Number(quota) / Number(period),
    memoryLimitBytes: readNumber(`${dir}/memory.max`),
    read(growth) {
      const cpu = readFields(`${dir}/cpu.stat`)
      const used = growth.perS('cpu', cpu.get('usage_usec'))
      return {
        cpu_cores: used === undefined ? undefined : used / 1e6,
        cpu_throttled_ratio: throttled(growth, cpu),
        memory_bytes: readNumber(`${dir}/memory.current`),
        memory_limit_hits_per_s: growth.perS('hits', readFields(`${dir}/memory.events`).get('max')),
      }
    },
  }
}

/** Version 1 says "no limit" by a number near 2^63. */
const noLimit = 2 ** 60

function version1(pid: number): Group | undefined {
  const text = readText(`/proc/${pid}/cgroup`) ?? ''
  const pathOf = (controller: string): string | undefined => {
    const path = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(text)?.[1]
    return path === undefined ? undefined : `/sys/fs/cgroup/${controller}${path}`
  }
  const cpu = pathOf('cpu')
  const memory = pathOf('memory')
  if (cpu === undefined && memory === undefined) return undefined
  const quota = Number(readText(`${cpu}/cpu.cfs_quota_us`) ?? -1)
  const limit = readNumber(`${memory}/memory.limit_in_bytes`)
  return {
    cpuLimitCores: quota > 0 ? quota / (readNumber(`${cpu}/cpu.cfs_period_us`) ?? 100_000) : undefined,
    memoryLimitBytes: limit === undefined || limit > noLimit ? undefined : limit,
    read(growth) {
      const used = growth.perS('cpu', readNumber(`${pathOf('cpuacct')}/cpuacct.usage`))
      return {
        cpu_cores: used === undefined ? undefined : used / 1e9,
        cpu_throttled_ratio: throttled(growth, readFields(`${cpu}/cpu.stat`)),
        memory_bytes: readNumber(`${memory}/memory.usage_in_bytes`),
        memory_limit_hits_per_s: growth.perS('hits', readNumber(`${memory}/memory.failcnt`)),
      }
    },
  }
}

function throttled(growth: Growth, stat: ReadonlyMap<string, number>): number | undefined {
  const periods = growth.perS('periods', stat.get('nr_periods'))
  const out = growth.perS('throttled', stat.get('nr_throttled'))
  return periods === undefined || out === undefined || periods === 0 ? undefined : out / periods
}

/** CPU time of a process and its descendants, from /proc (proc(5); Documentation/scheduler/sched-stats). */
import { list, processStat, processTree, readText, ticksPerS } from '#observe/local/proc.js'
import { pageBytes } from '#observe/local/proc.js'

/**
 * Nanoseconds on a CPU, per thread from schedstat, which is exact; where the kernel keeps none, or where threads and
 * processes have come and gone, the ticks of `stat`, which know the dead but only in steps of 10 ms.
 */
export class TreeCpu {
  readonly #root: number
  readonly #lastNs = new Map<string, number>()
  readonly #firstTicks: number
  #sumNs = 0

  constructor(root: number) {
    this.#root = root
    this.#firstTicks = ticksOf(root) ?? 0
    this.#read(true)
  }

  /** Since it was made; undefined when the process is gone or the system has no /proc. */
  usedNs(): number | undefined {
    const ticks = ticksOf(this.#root)
    if (ticks === undefined) return undefined
    const seen = this.#read(false)
    const byTicksNs = ((ticks - this.#firstTicks) / ticksPerS) * 1e9
    // More than rounding: something has lived and died between two looks.
    return !seen || byTicksNs > this.#sumNs * 1.02 + 40e6 ? byTicksNs : this.#sumNs
  }

  #read(isFirst: boolean): boolean {
    let seen = false
    for (const pid of processTree(this.#root)) {
      for (const task of list(`/proc/${pid}/task`)) {
        const ns = Number(readText(`/proc/${pid}/task/${task}/schedstat`)?.split(' ')[0])
        if (!Number.isFinite(ns)) continue
        seen = true
        const before = this.#lastNs.get(task)
        this.#lastNs.set(task, ns)
        if (isFirst) continue
        this.#sumNs += Math.max(0, ns - (before ?? 0))
      }
    }
    return seen
  }
}

/** User and system time of the tree and of the children that it has waited for. */
function ticksOf(root: number): number | undefined {
  let sum: number | undefined
  for (const pid of processTree(root)) {
    const text = readText(`/proc/${pid}/stat`)
    if (text === undefined) continue
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    sum = (sum ?? 0) + [11, 12, 13, 14].reduce((all, at) => all + Number(fields[at]), 0)
  }
  return sum
}

/** Memory in use by the tree; shared pages count in each process. */
export function rssOf(root: number): number | undefined {
  const pages = processTree(root).map((pid) => processStat(pid)?.rssPages)
  const known = pages.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) * pageBytes
}

/** Busy and total ticks of the whole machine since boot. */
export function machineTicks(): { readonly busy: number; readonly total: number } | undefined {
  const line = /^cpu +(.*)$/m.exec(readText('/proc/stat') ?? '')?.[1]
  if (line === undefined) return undefined
  const values = line.split(' ').slice(0, 8).map(Number)
  const total = values.reduce((sum, value) => sum + value, 0)
  return { total, busy: total - (values[3] ?? 0) - (values[4] ?? 0) }
}

/** What /proc tells of a Go program that its pages do not. */
import { CgroupCollector } from '../local/cgroup.js'
import { goVersion } from '../local/go-version.js'
import { processStat, readText, ticksPerS } from '../local/proc.js'
import type { GoProcess } from './go-memory.js'

export function goProcess(pid: number | undefined): GoProcess {
  const gogc = pid === undefined ? undefined : variable(pid, 'GOGC')
  const percent = Number(gogc)
  return { startedUnixMs: pid === undefined ? undefined : startedUnixMs(pid), growPercent: percent > 0 ? percent : 100 }
}

/**
 * Threads that may run Go code at once, as the runtime sets it (pkg.go.dev/runtime#GOMAXPROCS): GOMAXPROCS, else the cores it may
 * use, since Go 1.25 no more than its control group's quota. A program that sets another number by itself is not seen.
 */
export function goMaxProcs(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  const set = Number(variable(pid, 'GOMAXPROCS'))
  if (set > 0) return set
  const mask = /^Cpus_allowed:\s*([0-9a-f,]+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]
  if (mask === undefined) return undefined
  const bits = BigInt(`0x${mask.replaceAll(',', '')}`).toString(2)
  const cores = Math.min(bits.replaceAll('0', '').length, onlineCores())
  const quota = readsQuota(pid) ? CgroupCollector.of(pid)?.cpuLimitCores : undefined
  return quota === undefined ? cores : Math.min(cores, Math.max(2, Math.ceil(quota)))
}

function readsQuota(pid: number): boolean {
  const [, minor] = /^go1\.(\d+)/.exec(goVersion(`/proc/${pid}/exe`) ?? '') ?? []
  return Number(minor) >= 25
}

function onlineCores(): number {
  return (readText('/proc/stat')?.match(/^cpu\d+ /gm) ?? []).length || Number.POSITIVE_INFINITY
}

function startedUnixMs(pid: number): number | undefined {
  const boot = /^btime (\d+)/m.exec(readText('/proc/stat') ?? '')?.[1]
  const ticks = processStat(pid)?.startTicks
  return boot === undefined || ticks === undefined ? undefined : (Number(boot) + ticks / ticksPerS) * 1000
}

function variable(pid: number, name: string): string | undefined {
  const text = `\0${readText(`/proc/${pid}/environ`) ?? ''}`
  return new RegExp(`\0${name}=([^\0]*)`).exec(text)?.[1]
}

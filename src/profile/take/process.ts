/**
 * What /proc tells of a process before anything touches it (proc(5)): which runtime it is, whose it is, where it listens.
 * A process is never signalled on a guess.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { unusable } from './errors.js'

export type Runtime = 'node' | 'python' | 'go' | 'other'

export interface TargetProcess {
  readonly pid: number
  readonly runtime: Runtime
  /** Path of the executable; undefined when we may not look. */
  readonly exe: string | undefined
  readonly commandLine: readonly string[]
  /** Its pid as it sees itself, when it is in a container. */
  readonly innerPid: number
  readonly uid: number
  /** Signals that it handles, as a bit set (bit 0 = signal 1). */
  readonly caught: bigint
  /** SIGUSR1 would end a process that does not catch it. */
  readonly catchesSigusr1: boolean
}

const sigusr1 = 10n

/** @throws PW_PROFILE_NO_PROCESS, PW_PROFILE_NOT_LINUX */
export function inspectProcess(pid: number): TargetProcess {
  const status = read(`/proc/${pid}/status`)
  if (status === undefined) {
    if (read('/proc/self/status') === undefined) {
      throw unusable(
        'PW_PROFILE_NOT_LINUX',
        'Profiling by pid needs /proc, which this system does not have.',
        'give the address of the profiler instead: --url http://127.0.0.1:9229 or :6060',
      )
    }
    throw unusable(
      'PW_PROFILE_NO_PROCESS',
      `There is no process ${pid}.`,
      'check the pid (pgrep -af NAME); in a container use the pid as the host sees it',
    )
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
  const commandLine = (read(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '')
  const exe = link(`/proc/${pid}/exe`)
  const caught = BigInt(`0x${field('SigCgt') || '0'}`)
  return {
    pid,
    exe,
    commandLine,
    runtime: runtimeOf(pid, exe, commandLine),
    innerPid: Number(field('NSpid').split(/\s+/).at(-1) || pid),
    uid: Number(field('Uid').split(/\s+/)[0]),
    caught,
    catchesSigusr1: (caught & (1n << (sigusr1 - 1n))) !== 0n,
  }
}

export function isAlive(pid: number): boolean {
  const state = /^State:\s*(\S)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** CPU time of a process in nanoseconds, all threads, from the kernel's ticks (1/100 s); undefined when it is gone. */
export function cpuTimeNs(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 1e7
}

/** TCP ports on which a process listens, IPv4 and IPv6. Empty when we may not look at its descriptors. */
export function listeningPorts(pid: number): number[] {
  const inodes = new Set<string>()
  for (const fd of list(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const ports = new Set<number>()
  for (const table of ['tcp', 'tcp6']) {
    for (const line of (read(`/proc/${pid}/net/${table}`) ?? '').split('\n').slice(1)) {
      const words = line.trim().split(/\s+/)
      // 0A: TCP_LISTEN
      if (words[3] === '0A' && inodes.has(words[9] ?? ''))
        ports.add(Number.parseInt((words[1] ?? '').split(':')[1] ?? '', 16))
    }
  }
  return [...ports].sort((a, b) => a - b)
}

function runtimeOf(pid: number, exe: string | undefined, commandLine: readonly string[]): Runtime {
  const name = basename((exe ?? commandLine[0] ?? '').replace(/ \(deleted\)$/, ''))
  if (/^node(js)?(-?\d+)?$/.test(name)) return 'node'
  if (/^(python|pypy)[\d.]*t?$/.test(name)) return 'python'
  const maps = read(`/proc/${pid}/maps`) ?? ''
  if (/libnode\.so/.test(maps)) return 'node'
  if (/libpython[\d.]+t?\.so/.test(maps)) return 'python'
  return isGo(`/proc/${pid}/exe`) ? 'go' : 'other'
}

/** Go writes `\xff Go buildinf:` into every binary, near the start of its data (debug/buildinfo). */
function isGo(path: string): boolean {
  try {
    return readFileSync(path).includes('\xff Go buildinf:', 0, 'latin1')
  } catch {
    return false
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** The first process of a tree, breadth first, whose runtime can be profiled; one that listens goes before one that does not. */
export function findInTree(root: number): number | undefined {
  const found: number[] = []
  const open = [root]
  for (let pid = open.shift(); pid !== undefined; pid = open.shift()) {
    if (!isAlive(pid)) continue
    const { runtime, catchesSigusr1 } = inspectProcess(pid)
    // Node takes the signal only once it is up.
    if (runtime === 'python' || runtime === 'go' || (runtime === 'node' && catchesSigusr1)) found.push(pid)
    for (const task of list(`/proc/${pid}/task`)) {
      open.push(...(read(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number))
    }
  }
  return found.find((pid) => listeningPorts(pid).length > 0) ?? found.at(-1)
}

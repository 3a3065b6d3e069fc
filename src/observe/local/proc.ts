/** /proc and /sys as text (proc(5)). What is not there, or not ours to read, is undefined. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

export function readNumber(path: string): number | undefined {
  const text = readText(path)?.trim()
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
}

export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

export function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** `name value` lines. */
export function readFields(path: string): Map<string, number> {
  const fields = new Map<string, number>()
  for (const line of (readText(path) ?? '').split('\n')) {
    const match = /^(\S+?):?\s+(\d+)/.exec(line)
    if (match !== null) fields.set(match[1] as string, Number(match[2]))
  }
  return fields
}

/** Pairs of lines, names above values, as in /proc/net/snmp: the values of one protocol. */
export function readPaired(path: string, protocol: string): Map<string, number> {
  const lines = (readText(path) ?? '').split('\n').filter((line) => line.startsWith(`${protocol}:`))
  const [names = '', values = ''] = lines
  const numbers = values.split(' ')
  return new Map(names.split(' ').map((name, i) => [name, Number(numbers[i])]))
}

/** A process and all that descend from it, parents first. */
export function processTree(root: number): number[] {
  const found: number[] = []
  const open = [root]
  for (let pid = open.shift(); pid !== undefined && found.length < 1000; pid = open.shift()) {
    if (found.includes(pid)) continue
    found.push(pid)
    for (const task of list(`/proc/${pid}/task`)) {
      const children = readText(`/proc/${pid}/task/${task}/children`) ?? ''
      open.push(...children.split(' ').filter(Boolean).map(Number))
    }
  }
  return found
}

export interface ProcessStat {
  readonly state: string
  readonly parent: number
  /** Clock ticks of 1/100 s. */
  readonly userTicks: number
  readonly systemTicks: number
  readonly threads: number
  readonly rssPages: number
  /** Ticks since boot: with the pid, it tells one process from a later one. */
  readonly startTicks: number
}

export function processStat(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    userTicks: Number(fields[11]),
    systemTicks: Number(fields[12]),
    threads: Number(fields[17]),
    startTicks: Number(fields[19]),
    rssPages: Number(fields[21]),
  }
}

export const pageBytes = 4096
export const ticksPerS = 100

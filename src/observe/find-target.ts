/** Which process of this machine a script talks to, and what it is. */
import { basename } from 'node:path'
import { inspectProcess, type Runtime } from '#profile/take/process.js'
import { goVersion } from './local/go-version.js'
import { processStat, processTree, readText } from './local/proc.js'
import { heldSockets, listenerOf, tcpSockets } from './local/sockets.js'

export interface FoundTarget {
  readonly pid: number
  /** Where the target's code runs: a worker of a cluster or of a pre-forking server, the program below `npm start`. */
  readonly runtimePid: number
  readonly runtime: Runtime
  /** As far as the files of the process tell. */
  readonly version: string | undefined
  readonly command: string
  readonly how: string
}

const maxPorts = 20

/** Ports of this machine that a text names: `http://localhost:3000/x`, `127.0.0.1:8080`. */
export function loopbackPorts(text: string): number[] {
  const ports = new Set<number>()
  for (const [, scheme, port] of text.matchAll(
    /(?:\b(https?|wss?|grpc):\/\/)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0)(?::(\d{1,5}))?\b/g,
  )) {
    if (port === undefined && scheme === undefined) continue
    const number = port === undefined ? (scheme === 'https' || scheme === 'wss' ? 443 : 80) : Number(port)
    if (number > 0 && number < 65_536 && ports.size < maxPorts) ports.add(number)
  }
  return [...ports]
}

/** Undefined when nobody of this machine listens there, or we ourselves do. */
export function targetOnPort(port: number): FoundTarget | undefined {
  const pid = listenerOf(port)
  if (pid === undefined || pid === process.pid) return undefined
  return describeTarget(pid, `listens on port ${port}`)
}

/** @throws PW_PROFILE_NO_PROCESS */
export function describeTarget(pid: number, how: string): FoundTarget {
  const { commandLine } = inspectProcess(pid)
  const runtimePid = whereCodeRuns(pid)
  const { runtime, exe } = inspectProcess(runtimePid)
  return {
    pid,
    runtimePid,
    runtime,
    version: versionOf(runtime, exe, runtimePid),
    command: short(commandLine, pid),
    how,
  }
}

/** Below a program that only starts others: who listens. Of those that listen together: the one that has worked most. */
function whereCodeRuns(root: number): number {
  const tree = processTree(root)
  if (tree.length === 1) return root
  const listening = new Set(
    tcpSockets(root)
      .filter(({ state }) => state === 'listen')
      .map(({ inode }) => inode),
  )
  const held = (pid: number): string[] => [...(heldSockets(pid) ?? [])].filter((inode) => listening.has(inode)).sort()
  const listener = tree.find((pid) => held(pid).length > 0)
  if (listener === undefined) return root
  const sockets = held(listener)
  const { runtime } = inspectProcess(listener)
  const children = processTree(listener)
    .slice(1)
    .filter((pid) => processStat(pid) !== undefined && inspectProcess(pid).runtime === runtime)
  // The first process of Node's cluster only hands connections on (nodejs.org, "Cluster").
  const workers = runtime === 'node' ? children.filter(isClusterWorker) : []
  const sharing = children.filter((pid) => held(pid).some((inode) => sockets.includes(inode)))
  const candidates = workers.length > 0 ? workers : [listener, ...sharing]
  return candidates.reduce((most, pid) => (cpuTicks(pid) > cpuTicks(most) ? pid : most))
}

function isClusterWorker(pid: number): boolean {
  return /(^|\0)NODE_UNIQUE_ID=/.test(readText(`/proc/${pid}/environ`) ?? '')
}

function cpuTicks(pid: number): number {
  const stat = processStat(pid)
  return stat === undefined ? -1 : stat.userTicks + stat.systemTicks
}

/** Node tells its own when it is asked; Go writes it into the program, Python's is in the name of its program. */
function versionOf(runtime: Runtime, exe: string | undefined, pid: number): string | undefined {
  if (runtime === 'python') return /(\d+\.\d+)t?$/.exec(exe ?? '')?.[1]
  return runtime === 'go' ? goVersion(`/proc/${pid}/exe`) : undefined
}

/** `node server.js`: the program and the first thing that is no flag. */
function short(words: readonly string[], pid: number): string {
  const [program = readText(`/proc/${pid}/comm`)?.trim() ?? '?', ...rest] = words
  const script = rest.find((word) => !word.startsWith('-'))
  const text = script === undefined ? basename(program) : `${basename(program)} ${basename(script)}`
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)
}

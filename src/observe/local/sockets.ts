/** TCP sockets of processes, from /proc/net/tcp and the links of their descriptors. */
import { closeSync, openSync, readSync } from 'node:fs'
import { list, readLink, readText } from './proc.js'

export interface TcpSocket {
  readonly localPort: number
  readonly remote: string
  readonly remotePort: number
  readonly state: 'listen' | 'established' | 'other'
  /** Of a listening socket: connections that wait to be accepted. */
  readonly receiveQueue: number
  readonly inode: string
}

const states: Readonly<Record<string, TcpSocket['state']>> = { '01': 'established', '0A': 'listen' }

/**
 * Dear: the kernel walks its hash table of connections for each of the two, 262,144 places on a machine of 24 GB, which
 * takes 4 ms of CPU however few connections there are.
 * @param pid  whose network namespace is read
 */
export function tcpSockets(pid: number | 'self'): TcpSocket[] {
  return tables(pid).flatMap((path) => (readText(path) ?? '').split('\n').slice(1).flatMap(parse))
}

/**
 * Connections that wait to be accepted, by the inode of the listening socket. Listening sockets come first in the
 * table, so it is read row by row and left before the kernel walks the connections: some microseconds.
 */
export function acceptQueues(pid: number, inodes: ReadonlySet<string>): Map<string, number> {
  const queues = new Map<string, number>()
  for (const path of tables(pid)) {
    for (const { state, inode, receiveQueue } of rows(path)) {
      if (state !== 'listen') break
      if (inodes.has(inode)) queues.set(inode, receiveQueue)
      if (queues.size === inodes.size) return queues
    }
  }
  return queues
}

/** A row of IPv4; the kernel stops to look for more once it has as many bytes as were asked for. */
const rowBytes = 150

function* rows(path: string): Generator<TcpSocket> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return
  }
  try {
    const buffer = Buffer.alloc(rowBytes)
    let text = ''
    for (let first = true; ; ) {
      const bytes = readSync(fd, buffer)
      if (bytes === 0) return
      const lines = (text + buffer.toString('latin1', 0, bytes)).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        if (!first) yield* parse(line)
        first = false
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** Without a socket of IPv6 in use its table is not worth the walk. */
function tables(pid: number | 'self'): string[] {
  const none6 = /^TCP6: inuse 0$/m.test(readText(`/proc/${pid}/net/sockstat6`) ?? '')
  return (none6 ? ['tcp'] : ['tcp', 'tcp6']).map((table) => `/proc/${pid}/net/${table}`)
}

function parse(line: string): TcpSocket[] {
  const words = line.trim().split(/\s+/)
  const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = words
  if (inode === '') return []
  const [remoteHex = '', remotePortHex = ''] = remote.split(':')
  return [
    {
      localPort: Number.parseInt(local.split(':')[1] ?? '', 16),
      remote: address(remoteHex),
      remotePort: Number.parseInt(remotePortHex, 16),
      state: states[state] ?? 'other',
      receiveQueue: Number.parseInt(queues.split(':')[1] ?? '0', 16),
      inode,
    },
  ]
}

/** The kernel prints words of 32 bits in the machine's order, which is little-endian wherever Node runs. */
export function address(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16)),
  )
  if (bytes.length === 4) return bytes.join('.')
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  if (mapped) return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}

/** Inodes of the sockets that a process holds; undefined when we may not look. */
export function heldSockets(pid: number): ReadonlySet<string> | undefined {
  const fds = list(`/proc/${pid}/fd`)
  if (fds.length === 0) return undefined
  const sockets = new Set<string>()
  for (const fd of fds) {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
    if (inode !== undefined) sockets.add(inode)
  }
  return sockets
}

/** The process that listens on a TCP port of this machine; of several (a cluster) the one with the lowest pid. */
export function listenerOf(port: number): number | undefined {
  const inodes = new Set(
    tcpSockets('self')
      .filter(({ state, localPort }) => state === 'listen' && localPort === port)
      .map(({ inode }) => inode),
  )
  if (inodes.size === 0) return undefined
  const pids = list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
  return pids.find((pid) => {
    for (const inode of heldSockets(pid) ?? []) if (inodes.has(inode)) return true
    return false
  })
}

/** TCP sockets of processes, from /proc/net/tcp and the links of their descriptors. */
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

/** @param pid  whose network namespace is read */
export function tcpSockets(pid: number | 'self'): TcpSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) =>
    (readText(`/proc/${pid}/net/${table}`) ?? '').split('\n').slice(1).flatMap(parse),
  )
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

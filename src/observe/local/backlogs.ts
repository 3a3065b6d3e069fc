/** How many connections may wait at a listening socket: only the kernel's netlink tells, and `ss` (iproute2) asks it. */
import { execFile } from 'node:child_process'
import { readLink } from './proc.js'

const patienceMs = 3000
const maxBytes = 8 << 20

/** By inode; empty where there is no `ss`, or the process lives in another network. */
export async function backlogs(pid: number): Promise<ReadonlyMap<string, number>> {
  const limits = new Map<string, number>()
  if (readLink(`/proc/${pid}/ns/net`) !== readLink('/proc/self/ns/net')) return limits
  const text = await new Promise<string>((resolve) => {
    execFile('ss', ['-Hltne'], { timeout: patienceMs, maxBuffer: maxBytes }, (error, stdout) =>
      resolve(error === null ? stdout : ''),
    )
  })
  for (const line of text.split('\n')) {
    const limit = /^LISTEN\s+\d+\s+(\d+)\s/.exec(line)?.[1]
    const inode = /\sino:(\d+)/.exec(line)?.[1]
    if (limit !== undefined && inode !== undefined) limits.set(inode, Number(limit))
  }
  return limits
}

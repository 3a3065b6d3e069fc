/** Which process of this machine a script talks to, and what it is. */
import { basename } from 'node:path'
import { inspectProcess, type Runtime } from '#profile/take/process.js'
import { readText } from './local/proc.js'
import { listenerOf } from './local/sockets.js'

export interface FoundTarget {
  readonly pid: number
  readonly runtime: Runtime
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
  const { runtime, commandLine } = inspectProcess(pid)
  return { pid, runtime, command: shortCommand(commandLine, pid), how }
}

/** `node server.js`: the program and the first thing that is no flag. */
function shortCommand(words: readonly string[], pid: number): string {
  const [program = readText(`/proc/${pid}/comm`)?.trim() ?? '?', ...rest] = words
  const script = rest.find((word) => !word.startsWith('-'))
  const text = script === undefined ? basename(program) : `${basename(program)} ${basename(script)}`
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)
}

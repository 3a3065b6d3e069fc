/** One profile of one process: finds out what it is and takes it with the means of its runtime. */
import { attachInspector, attachNode, type AttachedNode } from './node/attach.js'
import { takeNodeCpu } from './node/cpu.js'
import { takeNodeHeap } from './node/heap.js'
import { unusable } from './errors.js'
import { goKinds, takeGo } from './go/pprof-http.js'
import { inspectProcess, listeningPorts, type TargetProcess } from './process.js'
import { type PySpy, pythonKinds, takePython } from './python/py-spy.js'
import type { ProfileKind, TakeOptions, Taken } from './types.js'

const nodeKinds: readonly string[] = ['cpu', 'wall', 'heap', 'alloc']

/** Every kind that some runtime has. */
export const profileKinds: readonly string[] = [...new Set([...nodeKinds, ...goKinds, ...pythonKinds])]

export type Target = { readonly pid: number; readonly pySpy: PySpy } | { readonly url: string }

/** @throws PerfwrightError with exit code 34 when the target cannot be profiled */
export async function takeProfile(target: Target, options: TakeOptions): Promise<Taken> {
  if ('url' in target) return takeByUrl(target.url, options)
  const found = inspectProcess(target.pid)
  if (found.runtime === 'node') return takeNode(() => attachNode(found, options.clock), options)
  if (found.runtime === 'python') return takePython(target.pid, target.pySpy, options)
  if (found.runtime === 'go') return takeGo(await goUrl(found), options)
  throw unusable(
    'PW_PROFILE_RUNTIME',
    `Process ${target.pid} (${found.exe ?? found.commandLine[0] ?? 'unknown'}) is neither Node, nor Python, nor Go.`,
    `perf record -g -p ${target.pid} -- sleep 30; perf script > perf.txt; perfwright profile show perf.txt`,
  )
}

async function takeNode(attach: () => Promise<AttachedNode>, options: TakeOptions): Promise<Taken> {
  if (!nodeKinds.includes(options.kind)) throw noKind('Node', options.kind, nodeKinds)
  const attached = await attach()
  try {
    if (options.kind === 'heap' || options.kind === 'alloc') return await takeNodeHeap(attached, options)
    const taken = await takeNodeCpu(attached, options)
    const wall = taken.profile.valueTypes.findIndex(({ type }) => type === 'wall')
    return options.kind === 'wall' ? { ...taken, profile: { ...taken.profile, mainValue: wall } } : taken
  } finally {
    await attached.detach()
  }
}

async function takeByUrl(url: string, options: TakeOptions): Promise<Taken> {
  if (/^https?:\/\/[^/]+\/debug\/pprof/.test(url)) return takeGo(url, options)
  const isInspector = await fetch(new URL('/json/version', url), { signal: AbortSignal.timeout(2000) })
    .then((answer) => answer.json() as Promise<{ readonly Browser?: string }>)
    .then((json) => json.Browser?.startsWith('node.js') === true)
    .catch(() => false)
  return isInspector ? takeNode(() => attachInspector(url, options.clock), options) : takeGo(url, options)
}

/** A Go program serves its profiles itself: on one of the ports where it listens, if at all. */
export async function goUrl(target: TargetProcess): Promise<string> {
  const ports = listeningPorts(target.pid)
  for (const port of ports) {
    const url = `http://127.0.0.1:${port}/debug/pprof/`
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000), redirect: 'manual' }).catch(() => undefined)
    if (answer?.ok === true && (await answer.text()).includes('goroutine')) return url
  }
  throw unusable(
    'PW_PROFILE_NO_PPROF',
    `The Go program ${target.pid} serves no /debug/pprof/ on ${ports.length === 0 ? 'any port' : `its ports ${ports.join(', ')}`}.`,
    'add to it: import _ "net/http/pprof" and go http.ListenAndServe("127.0.0.1:6060", nil)',
  )
}

function noKind(runtime: string, kind: ProfileKind, kinds: readonly string[]): Error {
  return unusable('PW_PROFILE_KIND', `${runtime} has no profile of kind "${kind}".`, `use one of ${kinds.join(', ')}`)
}

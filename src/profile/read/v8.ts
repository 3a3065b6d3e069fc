/**
 * V8's own files: `.cpuprofile` and `.heapprofile`, as Chrome, `node --cpu-prof`, `node --heap-prof` and the inspector
 * write them. Source: Chrome DevTools Protocol, Profiler.Profile and HeapProfiler.SamplingHeapProfile.
 */
import { z } from 'zod'
import { unreadable } from '../errors.js'
import { type Frame, type Profile, ProfileBuilder } from '../model.js'

const callFrame = z.object({
  functionName: z.string(),
  url: z.string().default(''),
  /** From 0; -1 = unknown. */
  lineNumber: z.number().default(-1),
  columnNumber: z.number().default(-1),
})
type CallFrame = z.infer<typeof callFrame>

const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame,
      hitCount: z.number().optional(),
      children: z.array(z.number()).optional(),
      /** Lines, from 1, at which samples of the node stood. */
      positionTicks: z.array(z.object({ line: z.number(), ticks: z.number() })).optional(),
    }),
  ),
  startTime: z.number(),
  endTime: z.number(),
  samples: z.array(z.number()).optional(),
  /** Microseconds from the sample before (of the first: from the start). */
  timeDeltas: z.array(z.number()).optional(),
})

interface HeapNode {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children: readonly HeapNode[]
}
const heapNode: z.ZodType<HeapNode> = z.lazy(() =>
  z.object({ callFrame, selfSize: z.number(), children: z.array(heapNode) }),
)

/** What V8 samples when no JavaScript runs; the rest of its markers, `(garbage collector)` and `(program)`, are work. */
const idle = '(idle)'

/**
 * Wall time of the thread by stack; `cpu` leaves out `(idle)`.
 * @param json  parsed
 * @param wallClockOffsetMs  what to add to V8's clock (microseconds, monotonic) to get Unix milliseconds, where known
 */
export function readCpuProfile(json: unknown, where: string, wallClockOffsetMs?: number): Profile {
  const parsed = cpuProfile.safeParse(json)
  if (!parsed.success) throw unreadable(where, `it is not a whole .cpuprofile: ${firstIssue(parsed.error)}.`)
  const { nodes, startTime, endTime, samples = [], timeDeltas = [] } = parsed.data
  const builder = new ProfileBuilder([
    { type: 'samples', unit: 'count' },
    { type: 'wall', unit: 'nanoseconds' },
    { type: 'cpu', unit: 'nanoseconds' },
  ])
  const treeNodes = treeOf(nodes, builder, where)
  const notes: string[] = []
  let at = startTime
  let unknown = 0
  for (const [i, id] of samples.entries()) {
    const node = treeNodes.get(id)
    at += timeDeltas[i] ?? 0
    // A sample lasts until the next; V8's deltas lead up to their own sample. The clock may step back: never below 0.
    const next = i + 1 < samples.length ? (timeDeltas[i + 1] ?? 0) : Math.max(0, endTime - at)
    if (node === undefined) {
      unknown++
      continue
    }
    const ns = Math.max(0, next) * 1000
    const time = wallClockOffsetMs === undefined ? undefined : at / 1000 + wallClockOffsetMs
    builder.sample(node.node, [1, ns, node.idle ? 0 : ns], 0, time)
  }
  if (unknown > 0) notes.push(`${unknown} of ${samples.length} samples point at nodes that the file does not hold.`)
  return builder.build({
    durationNs: (endTime - startTime) * 1000,
    ...(wallClockOffsetMs !== undefined && { startedUnixMs: startTime / 1000 + wallClockOffsetMs }),
    notes,
  })
}

/** Bytes of sampled allocations that are still alive (or all of them, when the profile was taken so). */
export function readHeapProfile(json: unknown, where: string): Profile {
  const parsed = z.object({ head: heapNode }).safeParse(json)
  if (!parsed.success) throw unreadable(where, `it is not a whole .heapprofile: ${firstIssue(parsed.error)}.`)
  const builder = new ProfileBuilder([{ type: 'inuse_space', unit: 'bytes' }])
  const stack: { readonly heap: HeapNode; readonly node: number }[] = [{ heap: parsed.data.head, node: 0 }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { heap, node } = next
    if (heap.selfSize > 0) builder.sample(node, [heap.selfSize])
    for (const child of heap.children) {
      stack.push({ heap: child, node: builder.child(node, builder.frame(frameOf(child.callFrame))) })
    }
  }
  return builder.build()
}

function treeOf(
  nodes: z.infer<typeof cpuProfile>['nodes'],
  builder: ProfileBuilder,
  where: string,
): ReadonlyMap<number, { readonly node: number; readonly idle: boolean }> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const children = new Set(nodes.flatMap((node) => node.children ?? []))
  const found = new Map<number, { readonly node: number; readonly idle: boolean }>()
  const roots = nodes.filter((node) => !children.has(node.id))
  if (roots.length === 0 && nodes.length > 0) throw unreadable(where, 'its call tree has no root.')
  const open = roots.map((root) => ({ wire: root, parent: -1 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { wire, parent } = next
    if (found.has(wire.id)) continue
    // V8's `(root)` is the tree's own.
    const node = parent === -1 ? 0 : builder.child(parent, builder.frame(frameOf(wire.callFrame, hottestLine(wire))))
    found.set(wire.id, { node, idle: wire.callFrame.functionName === idle })
    for (const id of wire.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) open.push({ wire: child, parent: node })
    }
  }
  return found
}

function hottestLine(node: z.infer<typeof cpuProfile>['nodes'][number]): number | undefined {
  return node.positionTicks?.toSorted((a, b) => b.ticks - a.ticks)[0]?.line
}

function frameOf(
  { functionName, url, lineNumber, columnNumber }: CallFrame,
  line?: number,
): Pick<Frame, 'name' | 'file' | 'line' | 'startLine' | 'column'> {
  const startLine = lineNumber + 1
  return {
    name: functionName || '(anonymous)',
    file: url,
    line: line ?? startLine,
    startLine,
    column: Math.max(0, columnNumber),
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue === undefined ? 'unknown' : `${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`
}

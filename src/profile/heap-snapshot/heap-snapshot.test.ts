import { type ChildProcess, spawn } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { listeningPorts } from '../take/process.js'
import { compareSnapshots } from './compare.js'
import { type HeapSnapshot, parseHeapSnapshot } from './parse.js'
import { retention } from './retained.js'
import { takeSnapshot } from './take.js'

const meta = {
  node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
  node_types: [['hidden', 'array', 'string', 'object', 'synthetic'], 'string', 'number', 'number', 'number'],
  edge_fields: ['type', 'name_or_index', 'to_node'],
  edge_types: [
    ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'],
    'string_or_number',
    'node',
  ],
}

/** root -> a -> (b, c) -> d; c weakly -> e; root -> f. */
const strings = ['', 'Root', 'A "quoted" \\ class', 'é', 'edge']
const nodes = [
  [4, 1, 1, 0, 2],
  [3, 2, 3, 10, 2],
  [3, 3, 5, 20, 1],
  [3, 3, 7, 30, 2],
  [3, 2, 9, 40, 0],
  [3, 2, 11, 50, 0],
  [3, 3, 13, 60, 0],
]
const edges = [
  [1, 0, 1],
  [1, 1, 6],
  [2, 4, 2],
  [2, 4, 3],
  [2, 4, 4],
  [2, 4, 4],
  [6, 4, 5],
]
const file = JSON.stringify({
  snapshot: { meta, node_count: 7, edge_count: 7 },
  nodes: nodes.flat(),
  edges: edges.map(([type, name, to]) => [type, name, (to as number) * 5]).flat(),
  trace_tree: [{ '"]}': ['\\"', 1] }],
  strings,
})

function pieces(text: string, bytes: number): Uint8Array[] {
  const all = Buffer.from(text)
  return Array.from({ length: Math.ceil(all.length / bytes) }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes))
}

describe('a heap snapshot', () => {
  it.each([1, 7, 1 << 20])('is read alike in pieces of %i bytes', async (bytes) => {
    const snapshot = await parseHeapSnapshot(pieces(file, bytes), 'x')
    expect(snapshot.strings).toEqual(strings)
    expect([...snapshot.selfBytes]).toEqual([0, 10, 20, 30, 40, 50, 60])
    expect([...snapshot.edgeTo]).toEqual([1, 6, 2, 3, 4, 4, 5])
    expect([...snapshot.firstEdge]).toEqual([0, 2, 4, 5, 7, 7, 7, 7])
  })

  it.each([
    ['is cut off', file.slice(0, -40)],
    ['is something else', '{"a": 1}'],
    ['has an edge that leads nowhere', file.replace('"edges":[1,0,5', '"edges":[1,0,5000')],
    ['counts its edges wrongly', file.replace('"nodes":[4,1,1,0,2', '"nodes":[4,1,1,0,3')],
    ['holds a text among its numbers', file.replace('"nodes":[4,1', '"nodes":[4,"x"')],
  ])('that %s is refused', async (_, text) => {
    await expect(parseHeapSnapshot(pieces(text, 64), 'x')).rejects.toMatchObject({ code: 'PW_PROFILE_SNAPSHOT' })
  })

  it('tells what each object keeps alive; a weak reference keeps nothing', async () => {
    const { dominator, retainedBytes } = retention(await parseHeapSnapshot(pieces(file, 64), 'x'))
    expect([...dominator]).toEqual([-1, 0, 1, 1, 1, -1, 0])
    expect([...retainedBytes]).toEqual([160, 100, 20, 30, 40, 50, 60])
  })
})

/** By definition: d dominates n when n cannot be reached without d. */
function bruteDominates(snapshot: HeapSnapshot, d: number): Set<number> {
  const reach = (without: number): Set<number> => {
    const seen = new Set(without === 0 ? [] : [0])
    const open = [...seen]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (let e = snapshot.firstEdge[node] as number; e < (snapshot.firstEdge[node + 1] as number); e++) {
        const to = snapshot.edgeTo[e] as number
        if (to === without || seen.has(to)) continue
        seen.add(to)
        open.push(to)
      }
    }
    return seen
  }
  const without = reach(d)
  return new Set([...reach(-1)].filter((node) => !without.has(node)))
}

it('dominators equal their definition on random graphs', () => {
  let state = 12345
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  for (let round = 0; round < 60; round++) {
    const count = 2 + random(30)
    const out = Array.from({ length: count }, () => Array.from({ length: random(4) }, () => random(count)))
    const firstEdge = new Uint32Array(count + 1)
    for (const [i, to] of out.entries()) firstEdge[i + 1] = (firstEdge[i] as number) + to.length
    const edgeTo = Uint32Array.from(out.flat())
    const snapshot: HeapSnapshot = {
      count,
      type: new Uint8Array(count),
      name: new Uint32Array(count),
      id: new Float64Array(count),
      selfBytes: Float64Array.from({ length: count }, () => 1 + random(9)),
      firstEdge,
      edgeType: new Uint8Array(edgeTo.length),
      edgeName: new Uint32Array(edgeTo.length),
      edgeTo,
      types: ['object'],
      edgeTypes: ['property', 'weak'],
      strings: [''],
    }
    const { retainedBytes, dominator } = retention(snapshot)
    for (let node = 0; node < count; node++) {
      if (node > 0 && dominator[node] === -1) continue
      const expected = [...bruteDominates(snapshot, node)].reduce(
        (sum, n) => sum + (snapshot.selfBytes[n] as number),
        0,
      )
      expect(retainedBytes[node]).toBe(expected)
    }
  }
})

describe('of a running Node process', () => {
  let dir: string
  let child: ChildProcess
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'pw-heap-'))
    const app = join(dir, 'app.cjs')
    writeFileSync(
      app,
      `class LeakedEntry { constructor(i) { this.payload = Buffer.from('x' + i).toString('hex') } }
const plantedLeak = new Map()
process.on('message', () => {
  for (let i = 0; i < 5000; i++) plantedLeak.set(plantedLeak.size, new LeakedEntry(i))
  process.send('done')
})
process.send('up')`,
    )
    child = spawn(process.execPath, [app], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    await new Promise<void>((resolve) => child.once('message', () => resolve()))
  })
  afterAll(() => {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  it('two of them name the class that leaks and who holds it, and the process is left as it was', async () => {
    const pid = child.pid as number
    const costs: number[] = []
    const take = async (name: string): Promise<HeapSnapshot> => {
      const path = join(dir, name)
      await takeSnapshot(pid, path, { clock: systemClock, tell: ({ heapBytes }) => costs.push(heapBytes) })
      return await parseHeapSnapshot(createReadStream(path), name)
    }
    const before = await take('a')
    child.send('leak')
    await new Promise<void>((resolve) => child.once('message', () => resolve()))
    const growth = compareSnapshots(before, await take('b'))
    const [first] = growth.classes
    expect(first).toMatchObject({ name: 'LeakedEntry', before: 0, after: 5000 })
    expect(first?.path.some(({ by }) => by === '.plantedLeak')).toBe(true)
    expect(growth.afterBytes).toBeGreaterThan(growth.beforeBytes)
    expect(costs.every((bytes) => bytes > 1e6)).toBe(true)
    expect(listeningPorts(pid)).toEqual([])
  })
})

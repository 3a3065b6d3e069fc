import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#base/clock.js'
import { type Profile, ProfileBuilder, total } from '../model.js'
import { listeningPorts } from '../take/process.js'
import type { Chunk } from '../take/types.js'
import { top } from '../views/top.js'
import { cut } from './cut.js'
import { endpointCosts, nonNegativeLeastSquares } from './endpoint-cost.js'
import { ChunkKeep } from './keep.js'
import { RollingProfiler } from './rolling.js'
import { wantedKinds } from './symptoms.js'

function chunk(i: number): Chunk {
  const profile = new ProfileBuilder([{ type: 'cpu', unit: 'nanoseconds' }]).build()
  return { profile, raw: [], fromUnixMs: i * 5000, toUnixMs: (i + 1) * 5000 }
}

describe('chunks of a long profile', () => {
  it('stay within bounds: the first, the newest, and what was pinned before or after it came', () => {
    const keep = new ChunkKeep()
    keep.pin(300 * 5000 + 1, 301 * 5000 + 1)
    for (let i = 0; i < 1000; i++) {
      keep.add(chunk(i))
      if (i === 410) keep.pin(400 * 5000 + 2500, 400 * 5000 + 2600)
    }
    const kept = keep.all().map(({ fromUnixMs }) => fromUnixMs / 5000)
    expect(kept).toEqual([
      ...Array.from({ length: 24 }, (_, i) => i),
      300,
      301,
      400,
      ...Array.from({ length: 60 }, (_, i) => 940 + i),
    ])
    expect(keep.dropped).toBe(1000 - kept.length)
  })

  it('are bounded too when everything is bad', () => {
    const keep = new ChunkKeep()
    keep.pin(0, Number.POSITIVE_INFINITY)
    for (let i = 0; i < 1000; i++) keep.add(chunk(i))
    expect(keep.all().length).toBeLessThanOrEqual(24 + 36 + 60)
  })
})

function timed(samples: readonly (readonly [name: string, unixMs: number])[]): Profile {
  const builder = new ProfileBuilder([{ type: 'cpu', unit: 'nanoseconds' }])
  for (const [name, at] of samples) builder.sample(builder.stack([builder.frame({ name })]), [1], 0, at)
  return builder.build()
}

it('a cut keeps the samples of its stretch, its end not among them', () => {
  const part = cut(
    timed([
      ['a', 999],
      ['b', 1000],
      ['b', 1999],
      ['c', 2000],
    ]),
    1000,
    2000,
  )
  expect(top(part).rows.map(({ name, self }) => [name, self])).toEqual([['b', 2]])
  expect(part.durationNs).toBe(1e9)
})

describe('CPU of a request by endpoint', () => {
  /** A fixed pseudo-random walk: the rates rise and fall each by itself. */
  const rate = (seed: number, i: number): number => Math.round(50 + 40 * Math.sin(seed * 7.3 + i * (0.4 + seed * 0.37)))

  it('is found exactly where the rates vary independently and nothing disturbs', () => {
    const seconds = Array.from({ length: 60 }, (_, i) => {
      const requests = new Map([
        ['GET /report', rate(1, i)],
        ['GET /fast', rate(2, i)],
      ])
      return { requests, cpuS: 0.01 + 556e-6 * rate(1, i) + 80e-6 * rate(2, i) }
    })
    const costs = new Map(endpointCosts(seconds).map(({ endpoint, cpuUsPerRequest }) => [endpoint, cpuUsPerRequest]))
    expect(costs.get('GET /report')).toBeCloseTo(556, 3)
    expect(costs.get('GET /fast')).toBeCloseTo(80, 3)
  })

  it('is not told where two endpoints go up and down together', () => {
    const seconds = Array.from({ length: 60 }, (_, i) => ({
      requests: new Map([
        ['a', rate(1, i)],
        ['b', 2 * rate(1, i)],
      ]),
      cpuS: 1e-4 * rate(1, i),
    }))
    expect(endpointCosts(seconds).map(({ cpuUsPerRequest }) => cpuUsPerRequest)).toEqual([null, null])
  })

  it('is not told from too short a time', () => {
    expect(endpointCosts([{ cpuS: 1, requests: new Map([['a', 10]]) }])).toEqual([
      { endpoint: 'a', requests: 10, cpuUsPerRequest: null },
    ])
  })

  it('is never negative', () => {
    const x = nonNegativeLeastSquares(
      [
        [1, 2, 3, 4],
        [1, 1, 1, 1],
      ],
      [4, 3, 2, 1],
    )
    expect(x[0]).toBe(0)
    expect(x[1]).toBeCloseTo(2.5, 9)
  })
})

describe('a symptom calls for', () => {
  const calm = { runtime: 'go', cpuCores: 0.2, coresUsable: 2, memoryGrowth: 0, slow: false } as const

  it('nothing more while all is well, whatever the CPU does: that is always profiled', () => {
    expect(wantedKinds(calm)).toEqual([])
    expect(wantedKinds({ ...calm, cpuCores: 2, slow: true })).toEqual([])
  })

  it('heap where memory grows', () => {
    expect(wantedKinds({ ...calm, memoryGrowth: 0.3 }).map(({ kind }) => kind)).toEqual(['heap'])
  })

  it('what waits, where answers are slow and the CPU is not busy', () => {
    expect(wantedKinds({ ...calm, slow: true }).map(({ kind }) => kind)).toEqual(['block', 'lock', 'goroutine'])
    expect(wantedKinds({ ...calm, runtime: 'python', coresUsable: 1, slow: true }).map(({ kind }) => kind)).toEqual([
      'wall',
    ])
  })
})

describe('a rolling profile of a Node process', () => {
  let dir: string
  let child: ChildProcess
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'pw-rolling-'))
    const file = join(dir, 'app.mjs')
    writeFileSync(
      file,
      `function usualWork(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i); return s }
function badMoment(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.cbrt(i); return s }
let bad = false
process.on('message', (message) => { bad = message === 'bad' })
setInterval(() => { if (bad) badMoment(3e6); else usualWork(1e6) }, 20)
process.send('up')`,
    )
    child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    await new Promise<void>((resolve) => child.once('message', () => resolve()))
  })
  afterAll(() => {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  it('shows the steady state and the bad moment apart, and leaves the process without an inspector', async () => {
    const warnings: string[] = []
    const profiler = new RollingProfiler({
      pid: child.pid as number,
      pySpy: { program: 'py-spy', native: false },
      rateHz: 200,
      kinds: undefined,
      clock: systemClock,
      warn: (message) => warnings.push(message),
    })
    profiler.start()
    profiler.watchHeap()
    await seconds(3)
    const steady = { fromUnixMs: systemClock.unixMs() - 2000, toUnixMs: systemClock.unixMs() }
    await seconds(2.5)
    child.send('bad')
    await seconds(0.2)
    const badFrom = systemClock.unixMs() + 2000
    await seconds(4.5)
    profiler.breach({ fromUnixMs: badFrom, toUnixMs: badFrom }, 'latency 60 ms, usually 3 ms')
    const profiles = await profiler.finish([steady], true)
    expect(warnings).toEqual([])
    expect(profiles.map(({ name }) => name)).toEqual(['steady-cpu', 'breach-1-cpu', 'steady-heap'])
    const [calm, breach] = profiles
    expect(hot(calm?.profile)).toBe('usualWork')
    expect(hot(breach?.profile)).toBe('badMoment')
    expect(total(breach?.profile as Profile)).toBeGreaterThan(0)
    await seconds(0.3)
    expect(listeningPorts(child.pid as number)).toEqual([])
  })
})

function hot(profile: Profile | undefined): string | undefined {
  if (profile === undefined) return undefined
  const cpu = profile.valueTypes.findIndex(({ type }) => type === 'cpu')
  return top(profile, cpu).rows[0]?.name
}

function seconds(n: number): Promise<void> {
  return new Promise((resolve) => systemClock.at(systemClock.nowNs() + n * 1e9, resolve))
}

/** `run --profile`: profiles of the target in the run's steady state and around its bad moments, kept in the record. */
import { basename, join } from 'node:path'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { RunBeginning, RunCompanion } from '#api/companion.js'
import type { RunTarget } from '#api/targets.js'
import type { Clock } from '#base/clock.js'
import { type SteadyStretch, steadyStretches } from '#config/index.js'
import { writeBundle } from '#profile/bundle.js'
import { type CostSecond, endpointCosts } from '#profile/rolling/endpoint-cost.js'
import { type RollingOptions, RollingProfiler, type RunProfile, type Stretch } from '#profile/rolling/rolling.js'
import { cpuTimeNs } from '#profile/take/process.js'
import type { PySpy } from '#profile/take/python/py-spy.js'
import type { ProfileKind } from '#profile/take/types.js'
import { BadSeconds } from './bad-seconds.js'
import { type LoadSecond, LoadSeconds } from './load-seconds.js'

/** The burst of a start is no steady state. */
const settleNs = 5e9
/** Seconds over which symptoms are judged. */
const judgedSeconds = 5
/** Resident memory that grew by this share of its first steady reading counts as growing. */
const heapGrowth = 0.1
const daySeconds = 86_400

interface TargetSecond extends CostSecond {
  readonly unixMs: number
  readonly rssBytes: number | undefined
}

export class ProfileCompanion implements RunCompanion {
  readonly name = 'profile'
  readonly #clock: Clock
  readonly #kinds: readonly ProfileKind[] | undefined
  readonly #pySpy: PySpy
  readonly #load = new LoadSeconds()
  readonly #bad = new BadSeconds()
  readonly #seconds: TargetSecond[] = []
  #begin: RunBeginning | undefined
  #profiler: RollingProfiler | undefined
  #steady: readonly SteadyStretch[] = []
  #startUnixMs: number | undefined
  #lastCpuNs: number | undefined
  #crossed = false

  /** @param kinds  undefined = what the symptoms call for */
  constructor(clock: Clock, kinds: readonly ProfileKind[] | undefined, pySpy: PySpy) {
    this.#clock = clock
    this.#kinds = kinds
    this.#pySpy = pySpy
  }

  planned(begin: RunBeginning): void {
    this.#begin = begin
    this.#steady = steadyStretches(begin.plan.options.scenarios)
      .map(({ fromNs, toNs }) => ({ fromNs: Math.max(fromNs, settleNs), toNs }))
      .filter(({ fromNs, toNs }) => toNs > fromNs)
    begin.targets.each((target) => this.#found(target))
  }

  event(type: string): void {
    if (type === 'threshold-crossed') this.#crossed = true
  }

  window(
    window: { readonly unixMs: number; readonly batch: Parameters<LoadSeconds['add']>[0] },
    time: { readonly toNs: number },
  ): void {
    this.#startUnixMs ??= window.unixMs - time.toNs / 1e6
    const profiler = this.#profiler
    const load = this.#load.add(window.batch)
    if (profiler === undefined) return
    const second = this.#targetSecond(profiler.target.pid, load, window.unixMs)
    if (second !== undefined && this.#seconds.length < daySeconds) this.#seconds.push(second)
    const why = this.#bad.add(load)
    if (why !== undefined) profiler.breach({ fromUnixMs: window.unixMs - 1000, toUnixMs: window.unixMs }, why)
    const inSteady = this.#steady.some(({ fromNs, toNs }) => time.toNs > fromNs && time.toNs <= toNs)
    if (why === undefined && !inSteady && this.#steady.length > 0) return
    const recent = this.#seconds.slice(-judgedSeconds)
    if (recent.length < judgedSeconds) return
    profiler.symptoms(
      {
        runtime: profiler.target.runtime,
        cpuCores: recent.reduce((sum, { cpuS }) => sum + cpuS, 0) / recent.length,
        coresUsable: profiler.target.runtime === 'go' ? cpus().length : 1,
        memoryGrowth: this.#memoryGrowth(),
        slow: why !== undefined || this.#crossed,
      },
      why !== undefined,
    )
  }

  async loadEnded(): Promise<void> {
    const profiler = this.#profiler
    const startUnixMs = this.#startUnixMs
    if (profiler === undefined) {
      this.#begin?.warn('no process of the target was found to profile: name it with --target-pid or --target-cmd')
      return
    }
    if (startUnixMs === undefined) return
    this.#profiler = undefined
    const steady = this.#steady.map(
      ({ fromNs, toNs }): Stretch => ({ fromUnixMs: startUnixMs + fromNs / 1e6, toUnixMs: startUnixMs + toNs / 1e6 }),
    )
    const profiles = await profiler.finish(steady, (this.#memoryGrowth() ?? 0) > heapGrowth)
    for (const profile of profiles) await this.#write(profile, profiler.target.pid, startUnixMs)
  }

  async close(): Promise<void> {
    await this.#profiler?.finish([], false)
  }

  #found(target: RunTarget): void {
    if (this.#profiler !== undefined) return
    const { runtime, pid } = target
    if (runtime === 'other')
      return this.#begin?.warn(`cannot profile ${target.command} (${pid}): neither Node, Python nor Go`)
    const options: RollingOptions = {
      pid,
      pySpy: this.#pySpy,
      rateHz: undefined,
      kinds: this.#kinds,
      clock: this.#clock,
      warn: (message) => this.#begin?.warn(message),
    }
    const profiler = new RollingProfiler(options)
    this.#profiler = profiler
    this.#lastCpuNs = cpuTimeNs(pid)
    profiler.start()
    profiler.watchHeap()
  }

  #targetSecond(pid: number, { requests }: LoadSecond, unixMs: number): TargetSecond | undefined {
    const cpuNs = cpuTimeNs(pid)
    const before = this.#lastCpuNs
    this.#lastCpuNs = cpuNs
    if (cpuNs === undefined || before === undefined) return undefined
    return { cpuS: Math.max(0, cpuNs - before) / 1e9, requests, unixMs, rssBytes: residentBytes(pid) }
  }

  /** From the first steady seconds to the last ones, medians of five. */
  #memoryGrowth(): number | undefined {
    const readings = this.#seconds.slice(Math.min(5, this.#seconds.length)).flatMap(({ rssBytes }) => rssBytes ?? [])
    if (readings.length < 2 * judgedSeconds) return undefined
    const first = median(readings.slice(0, judgedSeconds))
    return (median(readings.slice(-judgedSeconds)) - first) / first
  }

  async #write(taken: RunProfile, pid: number, startUnixMs: number): Promise<void> {
    const { record } = this.#begin as RunBeginning
    const seconds = this.#seconds.filter(({ unixMs }) => unixMs > taken.fromUnixMs && unixMs <= taken.toUnixMs + 1000)
    const endpoints = endpointCosts(seconds)
    const dir = join('profiles', taken.name)
    const fromS = (taken.fromUnixMs - startUnixMs) / 1000
    const toS = (taken.toUnixMs - startUnixMs) / 1000
    const requests = endpoints.reduce((sum, endpoint) => sum + endpoint.requests, 0)
    await writeBundle(join(record.dir, dir), {
      profile: taken.profile,
      raw: taken.raw,
      title: `${taken.kind} profile, ${taken.why}`,
      facts: {
        kind: taken.kind,
        runtime: taken.runtime,
        method: taken.method,
        target: { pid },
        processCores: seconds.length === 0 ? null : seconds.reduce((sum, { cpuS }) => sum + cpuS, 0) / seconds.length,
        partial: null,
        notes: taken.notes,
        ...(requests > 0 ? { requests } : {}),
        run: { id: basename(record.dir), fromS, toS, why: taken.why, lostChunks: taken.lostChunks, endpoints },
      },
    })
    record.event('profile', { kind: taken.kind, runtime: taken.runtime, dir, fromS, toS, why: taken.why })
  }
}

function residentBytes(pid: number): number | undefined {
  try {
    // In pages (proc(5)); 4 KiB on every machine that Node runs on but some ARM servers, where shares stay right.
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  } catch {
    return undefined
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

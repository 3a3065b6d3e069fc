/**
 * A run without scripts: VUs whose iterations last exactly as long as told, on a simulated clock. What they did is kept
 * for comparison with the plan.
 */
import { SimClock } from '#base/clock.js'
import { type Share, WHOLE } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { Board, joinCrew, newBoardMemory } from '../crew.js'
import { createExecutor, planCrew, vuIdsOf } from '../index.js'
import type { ActiveVu, Executor, ScenarioHost } from '../types.js'

export interface IterationLog {
  readonly vu: number
  readonly intendedNs: number
  readonly startNs: number
  endNs: number
  interrupted: boolean
}

export interface ScriptedRun {
  readonly iterations: IterationLog[]
  readonly drops: { readonly atNs: number; readonly count: number }[]
  readonly warnings: string[]
  readonly grown: number[]
  /** When `run` resolved. */
  readonly endedNs: number
  /** VUs neither in the pool nor given back. */
  readonly leaked: number
}

export interface ScriptedOptions {
  /** VUs in the pool; of every worker when there are several executors. */
  readonly vus: number | readonly number[]
  /** Length of an iteration of VU `vu` (from 1), in ns, at least 1. */
  readonly durationNs: (vu: number) => number
  readonly startNs?: number
  readonly untilNs: number
  readonly stopNs?: number
  readonly growNs?: number
  /** Also called while it runs. */
  readonly at?: readonly (readonly [atNs: number, fn: () => void])[]
}

/** Runs a scenario on a crew of workers, which share one clock here: what they start together is what one would. */
export async function runScriptedCrew(
  scenario: Scenario,
  workers: number,
  options: Omit<ScriptedOptions, 'vus'>,
  share: Share = WHOLE,
): Promise<ScriptedRun> {
  const memory = newBoardMemory(workers, 1)
  const plan = planCrew({ [scenario.name]: scenario }, share, workers)
  const executors = plan.plannedVus.map((_, w) =>
    createExecutor(scenario, joinCrew(new Board(memory, 0, w), w, share, plan.offsets[scenario.name])),
  )
  return runScripted(executors, { ...options, vus: plan.plannedVus })
}

/** Runs one executor, or one on each worker of a crew. */
export async function runScripted(
  executor: Executor | readonly Executor[],
  options: ScriptedOptions,
): Promise<ScriptedRun> {
  const clock = new SimClock()
  const iterations: IterationLog[] = []
  const drops: { atNs: number; count: number }[] = []
  const warnings: string[] = []
  const grown: number[] = []
  let stop = (): void => {}
  let stopped = false
  const stopping = new Promise<void>((resolve) => {
    stop = () => {
      stopped = true
      resolve()
    }
  })
  const vus = typeof options.vus === 'number' ? [options.vus] : options.vus
  const pools: ActiveVu[][] = vus.map(() => [])
  const handedOver: ((dueNs: number) => void)[] = []
  let made = vus.reduce((sum, count) => sum + count, 0)
  const make = (id: number, pool: ActiveVu[]): ActiveVu => {
    let end: ((complete: boolean) => void) | undefined
    const vu: ActiveVu = {
      iterate(intendedNs) {
        if (end !== undefined) throw new Error(`VU ${id} was given a second iteration while one runs`)
        const entry: IterationLog = { vu: id, intendedNs, startNs: clock.nowNs(), endNs: -1, interrupted: false }
        const lastsNs = options.durationNs(id)
        iterations.push(entry)
        return new Promise((resolve) => {
          const cancel = clock.at(clock.nowNs() + lastsNs, () => end?.(true))
          end = (complete) => {
            cancel()
            end = undefined
            entry.endNs = clock.nowNs()
            entry.interrupted = !complete
            resolve(complete)
          }
        })
      },
      run(intendedNs, back) {
        void vu.iterate(intendedNs).then((complete) => back(complete, clock.nowNs()))
      },
      interrupt: () => end?.(false),
      release() {
        if (end !== undefined) throw new Error(`VU ${id} was released while an iteration runs`)
        if (pool.includes(vu)) throw new Error(`VU ${id} was released twice`)
        pool.push(vu)
      },
    }
    return vu
  }
  for (const [w, pool] of pools.entries()) for (const id of vuIdsOf(vus, w)) pool.push(make(id, pool))
  const hosts = pools.map(
    (pool, w): ScenarioHost => ({
      clock,
      take: () => pool.shift(),
      growPool() {
        return new Promise((resolve) => {
          clock.at(clock.nowNs() + (options.growNs ?? 0), () => {
            grown.push(clock.nowNs())
            pool.push(make(++made, pool))
            resolve()
          })
        })
      },
      dropped: (count) => void drops.push({ atNs: clock.nowNs(), count }),
      warn: (message) => void warnings.push(message),
      stopping,
      isStopping: () => stopped,
      handOver: (worker, dueNs) => clock.soon(() => handedOver[worker]?.(dueNs)),
      onHandedOver: (fn) => (handedOver[w] = fn),
    }),
  )
  if (options.stopNs !== undefined) clock.at(options.stopNs, stop)
  for (const [atNs, fn] of options.at ?? []) clock.at(atNs, fn)
  let endedNs = Number.NaN
  const run = async (): Promise<void> => {
    const executors = Array.isArray(executor) ? (executor as readonly Executor[]) : [executor as Executor]
    await Promise.all(executors.map((one, w) => one.run(hosts[w] as ScenarioHost, options.startNs ?? 0)))
    endedNs = clock.nowNs()
  }
  const done = run()
  await clock.advanceTo(options.untilNs)
  if (Number.isNaN(endedNs)) throw new Error(`the executor has not ended by ${options.untilNs} ns`)
  await done
  return { iterations, drops, warnings, grown, endedNs, leaked: made - pools.flat().length }
}

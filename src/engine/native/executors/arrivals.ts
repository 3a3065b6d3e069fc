/**
 * The open model: iterations start when they are due, whether or not the target keeps up. An arrival that finds no idle
 * VU is dropped and never made up for; the VUs then grow one at a time towards `maxVUs` (k6's rule).
 *
 * Over several workers each has a stripe of the arrivals and a part of the VUs. One that has no idle VU claims one of
 * another worker, in memory that all see, and hands the arrival over: an iteration is dropped only when no worker has
 * an idle VU, as on one thread. (docs/adr/0003)
 */
import type { Cancel } from '#base/clock.js'
import type { Crew } from './crew.js'
import type { ActiveVu, ScenarioHost } from './types.js'
import { BREATH_NS, RunWindow } from './window.js'

export interface ArrivalPlan {
  readonly scenario: string
  readonly durationNs: number
  readonly gracefulStopNs: number
  /** Of this worker. */
  readonly preAllocatedVus: number
  /** Of the instance: VUs at most, and how many of them are made only when they are needed. */
  readonly maxVus: number
  readonly unplannedVus: number
  /** Nanoseconds after the start at which this worker's next arrival is due, rising; undefined when there is none left. */
  readonly next: () => number | undefined
  /** k6 keeps constant-arrival-rate going to its full duration, and ends ramping-arrival-rate with its last arrival. */
  readonly waitForEnd: boolean
}

export async function runArrivals(plan: ArrivalPlan, crew: Crew, host: ScenarioHost, startNs: number): Promise<void> {
  const { clock } = host
  const { board } = crew
  const endNs = startNs + plan.durationNs
  const window = new RunWindow(host, startNs, endNs, endNs + plan.gracefulStopNs)
  const idle = new IdleQueue(crew)
  let growing: Promise<void> | undefined
  let closing = false
  let onEmpty: (() => void) | undefined

  const adopt = (vu: ActiveVu): void => {
    board.held.add(1)
    const worker: Worker = {
      vu,
      back: () => {
        board.running.add(-1)
        if (closing) leave(worker)
        else idle.push(worker)
      },
    }
    if (closing) leave(worker)
    else idle.push(worker)
  }
  const leave = (worker: Worker): void => {
    board.held.add(-1)
    window.release(worker.vu)
    if (board.held.own === 0) onEmpty?.()
  }
  const start = (worker: Worker, dueNs: number): void => {
    board.running.add(1)
    void worker.vu.iterate(dueNs).then(worker.back)
  }
  const grow = async (): Promise<void> => {
    try {
      await host.growPool()
    } catch (error) {
      host.warn(`Error while allocating unplanned VU: ${error instanceof Error ? error.message : String(error)}`)
    }
    const vu = window.stopped ? undefined : host.take()
    if (vu === undefined) board.addGrown(-1)
    else {
      window.add(vu)
      adopt(vu)
    }
    growing = undefined
    board.again('growing')
  }
  const drop = (): void => {
    host.dropped(1)
    if (board.grown < plan.unplannedVus) {
      if (!board.first('growing')) return
      board.addGrown(1)
      growing = grow()
    } else if (board.first('warned')) {
      host.warn(`Insufficient VUs, reached ${plan.maxVus} active VUs and cannot initialize more`)
    }
  }
  host.onHandedOver((dueNs) => {
    const worker = idle.claimed()
    if (window.stopped || clock.nowNs() >= window.hardEndNs) leave(worker)
    else start(worker, dueNs)
  })

  try {
    if (!(await window.sleepUntil(startNs))) return
    const late: Promise<void>[] = []
    for (let i = 0; i < plan.preAllocatedVus; i++) {
      const vu = host.take()
      if (vu === undefined) late.push(window.acquire(plan.scenario).then((v) => v && adopt(v)))
      else {
        window.add(vu)
        adopt(vu)
      }
    }
    await new Promise<void>((resolve) => {
      let dueNs = nextDue(plan, startNs)
      let turnGivenNs = Number.NEGATIVE_INFINITY
      let cancel: Cancel | undefined
      const pump = (): void => {
        const begunNs = clock.nowNs()
        for (;;) {
          // An arrival due exactly at the end is still started, as k6 does: 10/s for 1 s are 11 iterations.
          if (window.stopped || dueNs === undefined || dueNs > endNs) return resolve()
          const nowNs = clock.nowNs()
          if (nowNs >= window.hardEndNs) return resolve()
          if (dueNs > nowNs) {
            cancel = dueNs - nowNs < PRECISE_GAP_NS ? clock.coarseAt(dueNs, pump) : clock.at(dueNs, pump)
            return
          }
          // A rate beyond what this machine can even count must not keep Ctrl-C from being heard.
          if (nowNs - begunNs > BREATH_NS) return clock.soon(pump)
          const worker = idle.take()
          if (worker !== undefined) start(worker, dueNs)
          else if (turnGivenNs < dueNs) {
            // A VU that became free up to this instant may not have said so yet: let the event loop turn once before
            // this arrival counts as dropped.
            turnGivenNs = nowNs
            return clock.soon(pump)
          } else {
            const other = idle.claimElsewhere()
            if (other === undefined) drop()
            else host.handOver(other, dueNs)
          }
          dueNs = nextDue(plan, startNs)
        }
      }
      window.onStop(() => {
        cancel?.()
        resolve()
      })
      pump()
    })
    board.through('exhausted')
    if (plan.waitForEnd) await window.sleepUntil(endNs)
    // The others may still need VUs of this worker for their last arrivals.
    while (board.exhausted < crew.count && (await window.sleepUntil(clock.nowNs() + LAST_ARRIVALS_NS)));
    closing = true
    for (let worker = idle.take(); worker !== undefined; worker = idle.take()) leave(worker)
    // What is held now runs, or is claimed by an arrival that is on its way from another worker.
    if (board.held.own > 0) await new Promise<void>((resolve) => (onEmpty = resolve))
    await Promise.all(late)
    await growing
  } finally {
    window.close()
  }
}

/**
 * Arrivals that are at least so far apart are started to the microsecond, which takes a millisecond of spinning each (5 %
 * of a core). Closer ones start up to 1 ms late, those of a millisecond together: spinning would take the whole core
 * (measured at 5,000/s: 1.02 CPU seconds a second), and a generator that never rests cannot tell that it is saturated.
 * Requests are timed from their own start, and the lateness stands in `iteration_start_lag`.
 */
const PRECISE_GAP_NS = 20_000_000
const LAST_ARRIVALS_NS = 2_000_000

interface Worker {
  readonly vu: ActiveVu
  /** Made once per VU, so that an iteration allocates no closure. */
  readonly back: () => void
}

function nextDue(plan: ArrivalPlan, startNs: number): number | undefined {
  const offsetNs = plan.next()
  return offsetNs === undefined ? undefined : startNs + offsetNs
}

/**
 * First in, first out: the VU that has rested longest runs next, as in k6. The number of those that nobody has claimed
 * stands on the board.
 */
class IdleQueue {
  readonly #crew: Crew
  #items: (Worker | undefined)[] = []
  #head = 0

  constructor(crew: Crew) {
    this.#crew = crew
  }

  push(worker: Worker): void {
    this.#items.push(worker)
    this.#crew.board.addIdle(this.#crew.index)
  }

  take(): Worker | undefined {
    return this.#crew.board.claimIdle(this.#crew.index) ? this.claimed() : undefined
  }

  /** Claims a VU of another worker, whose number is the answer. */
  claimElsewhere(): number | undefined {
    const { board, count, index } = this.#crew
    for (let step = 1; step < count; step++) {
      const other = (index + step) % count
      if (board.claimIdle(other)) return other
    }
    return undefined
  }

  /** One that was claimed: the queue holds at least as many as there are claims. */
  claimed(): Worker {
    const worker = this.#items[this.#head] as Worker
    this.#items[this.#head++] = undefined
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return worker
  }
}

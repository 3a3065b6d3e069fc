/**
 * The open model: iterations start when they are due, whether or not the target keeps up. An arrival that finds no idle
 * VU is dropped and never made up for; the VUs then grow one at a time towards `maxVUs` (k6's rule).
 */
import type { Cancel } from '#base/clock.js'
import type { ActiveVu, ScenarioHost } from './types.js'
import { BREATH_NS, RunWindow } from './window.js'

export interface ArrivalPlan {
  readonly scenario: string
  readonly durationNs: number
  readonly gracefulStopNs: number
  readonly preAllocatedVus: number
  readonly maxVus: number
  /** Nanoseconds after the start at which the next arrival is due, rising; undefined when there is none left. */
  readonly next: () => number | undefined
  /** k6 keeps constant-arrival-rate going to its full duration, and ends ramping-arrival-rate with its last arrival. */
  readonly waitForEnd: boolean
}

/** Live numbers for the progress line. */
export interface ArrivalState {
  running: number
  active: number
}

export async function runArrivals(
  plan: ArrivalPlan,
  state: ArrivalState,
  host: ScenarioHost,
  startNs: number,
): Promise<void> {
  const { clock } = host
  const endNs = startNs + plan.durationNs
  const window = new RunWindow(host, startNs, endNs, endNs + plan.gracefulStopNs)
  const idle = new IdleQueue()
  let unplannedLeft = plan.maxVus - plan.preAllocatedVus
  let growing: Promise<void> | undefined
  let warned = false
  let closing = false
  let onIdle: (() => void) | undefined

  const adopt = (vu: ActiveVu): void => {
    state.active++
    const worker: Worker = {
      vu,
      back: () => {
        state.running--
        if (closing) leave(worker)
        else idle.push(worker)
      },
    }
    if (closing) leave(worker)
    else idle.push(worker)
  }
  const leave = (worker: Worker): void => {
    state.active--
    window.release(worker.vu)
    if (state.running === 0) onIdle?.()
  }
  const grow = async (): Promise<void> => {
    try {
      await host.growPool()
    } catch (error) {
      host.warn(`Error while allocating unplanned VU: ${error instanceof Error ? error.message : String(error)}`)
    }
    const vu = window.stopped ? undefined : host.take()
    if (vu === undefined) unplannedLeft++
    else {
      window.add(vu)
      adopt(vu)
    }
    growing = undefined
  }
  const drop = (): void => {
    host.dropped(1)
    if (unplannedLeft > 0) {
      if (growing !== undefined) return
      unplannedLeft--
      growing = grow()
    } else if (!warned) {
      warned = true
      host.warn(`Insufficient VUs, reached ${plan.maxVus} active VUs and cannot initialize more`)
    }
  }

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
            cancel = clock.at(dueNs, pump)
            return
          }
          // A rate beyond what this machine can even count must not keep Ctrl-C from being heard.
          if (nowNs - begunNs > BREATH_NS) return clock.soon(pump)
          const worker = idle.shift()
          if (worker !== undefined) {
            state.running++
            void worker.vu.iterate(dueNs).then(worker.back)
          } else if (turnGivenNs < dueNs) {
            // A VU that became free up to this instant may not have said so yet: let the event loop turn once before
            // this arrival counts as dropped.
            turnGivenNs = nowNs
            return clock.soon(pump)
          } else drop()
          dueNs = nextDue(plan, startNs)
        }
      }
      window.onStop(() => {
        cancel?.()
        resolve()
      })
      pump()
    })
    if (plan.waitForEnd) await window.sleepUntil(endNs)
    closing = true
    for (let worker = idle.shift(); worker !== undefined; worker = idle.shift()) leave(worker)
    if (state.running > 0) await new Promise<void>((resolve) => (onIdle = resolve))
    await Promise.all(late)
    await growing
  } finally {
    window.close()
  }
}

interface Worker {
  readonly vu: ActiveVu
  /** Made once per VU, so that an iteration allocates no closure. */
  readonly back: () => void
}

function nextDue(plan: ArrivalPlan, startNs: number): number | undefined {
  const offsetNs = plan.next()
  return offsetNs === undefined ? undefined : startNs + offsetNs
}

/** First in, first out: the VU that has rested longest runs next, as in k6. */
class IdleQueue {
  #items: (Worker | undefined)[] = []
  #head = 0

  push(worker: Worker): void {
    this.#items.push(worker)
  }

  shift(): Worker | undefined {
    const worker = this.#items[this.#head]
    if (worker === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return worker
  }
}

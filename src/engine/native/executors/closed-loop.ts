/**
 * The closed model: every VU starts its next iteration when the last one is done. Shared by shared-iterations,
 * per-vu-iterations and constant-vus, which differ only in who may start one more.
 */
import type { ActiveVu, ScenarioHost } from './types.js'
import { RunWindow } from './window.js'

export interface ClosedLoop {
  readonly scenario: string
  readonly vus: number
  readonly durationNs: number
  readonly gracefulStopNs: number
  /** Called once per VU before its first iteration. */
  readonly turns: () => Turns
  /** Called when the last VU is back, with whether the whole run was stopped. */
  readonly finished?: (host: ScenarioHost, stopped: boolean) => void
}

/** What one VU still has to do. */
export interface Turns {
  /** True when it may start one more iteration; counts it as attempted. */
  next(): boolean
  done(): void
  /** The regular end came before `next` said no. */
  cutShort(host: ScenarioHost): void
}

export async function runClosedLoop(loop: ClosedLoop, host: ScenarioHost, startNs: number): Promise<void> {
  const endNs = startNs + loop.durationNs
  const window = new RunWindow(host, startNs, endNs, endNs + loop.gracefulStopNs)
  try {
    if (!(await window.sleepUntil(startNs))) return
    const loops: Promise<void>[] = []
    for (let i = 0; i < loop.vus; i++) {
      const vu = host.take()
      if (vu === undefined)
        loops.push(window.acquire(loop.scenario).then((late) => late && turnVu(window, late, loop.turns())))
      else {
        window.add(vu)
        loops.push(turnVu(window, vu, loop.turns()))
      }
    }
    await Promise.all(loops)
    loop.finished?.(host, window.stopped)
  } finally {
    window.close()
  }
}

/** The hot path: one clock reading and one await a turn. */
async function turnVu(window: RunWindow, vu: ActiveVu, turns: Turns): Promise<void> {
  const { clock } = window.host
  for (;;) {
    let nowNs = clock.nowNs()
    if (window.needsBreath(nowNs)) {
      await window.breathe()
      nowNs = clock.nowNs()
    }
    if (!window.isOpen(nowNs)) {
      if (!window.stopped) turns.cutShort(window.host)
      break
    }
    if (!turns.next()) break
    await vu.iterate(nowNs)
    turns.done()
  }
  window.release(vu)
}

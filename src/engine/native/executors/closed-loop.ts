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

function turnVu(window: RunWindow, vu: ActiveVu, turns: Turns): Promise<void> {
  return new Promise((resolve) => new Turning(window, vu, turns, resolve).next(window.host.clock.nowNs()))
}

/** The hot path: a turn reads no clock of its own and makes no promise. */
class Turning {
  readonly #window: RunWindow
  readonly #vu: ActiveVu
  readonly #turns: Turns
  readonly #over: () => void
  #inside = false

  constructor(window: RunWindow, vu: ActiveVu, turns: Turns, over: () => void) {
    this.#window = window
    this.#vu = vu
    this.#turns = turns
    this.#over = over
  }

  next(nowNs: number): void {
    if (this.#window.needsBreath(nowNs)) {
      void this.#window.breathe().then(() => this.#start(this.#window.host.clock.nowNs()))
    } else this.#start(nowNs)
  }

  #start(nowNs: number): void {
    const window = this.#window
    const open = window.isOpen(nowNs)
    if (!open && !window.stopped) this.#turns.cutShort(window.host)
    if (!open || !this.#turns.next()) {
      window.release(this.#vu)
      this.#over()
      return
    }
    this.#inside = true
    this.#vu.run(nowNs, this.#back)
    this.#inside = false
  }

  readonly #back = (_complete: boolean, endNs: number): void => {
    this.#turns.done()
    // An iteration that waited for nothing is back while `run` is on the stack: the stack must not grow, and promises
    // that the script left behind come first.
    if (this.#inside) void Promise.resolve().then(() => this.next(this.#window.host.clock.nowNs()))
    else this.next(endNs)
  }
}

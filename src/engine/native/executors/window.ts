/**
 * The life of one scenario on the clock: until `endNs` iterations may start; the running ones then have gracefulStop,
 * and are interrupted at `hardEndNs`. A stop of the whole run (Ctrl-C, abort, threshold) interrupts at once, as in k6.
 */
import type { Cancel } from '#base/clock.js'
import type { ActiveVu, ScenarioHost } from './types.js'

export class RunWindow {
  readonly host: ScenarioHost
  readonly startNs: number
  /** Regular end. */
  readonly endNs: number
  readonly hardEndNs: number
  /** True from a stop of the whole run on. */
  stopped = false
  /** True once gracefulStop is over. */
  hardEnded = false
  readonly #vus = new Set<ActiveVu>()
  readonly #timers = new Set<Cancel>()
  readonly #onStop = new Set<() => void>()
  #breath: Promise<void> | undefined
  #turnNs: number

  constructor(host: ScenarioHost, startNs: number, endNs: number, hardEndNs: number) {
    this.host = host
    this.startNs = startNs
    this.endNs = endNs
    this.hardEndNs = hardEndNs
    this.#turnNs = host.clock.nowNs()
    this.stopped = host.isStopping()
    if (hardEndNs < Number.POSITIVE_INFINITY) {
      this.later(hardEndNs, () => {
        this.hardEnded = true
        this.interruptAll()
      })
    }
    void host.stopping.then(() => this.#stop())
  }

  /** May an iteration start at `nowNs`? */
  isOpen(nowNs: number): boolean {
    return nowNs < this.endNs && !this.stopped && !this.hardEnded
  }

  /** Calls `fn` when the whole run is stopped; at once when it is already. */
  onStop(fn: () => void): void {
    if (this.stopped) fn()
    else this.#onStop.add(fn)
  }

  /** Calls `fn` at `atNs`, up to 1 ms late, unless the window is closed before. */
  later(atNs: number, fn: () => void): Cancel {
    const cancel = this.host.clock.coarseAt(atNs, () => {
      this.#timers.delete(cancel)
      fn()
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }

  add(vu: ActiveVu): void {
    this.#vus.add(vu)
  }

  /** Gives the VU back to the run's pool. */
  release(vu: ActiveVu): void {
    if (this.#vus.delete(vu)) vu.release()
  }

  interruptAll(): void {
    for (const vu of this.#vus) vu.interrupt()
  }

  /** Waits for `atNs`, up to 1 ms longer; false when the run was stopped first. */
  sleepUntil(atNs: number): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false)
    if (this.host.clock.nowNs() >= atNs) return Promise.resolve(true)
    return new Promise((resolve) => {
      const stop = (): void => {
        cancel()
        resolve(false)
      }
      const cancel = this.later(atNs, () => {
        this.#onStop.delete(stop)
        resolve(true)
      })
      this.#onStop.add(stop)
    })
  }

  /**
   * Iterations that never wait for anything outside (a script that only computes) would keep the event loop from
   * turning, so no timer fired and no socket was read. Callers pause here when `needsBreath` says so: one turn for all VUs.
   */
  breathe(): Promise<void> {
    this.#breath ??= new Promise<void>((resolve) => {
      const { clock } = this.host
      clock.soon(() => {
        this.#turnNs = clock.nowNs()
        this.#breath = undefined
        resolve()
      })
    })
    return this.#breath
  }

  needsBreath(nowNs: number): boolean {
    return nowNs - this.#turnNs > BREATH_NS
  }

  /**
   * Takes a planned VU. The plan has one for us, but at the instant when another scenario ends its VUs may still be on
   * their way back, so this waits for one, as k6 does, and answers undefined only after two seconds.
   */
  async acquire(scenario: string): Promise<ActiveVu | undefined> {
    const { host } = this
    for (let waitedNs = 0; !this.stopped && !this.hardEnded; waitedNs += RETRY_NS) {
      const vu = host.take()
      if (vu !== undefined) {
        this.add(vu)
        return vu
      }
      if (waitedNs > 0 && waitedNs % WARN_EVERY_NS === 0) {
        host.warn(`Could not get a VU from the buffer for ${waitedNs / 1e6}ms (scenario ${scenario})`)
      }
      if (waitedNs >= GIVE_UP_NS) break
      await this.sleepUntil(host.clock.nowNs() + (waitedNs === 0 ? 1 : RETRY_NS))
    }
    return undefined
  }

  /** No timer of this window fires any more. */
  close(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    for (const vu of this.#vus) vu.release()
    this.#vus.clear()
  }

  #stop(): void {
    if (this.stopped) return
    this.stopped = true
    this.interruptAll()
    for (const fn of this.#onStop) fn()
    this.#onStop.clear()
  }
}

/** Longest stretch without a turn of the event loop: short enough that a progress line and a timer of the script stay on time, long enough to cost nothing. */
export const BREATH_NS = 5_000_000
const RETRY_NS = 1_000_000
const WARN_EVERY_NS = 400_000_000
const GIVE_UP_NS = 2_000_000_000

/**
 * VUs that are started and stopped one by one while a scenario runs (ramping-vus, externally-controlled). The slots
 * form a stack: the highest is stopped first. A stopped slot finishes its iteration; started again before that, it goes on.
 */
import type { Tally } from './crew.js'
import type { ActiveVu } from './types.js'
import type { RunWindow } from './window.js'

export class VuSlots {
  readonly #window: RunWindow
  readonly #scenario: string
  readonly #slots: Slot[] = []
  #wanted = 0
  readonly #held: Tally
  #onEmpty: (() => void)[] = []

  /** @param held  counts the slots that hold a VU: looping, or finishing an iteration */
  constructor(window: RunWindow, scenario: string, held: Tally) {
    this.#window = window
    this.#scenario = scenario
    this.#held = held
  }

  /** Starts or stops slots, highest first, until `vus` loop. */
  setWanted(vus: number): void {
    while (this.#wanted < vus) this.#start(this.#wanted++)
    while (this.#wanted > vus) {
      const slot = this.#slots[--this.#wanted]
      if (slot !== undefined) slot.wanted = false
    }
  }

  /** Interrupts the iteration that slot `index` (from 0) may still be finishing. */
  interrupt(index: number): void {
    const slot = this.#slots[index]
    if (slot !== undefined && !slot.wanted) slot.vu?.interrupt()
  }

  /** Resolves when no slot holds a VU. */
  whenEmpty(): Promise<void> {
    if (this.#held.own === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onEmpty.push(resolve))
  }

  #start(index: number): void {
    let slot = this.#slots[index]
    if (slot === undefined) {
      slot = { wanted: true, looping: false, vu: undefined }
      this.#slots[index] = slot
    }
    slot.wanted = true
    if (!slot.looping) void this.#loop(slot)
  }

  async #loop(slot: Slot): Promise<void> {
    const window = this.#window
    const { clock } = window.host
    slot.looping = true
    this.#held.add(1)
    const taken = window.host.take()
    if (taken !== undefined) window.add(taken)
    slot.vu = taken ?? (await window.acquire(this.#scenario))
    if (slot.vu !== undefined) {
      for (;;) {
        let nowNs = clock.nowNs()
        if (window.needsBreath(nowNs)) {
          await window.breathe()
          nowNs = clock.nowNs()
        }
        if (!slot.wanted || !window.isOpen(nowNs)) break
        await slot.vu.iterate(nowNs)
      }
      window.release(slot.vu)
    }
    slot.vu = undefined
    slot.looping = false
    this.#held.add(-1)
    if (this.#held.own === 0) {
      for (const fn of this.#onEmpty) fn()
      this.#onEmpty = []
    }
  }
}

interface Slot {
  wanted: boolean
  looping: boolean
  vu: ActiveVu | undefined
}

/**
 * Deadlines of all requests of a worker on one timer. Requests that share a timeout are due in the order they began, so
 * each distinct timeout is a doubly linked list with O(1) insert and remove, and nothing is allocated per request.
 */
import { nowMs } from '#base/clock.js'

/** What a list links. The fields belong to the list. */
export interface Timed {
  dueMs: number
  timeoutPrev: Timed | undefined
  timeoutNext: Timed | undefined
  timeoutList: TimeoutList | undefined
  onTimeout(): void
}

export interface TimeoutList {
  readonly timeoutMs: number
  first: Timed | undefined
  last: Timed | undefined
}

export class Timeouts {
  readonly #lists = new Map<number, TimeoutList>()
  #latest: TimeoutList | undefined
  #timer: NodeJS.Timeout | undefined
  #timerDueMs = Number.POSITIVE_INFINITY

  /** `beganMs` from nowMs. A timed thing is in one list at a time. */
  add(timed: Timed, beganMs: number, timeoutMs: number): void {
    let list = this.#latest
    if (list === undefined || list.timeoutMs !== timeoutMs) list = this.#listFor(timeoutMs)
    timed.dueMs = beganMs + timeoutMs
    timed.timeoutList = list
    // A retried request keeps its first deadline, so it may belong before younger ones.
    let prev = list.last
    while (prev !== undefined && prev.dueMs > timed.dueMs) prev = prev.timeoutPrev
    const next = prev === undefined ? list.first : prev.timeoutNext
    timed.timeoutPrev = prev
    timed.timeoutNext = next
    if (prev === undefined) list.first = timed
    else prev.timeoutNext = timed
    if (next === undefined) list.last = timed
    else next.timeoutPrev = timed
    if (timed.dueMs < this.#timerDueMs) this.#arm(timed.dueMs, beganMs)
  }

  remove(timed: Timed): void {
    const list = timed.timeoutList
    if (list === undefined) return
    if (timed.timeoutPrev === undefined) list.first = timed.timeoutNext
    else timed.timeoutPrev.timeoutNext = timed.timeoutNext
    if (timed.timeoutNext === undefined) list.last = timed.timeoutPrev
    else timed.timeoutNext.timeoutPrev = timed.timeoutPrev
    timed.timeoutList = undefined
    timed.timeoutPrev = undefined
    timed.timeoutNext = undefined
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
  }

  #listFor(timeoutMs: number): TimeoutList {
    let list = this.#lists.get(timeoutMs)
    if (list === undefined) {
      // A script that computes a new timeout for each request must not leave a list behind for each.
      if (this.#lists.size >= 64) {
        for (const [key, old] of this.#lists) if (old.first === undefined) this.#lists.delete(key)
      }
      list = { timeoutMs, first: undefined, last: undefined }
      this.#lists.set(timeoutMs, list)
    }
    this.#latest = list
    return list
  }

  #arm(dueMs: number, now: number): void {
    clearTimeout(this.#timer)
    this.#timerDueMs = dueMs
    // Beyond 2^31 - 1 ms a timer fires at once, so a longer wait is taken in turns.
    const waitMs = Math.min(Math.max(1, Math.ceil(dueMs - now)), 2 ** 31 - 1)
    this.#timer = setTimeout(this.#expire, waitMs)
    // Sockets keep the process alive while there is something to wait for.
    this.#timer.unref()
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const now = nowMs()
    // In the order in which they are due, also when this timer comes late.
    for (let timed = this.#earliest(); timed !== undefined && timed.dueMs <= now; timed = this.#earliest()) {
      this.remove(timed)
      timed.onTimeout()
    }
    const next = this.#earliest()?.dueMs ?? Number.POSITIVE_INFINITY
    if (next < this.#timerDueMs) this.#arm(next, nowMs())
  }

  #earliest(): Timed | undefined {
    let earliest: Timed | undefined
    for (const { first } of this.#lists.values())
      if (first !== undefined && (earliest === undefined || first.dueMs < earliest.dueMs)) earliest = first
    return earliest
  }
}

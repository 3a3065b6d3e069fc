import type { Cancel, Clock } from '#base/clock.js'
import type { BoardMemory } from '../executors/crew.js'

/**
 * k6's `rps`: at most that many requests a second over all VUs of the run. Requests leave on a grid of 1/rps seconds;
 * unused slots are not saved up, so that a pause is not followed by a burst. The next slot stands in memory that all
 * workers see, in picoseconds, so that a step that is no whole nanosecond does not add up.
 */
export function createRateLimit(
  perSecond: number,
  clock: Clock,
  memory: Pick<BoardMemory, 'nextRequest'>,
): (go: () => void) => Cancel {
  const gapPs = BigInt(Math.round(1e12 / perSecond))
  const next = new BigInt64Array(memory.nextRequest)
  return (go) => {
    const nowNs = clock.nowNs()
    const atNs = Number(takeSlot(next, BigInt(nowNs) * 1000n, gapPs)) / 1000
    if (atNs <= nowNs) {
      go()
      return () => {}
    }
    return clock.coarseAt(Math.ceil(atNs), go)
  }
}

function takeSlot(next: BigInt64Array, nowPs: bigint, gapPs: bigint): bigint {
  for (let free = Atomics.load(next, 0); ; ) {
    const slot = free > nowPs ? free : nowPs
    const seen = Atomics.compareExchange(next, 0, free, slot + gapPs)
    if (seen === free) return slot
    free = seen
  }
}

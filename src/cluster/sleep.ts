import type { Clock } from '#base/clock.js'

export function sleep(clock: Clock, ns: number): Promise<void> {
  return new Promise((resolve) => void clock.coarseAt(clock.nowNs() + ns, resolve))
}

/** Calls `tick` every so often until the result is called. */
export function every(clock: Clock, ns: number, tick: () => void): () => void {
  let cancel = clock.coarseAt(clock.nowNs() + ns, again)
  function again(): void {
    cancel = clock.coarseAt(clock.nowNs() + ns, again)
    tick()
  }
  return () => cancel()
}

/**
 * Where an instant of the coordinator's wall clock lies on this machine's monotonic clock. The own wall clock has no
 * part in it: it may be off by minutes.
 */
import type { Clock } from '#base/clock.js'

export interface ClockSync {
  /** The coordinator's wall clock was this... */
  readonly unixMs: number
  /** ...when the own monotonic clock was this. */
  readonly atNs: number
  /** Round trip of the sample: the error is at most half of it. */
  readonly rttMs: number
  /** Own wall clock minus the coordinator's. */
  readonly wallClockOffMs: number
}

/**
 * Asks several times and believes the fastest answer: its asymmetry is bounded by its round trip (Cristian, 1989).
 * @param ask  answers the coordinator's wall clock; rejects when nobody does
 */
export async function syncClock(clock: Clock, ask: () => Promise<number>, samples = 8): Promise<ClockSync> {
  let best: ClockSync | undefined
  for (let i = 0; i < samples; i++) {
    const sentNs = clock.nowNs()
    const unixMs = await ask()
    const gotNs = clock.nowNs()
    const rttMs = (gotNs - sentNs) / 1e6
    if (!Number.isFinite(unixMs)) throw new Error('the coordinator answered no time')
    if (best === undefined || rttMs < best.rttMs)
      best = { unixMs, atNs: (sentNs + gotNs) / 2, rttMs, wallClockOffMs: clock.unixMs() - rttMs / 2 - unixMs }
  }
  return best as ClockSync
}

/** Monotonic nanoseconds, here, of an instant of the coordinator's wall clock. */
export function instantOf(sync: ClockSync, unixMs: number): number {
  return sync.atNs + (unixMs - sync.unixMs) * 1e6
}

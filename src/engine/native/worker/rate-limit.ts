import type { Cancel, Clock } from '#base/clock.js'

/**
 * k6's `rps`: at most that many requests a second over all VUs of the run. Requests leave on a grid of 1/rps seconds;
 * unused slots are not saved up, so that a pause is not followed by a burst.
 */
export function createRateLimit(perSecond: number, clock: Clock): (go: () => void) => Cancel {
  const gapNs = 1e9 / perSecond
  let nextNs = 0
  return (go) => {
    const nowNs = clock.nowNs()
    const atNs = Math.max(nowNs, nextNs)
    nextNs = atNs + gapNs
    if (atNs <= nowNs) {
      go()
      return () => {}
    }
    return clock.at(Math.ceil(atNs), go)
  }
}

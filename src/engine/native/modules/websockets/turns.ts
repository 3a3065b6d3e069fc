/**
 * Turns of the event loop, numbered: what a script sends stays in `bufferedAmount` until its turn is over, as the
 * standard wants it. One counter for a worker, moved on only in turns in which somebody asked for it.
 */
import type { VuScope } from '../../types.js'

export interface Turns {
  readonly current: number
  /** The number of this turn, which will end. */
  now(): number
}

export function turnsOf(vu: VuScope): Turns {
  return vu.shared('k6/websockets:turns', () => {
    let armed = false
    const turns = {
      current: 0,
      now(): number {
        if (!armed) {
          armed = true
          vu.clock.soon(() => {
            armed = false
            turns.current++
          })
        }
        return turns.current
      },
    }
    return turns
  })
}

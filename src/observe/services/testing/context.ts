/** A collector under test: its clock moves by whole seconds, so that rates are differences, and its events are kept. */
import { systemClock } from '#base/clock.js'
import type { Readings } from '#record/observed.js'
import type { CollectorContext } from '../../types.js'

export interface TestContext extends CollectorContext {
  readonly events: { readonly type: string; readonly detail: Readonly<Record<string, unknown>> }[]
  /** Moves the clock by one second. */
  tick(): void
  told(type: string): readonly Readonly<Record<string, unknown>>[]
}

export function testContext(): TestContext {
  let nowNs = 1e9
  const events: TestContext['events'] = []
  return {
    clock: {
      ...systemClock,
      nowNs: () => nowNs,
      // Timeouts run in real time.
      coarseAt: (atNs, fn) => systemClock.coarseAt(systemClock.nowNs() + atNs - nowNs, fn),
    },
    event: (type, detail) => void events.push({ type, detail }),
    signal: new AbortController().signal,
    events,
    tick: () => void (nowNs += 1e9),
    told: (type) => events.filter((event) => event.type === type).map((event) => event.detail),
  }
}

/** Value of a tagged reading. */
export function tagged(readings: Readings, name: string, tags: Readonly<Record<string, string>>): number | undefined {
  const reading = readings[name]
  if (reading === undefined || typeof reading === 'number') return undefined
  const wanted = JSON.stringify(tags)
  return reading.find((one) => JSON.stringify(one.tags) === wanted)?.value
}

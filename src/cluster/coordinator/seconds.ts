/**
 * Makes one run of what many agents tell: their windows of the same second become one window of the run. A second is
 * given out once every agent that is alive has told it; what comes later is a window of the same second of its own,
 * because a late number is still a number, and in another second it would be a wrong one.
 */
import { BatchMerger, IdBook, mergeErrors } from '#engine/native/merge-windows.js'
import type { ScenarioState, WorkerWindow } from '#engine/native/worker/protocol.js'
import type { WindowBatch, WindowRow } from '#metrics/types.js'

const SECOND_NS = 1e9
/** Gauges that each agent tells of itself alone: those of the run are their sum. */
const SUMMED = new Set(['vus', 'vus_max'])

type Part = readonly [share: number, windows: WorkerWindow[]]

export class SecondMerger {
  readonly #emit: (window: WorkerWindow) => void
  readonly #ids = new IdBook()
  readonly #batches = new BatchMerger(this.#ids)
  readonly #waiting = new Map<number, Map<number, WorkerWindow[]>>()
  /** The last window of each share, for what is a state and not an event. */
  readonly #last = new Map<number, WorkerWindow>()
  #given = 0

  constructor(emit: (window: WorkerWindow) => void) {
    this.#emit = emit
  }

  /** Seconds below this one have been given out. */
  get given(): number {
    return this.#given
  }

  /** @param share  number of the share that measured it */
  add(share: number, window: WorkerWindow): void {
    const { span } = window
    // setup and teardown, which belong to no second.
    if (span === undefined || span.toNs === 0) return this.#send([[share, [window]]], undefined)
    const second = Math.floor((span.fromNs + span.toNs) / 2 / SECOND_NS)
    const parts = this.#waiting.get(second) ?? new Map<number, WorkerWindow[]>()
    this.#waiting.set(second, parts)
    const list = parts.get(share)
    if (list === undefined) parts.set(share, [window])
    else list.push(window)
    if (second < this.#given) this.#giveOut(second)
  }

  /** A share that has ended has no VUs any more. */
  end(share: number): void {
    const last = this.#last.get(share)
    if (last !== undefined) this.#last.set(share, { ...last, vusActive: 0, vusInitialized: 0 })
  }

  /** Gives out all seconds below `second`, in order. */
  advance(second: number): void {
    while (this.#given < second) {
      this.#giveOut(this.#given)
      this.#given++
    }
  }

  /** Gives out all that is here. */
  flush(): void {
    this.advance(Math.max(this.#given, ...[...this.#waiting.keys()].map((second) => second + 1)))
  }

  #giveOut(second: number): void {
    const parts = this.#waiting.get(second)
    if (parts === undefined) return
    this.#waiting.delete(second)
    this.#send([...parts], second)
  }

  #send(parts: readonly Part[], second: number | undefined): void {
    const batch = this.#merge(parts)
    const windows = parts.flatMap(([share, list]) => {
      const last = list.at(-1)
      if (last !== undefined && second !== undefined) this.#last.set(share, last)
      return list
    })
    const states = [...this.#last.values()]
    const sum = (read: (window: WorkerWindow) => number): number => states.reduce((all, one) => all + read(one), 0)
    const endNs = Math.max(...windows.map(({ span }) => span?.toNs ?? 0))
    const span = second === undefined ? {} : { span: spanOf(second, endNs) }
    this.#emit({
      unixMs: Math.max(...windows.map(({ unixMs }) => unixMs)),
      ...span,
      batch,
      scenarios: scenariosOf(states),
      vusActive: sum(({ vusActive }) => vusActive),
      vusInitialized: sum(({ vusInitialized }) => vusInitialized),
      iterationsCompleted: sum(({ iterationsCompleted }) => iterationsCompleted),
      iterationsInterrupted: sum(({ iterationsInterrupted }) => iterationsInterrupted),
      health: parts.flatMap(([, list]) => list.at(-1)?.health ?? []),
      errors: mergeErrors(windows),
      inputs: windows.flatMap((window) => window.inputs ?? []),
      data: windows.find(({ data }) => data !== undefined && data.length > 0)?.data ?? [],
    })
  }

  #merge(parts: readonly Part[]): WindowBatch {
    const batch = this.#batches.merge(parts)
    // The merger keeps of a gauge the last value that it sees; those of one agent are not those of the run.
    const gauges = new Map<number, number>()
    for (const [share, list] of parts) {
      const own = new Map<number, number>()
      for (const window of list)
        for (const row of window.batch.rows) {
          const metric = this.#ids.metric(share, row.metric)
          if (SUMMED.has(this.#ids.metrics[metric]?.name ?? '')) own.set(metric, row.sum)
        }
      for (const [metric, value] of own) gauges.set(metric, (gauges.get(metric) ?? 0) + value)
    }
    if (gauges.size === 0) return batch
    const rows = batch.rows.map((row): WindowRow => {
      const sum = gauges.get(row.metric)
      return sum === undefined ? row : { ...row, count: 1, sum, min: sum, max: sum }
    })
    return { ...batch, rows }
  }
}

function spanOf(second: number, endNs: number): { fromNs: number; toNs: number } {
  const fromNs = second * SECOND_NS
  // The last second of a run is shorter; a tick that came late does not make one longer.
  return { fromNs, toNs: Math.max(fromNs + 1, Math.min(fromNs + SECOND_NS, endNs)) }
}

function scenariosOf(windows: readonly WorkerWindow[]): ScenarioState[] {
  const states = new Map<string, ScenarioState[]>()
  for (const { scenarios } of windows)
    for (const state of scenarios) states.set(state.name, [...(states.get(state.name) ?? []), state])
  return [...states].map(([name, all]) => {
    const asked = all.map(({ askedPerS }) => askedPerS).filter((one) => one !== undefined)
    const [first] = all
    return {
      name,
      state: all.every(({ state }) => state === first?.state) ? (first?.state ?? 'running') : 'running',
      done: all.reduce((sum, { done }) => sum + done, 0) / all.length,
      labels: [`${all.length} ${all.length === 1 ? 'agent' : 'agents'}`],
      askedPerS: asked.length === 0 ? undefined : asked.reduce((sum, one) => sum + one, 0),
      started: all.reduce((sum, { started }) => sum + started, 0),
      dropped: all.reduce((sum, { dropped }) => sum + dropped, 0),
    }
  })
}

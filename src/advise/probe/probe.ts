/**
 * The serial scaling probe: one request in flight, so that whatever the databases see in its time is its own doing, in any
 * language and with nothing installed in the target. A parameter of size is varied (as many more queries = a query for
 * each row), one of depth goes deeper (OFFSET), and answers held back count the round trips that wait for each other.
 */
import type { Clock } from '#base/clock.js'
import { nowMs } from '#base/clock.js'
import type { Exchange } from '#wire/types.js'
import type { BesidePass, DelayPass, OutgoingCall, ProbedRequest } from './capture.js'
import { parametersOf, withParameter } from './endpoint.js'
import { covered, middleOf } from '../measure.js'
import { type Answered, type Ask, Asker } from './request.js'

export interface ProbePorts {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
  /** Exchanges and calls as they come in, in the order of their ends. */
  readonly exchanges: readonly Exchange[]
  readonly calls: readonly OutgoingCall[]
  /** Sets how long every proxy holds answers back; undefined when there is none. */
  readonly hold: ((delayMs: number) => void) | undefined
}

const WARM_UPS = 3
const ROUNDS_VARIED = 3
const sizeFactors = [0.5, 2, 4]
const MOST_ROWS = 1_000
const depthFactors = [10, 100, 1_000, 10_000]
const DELAYS_MS = [0, 4, 8]
const DEAR_MS = 5_000
/** What a target does by itself, by timers, is seen in this time and not laid to a request. */
const IDLE_MS = 600
/** Work that goes on after an answer is still the request's. */
const SETTLE_MS = 15

export interface ProbeResult {
  readonly requests: readonly ProbedRequest[]
  readonly delays: readonly DelayPass[]
  readonly beside: readonly BesidePass[]
  /** Families that the target asks without being asked itself. */
  readonly background: ReadonlySet<string>
}

export async function probe(asks: readonly Ask[], rounds: number, ports: ProbePorts): Promise<ProbeResult> {
  const asker = new Asker()
  const requests: ProbedRequest[] = []
  const delays: DelayPass[] = []
  try {
    for (const ask of asks) for (let n = 0; n < WARM_UPS; n++) await asker.ask(ask, ports.signal)
    const before = ports.exchanges.length
    await pause(ports.clock, IDLE_MS)
    const background = new Set(ports.exchanges.slice(before).map(({ family }) => family))
    const one = async (ask: Ask, varied: ProbedRequest['varied']): Promise<ProbedRequest> => {
      const [exchangesBefore, callsBefore] = [ports.exchanges.length, ports.calls.length]
      const answered: Answered = await asker.ask(ask, ports.signal)
      await pause(ports.clock, SETTLE_MS)
      const untilMs = nowMs()
      const mine = <T extends { readonly startMs: number }>(list: readonly T[], from: number): T[] =>
        list.slice(from).filter(({ startMs }) => startMs >= answered.startMs && startMs <= untilMs)
      const exchanges = mine(ports.exchanges, exchangesBefore).filter(({ family }) => !background.has(family))
      const request = { ...answered, varied, exchanges, calls: mine(ports.calls, callsBefore) }
      requests.push(request)
      return request
    }
    for (const ask of asks) {
      ports.progress(`probing ${ask.method} ${ask.url}`)
      for (let n = 0; n < rounds; n++) await one(ask, undefined)
      // Only what reads is asked in other forms than the person gave.
      if (ask.method !== 'GET') continue
      for (const { name, role, value } of parametersOf(ask.url)) {
        const values = role === 'size' ? sizesOf(value) : depthFactors.map((factor) => Math.max(1, value) * factor)
        for (const wanted of values) {
          const varied = { ...ask, url: withParameter(ask.url, name, wanted) }
          const first = await one(varied, { name, value: wanted })
          // Beyond the end, refused, or so dear that deeper ones would only cost.
          if (first.status >= 400 || first.endMs - first.startMs > DEAR_MS) break
          for (let n = 1; n < ROUNDS_VARIED; n++) await one(varied, { name, value: wanted })
        }
      }
    }
    if (ports.hold !== undefined) {
      ports.progress('counting round trips: answers of the databases are held back for some milliseconds')
      for (const ask of asks.filter(({ method }) => method === 'GET'))
        delays.push(...(await delayed(ask, asker, ports)))
    }
    const beside: BesidePass[] = []
    for (const ask of asks) beside.push(...(await besides(ask, requests, asker, ports)))
    return { requests, delays, beside, background }
  } finally {
    ports.hold?.(0)
    asker.close()
  }
}

async function delayed(ask: Ask, asker: Asker, ports: ProbePorts): Promise<DelayPass[]> {
  const passes: DelayPass[] = []
  for (let round = 0; round < ROUNDS_VARIED; round++) {
    for (const delayMs of DELAYS_MS) {
      ports.hold?.(delayMs)
      const { endpoint, url, startMs, endMs } = await asker.ask(ask, ports.signal)
      passes.push({ endpoint, url, delayMs, responseMs: endMs - startMs })
    }
  }
  ports.hold?.(0)
  return passes
}

/** From here computing is felt by who has to wait for it. */
const FELT_MS = 15
const PAIRS = 6

/** A second request right after one that computes: on an event loop it waits for the first. */
async function besides(
  ask: Ask,
  requests: readonly ProbedRequest[],
  asker: Asker,
  ports: ProbePorts,
): Promise<BesidePass[]> {
  const mine = requests.filter(
    ({ url, method, varied }) => url === ask.url && method === ask.method && varied === undefined,
  )
  const computing = middleOf(
    mine.map(({ startMs, endMs, exchanges, calls }) => endMs - startMs - covered([...exchanges, ...calls])),
  )
  if (computing === undefined || computing.median < FELT_MS) return []
  const other = new Asker()
  const cheap: Ask = {
    method: 'GET',
    url: new URL('/perfwright-probe-of-nothing', ask.url).href,
    headers: ask.headers,
    body: undefined,
  }
  const passes: BesidePass[] = []
  try {
    await other.ask(cheap, ports.signal)
    for (let n = 0; n < PAIRS; n++) {
      const alone = await other.ask(cheap, ports.signal)
      const first = asker.ask(ask, ports.signal)
      // By then the first is under way.
      await pause(ports.clock, 3)
      const beside = await other.ask(cheap, ports.signal)
      const { endpoint } = await first
      passes.push({
        endpoint,
        computingMs: computing.median,
        aloneMs: alone.endMs - alone.startMs,
        besideMs: beside.endMs - beside.startMs,
      })
    }
  } finally {
    other.close()
  }
  return passes
}

function sizesOf(value: number): number[] {
  return [...new Set(sizeFactors.map((factor) => Math.round(value * factor)))].filter(
    (size) => size >= 1 && size <= MOST_ROWS && size !== value,
  )
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.coarseAt(clock.nowNs() + ms * 1e6, resolve))
}

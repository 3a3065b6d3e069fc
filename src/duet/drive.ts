/** One duet: two fresh sides, the same requests to both in alternation, CPU and latency of each. */
import type { Clock } from '#base/clock.js'
import { unusable } from './errors.js'
import { type Answer, SideClient } from './client.js'
import { machineTicks, rssOf, TreeCpu } from './cpu.js'
import { endpointOf } from './endpoints.js'
import type { RunningSide } from './side.js'
import type { DuetMeasure, DuetRequest, SideMeasure, SideName } from './types.js'

export interface DriveOptions {
  readonly index: number
  readonly swapped: boolean
  /** The n-th request, the same for both sides. */
  readonly requestAt: (n: number) => DuetRequest
  readonly warmUpMs: number
  /** At least; slow targets get longer (`waits`). */
  readonly measuredMs: number
  /** Pairs of requests under way at once. */
  readonly lanes: number
  /** The one side that gets requests, where the two cannot run at once; both when left out. */
  readonly only?: SideName
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Bodies are compared of every so many pairs: hashing is work on the machine that is measured. */
const comparedEach = 8
const latenciesKept = 200_000
/** So many requests are waited for, as long as this many lengths of the measured time. */
const waits = [
  { requests: 100, lengths: 5 },
  { requests: 20, lengths: 60 },
] as const

/**
 * A closed loop: a pair's second request begins when its first is answered, and which side is first alternates. So both
 * sides live through the same instants of a noisy machine, and with one lane only one of them works at a time.
 * @throws PW_DUET_SIDE_ENDED when a side ends on the way, PW_DUET_NO_ANSWERS when a side answers nothing
 */
export async function driveDuet(
  sides: Readonly<Record<SideName, RunningSide>>,
  options: DriveOptions,
): Promise<DuetMeasure> {
  const { clock, lanes } = options
  const clients = { a: new SideClient(sides.a.base, lanes), b: new SideClient(sides.b.base, lanes) }
  try {
    const state = { next: 0 }
    await phase(clients, sides, options, state, options.warmUpMs, undefined)
    const tally = { a: new Tally(), b: new Tally(), status: 0, body: 0, compared: 0 }
    const cpu = { a: cpuOf(sides.a), b: cpuOf(sides.b) }
    const own = process.cpuUsage()
    const before = machineTicks()
    const beganNs = clock.nowNs()
    await phase(clients, sides, options, state, options.measuredMs, tally)
    const usedNs = { a: cpu.a?.usedNs(), b: cpu.b?.usedNs() }
    const after = machineTicks()
    const self = process.cpuUsage(own)
    const oursNs = (usedNs.a ?? 0) + (usedNs.b ?? 0) + (self.user + self.system) * 1000
    const busyShare =
      before === undefined || after === undefined
        ? undefined
        : (after.busy - before.busy) / (after.total - before.total)
    const machineNs = before === undefined || after === undefined ? 0 : (after.total - before.total) * 1e7
    return {
      index: options.index,
      swapped: options.swapped,
      apart: options.only !== undefined,
      a: tally.a.measure(usedNs.a, sides.a.pid),
      b: tally.b.measure(usedNs.b, sides.b.pid),
      differing: { status: tally.status, body: tally.body, of: tally.compared },
      othersCpu:
        busyShare === undefined || machineNs === 0 || clock.nowNs() === beganNs
          ? null
          : Math.max(0, busyShare - oursNs / machineNs),
    }
  } finally {
    clients.a.close()
    clients.b.close()
  }
}

interface Tallies {
  readonly a: Tally
  readonly b: Tally
  status: number
  body: number
  compared: number
}

async function phase(
  clients: Readonly<Record<SideName, SideClient>>,
  sides: Readonly<Record<SideName, RunningSide>>,
  options: DriveOptions,
  state: { next: number },
  lengthMs: number,
  tallies: Tallies | undefined,
): Promise<void> {
  const { clock, signal } = options
  const beganNs = clock.nowNs()
  let sent = 0
  let fails = 0
  const goesOn = (): boolean => {
    const lengths = (clock.nowNs() - beganNs) / (lengthMs * 1e6)
    if (lengths < 1 || tallies === undefined) return lengths < 1
    return waits.some((wait) => sent < wait.requests && lengths < wait.lengths)
  }
  const lane = async (): Promise<void> => {
    while (goesOn() && !signal.aborted) {
      sent++
      const n = state.next++
      const one = options.requestAt(n)
      const compares = n % comparedEach === 0
      const both: readonly SideName[] = (n % 2 === 0) === options.swapped ? ['b', 'a'] : ['a', 'b']
      const order = options.only === undefined ? both : [options.only]
      const answers: Partial<Record<SideName, Answer>> = {}
      for (const name of order) answers[name] = await clients[name].send(one, compares)
      for (const name of order) {
        const ended = sides[name].ended()
        if (ended !== undefined) throw sideEnded(sides[name], ended)
      }
      const silent = order.find((name) => answers[name]?.status === 0)
      fails = silent === undefined ? 0 : fails + 1
      if (fails > 50 && silent !== undefined) {
        throw unusable(
          'PW_DUET_NO_ANSWERS',
          `Side ${silent} did not answer 50 requests in a row: ${answers[silent]?.error ?? 'no answer'}.`,
          `curl ${sides[silent].base.origin}${one.path}`,
        )
      }
      if (tallies === undefined) continue
      const endpoint = endpointOf(one)
      const areBoth = order.every((name) => isAnswer(answers[name]!))
      for (const name of order) tallies[name].add(endpoint, answers[name]!, areBoth)
      const { a, b } = answers
      if (!compares || a === undefined || b === undefined || a.status === 0 || b.status === 0) continue
      tallies.compared++
      if (a.status !== b.status) tallies.status++
      else if (a.hash !== b.hash) tallies.body++
    }
  }
  await Promise.all(Array.from({ length: options.lanes }, lane))
}

class Tally {
  #requests = 0
  #errors = 0
  #kept = 0
  readonly #latencies = new Map<string, number[]>()

  /** @param areBoth  both sides answered: only then a latency has its counterpart */
  add(endpoint: string, answer: Answer, areBoth: boolean): void {
    const { ms } = answer
    this.#requests++
    if (!isAnswer(answer)) this.#errors++
    if (!areBoth || this.#kept++ >= latenciesKept) return
    const list = this.#latencies.get(endpoint)
    if (list === undefined) this.#latencies.set(endpoint, [ms])
    else list.push(ms)
  }

  measure(usedNs: number | undefined, pid: number | undefined): SideMeasure {
    return {
      requests: this.#requests,
      errors: this.#errors,
      cpuUsPerRequest: usedNs === undefined || this.#requests === 0 ? null : usedNs / 1000 / this.#requests,
      rssBytes: pid === undefined ? null : (rssOf(pid) ?? null),
      latencyMs: this.#latencies,
    }
  }
}

function isAnswer({ status }: Answer): boolean {
  return status > 0 && status < 500
}

function cpuOf({ pid }: RunningSide): TreeCpu | undefined {
  return pid === undefined ? undefined : new TreeCpu(pid)
}

function sideEnded(side: RunningSide, how: string): Error {
  const tail = side
    .log()
    .trimEnd()
    .split('\n')
    .slice(-20)
    .join('\n')
    .replace(/[^\n\x20-\x7e\xa0-\uffff]/g, '?')
  return unusable(
    'PW_DUET_SIDE_ENDED',
    `Side ${side.name} ended (${how}) under load.${tail === '' ? '' : ` Its last output:\n${tail}`}`,
    'run the command by itself and send it the request that ended it',
  )
}

/** Statements, commands and calls that repeat within one request, and what makes a loop of them. */
import { covered, type Middle, middleOf, slopeOf } from '../measure.js'
import type { Capture, ProbedRequest } from '../probe/capture.js'

/** One statement so often in one request is a loop (Sentry and perf-sentinel draw the line at five, too). */
export const manyPerRequest = 5
/** So many more statements for each row more prove a query for each row. */
const provenSlope = 0.8

/** What belongs to a transaction or a connection, not to a loop. */
const housekeeping =
  /^\s*(begin|commit|rollback|start transaction|set|discard|deallocate|savepoint|release|show|prepare|ping|hello|client|auth|select \?$|multi|exec)\b/i

export interface Repeated<T> {
  readonly family: string
  /** Of the request that shows it best: as given, the median of its rounds. */
  readonly example: ProbedRequest
  readonly items: readonly T[]
  /** In a request as given. */
  readonly count: number
  readonly distinct: number
  /** Of the request's time, 0..1. */
  readonly share: number
  /** Time that the loop takes, and the request, over the rounds. */
  readonly loopMs: Middle
  readonly responseMs: Middle
  /** One after the other, not all at once. */
  readonly isSerial: boolean
  /** Calls for each row more of the parent, over requests of other sizes; undefined where nothing was varied. */
  readonly slope: number | undefined
  readonly scaled: readonly (readonly [rows: number, calls: number])[]
  readonly isProven: boolean
  /** The statement whose rows are looped over. */
  readonly parent: { readonly family: string; readonly text: string; readonly rows: number } | undefined
}

interface Timed {
  readonly startMs: number
  readonly endMs: number
}

/**
 * @param itemsOf    what to look at in a request
 * @param familyOf   its family
 * @param questionOf  equal for the same question asked again
 */
export function loopsOf<T extends Timed>(
  requests: readonly ProbedRequest[],
  itemsOf: (request: ProbedRequest) => readonly T[],
  familyOf: (item: T) => string,
  questionOf: (item: T) => string,
): Repeated<T>[] {
  const given = requests.filter(({ varied, status }) => varied === undefined && status < 400)
  if (given.length === 0) return []
  const families = new Set(requests.flatMap((request) => itemsOf(request).map(familyOf)))
  const loops: Repeated<T>[] = []
  for (const family of families) {
    if (housekeeping.test(family)) continue
    const mine = (request: ProbedRequest): T[] => itemsOf(request).filter((item) => familyOf(item) === family)
    const counts = given.map((request) => mine(request).length)
    const count = middleOf(counts)?.median ?? 0
    const sized = [...requests.filter(({ varied, status }) => varied !== undefined && status < 400), ...given]
    const scaled = sized.flatMap((request) => {
      const parent = parentOf(request, family)
      return parent === undefined ? [] : [[parent.rows, mine(request).length] as const]
    })
    const slope = slopeOf(scaled)
    // With as many calls as rows whatever their number, also few are a loop.
    const isProven =
      slope !== undefined && slope >= provenSlope && slope <= 3 && new Set(scaled.map(([rows]) => rows)).size >= 3
    if (count < manyPerRequest && !(isProven && Math.max(...scaled.map(([, calls]) => calls)) >= manyPerRequest))
      continue
    const example = [...given].sort((a, b) => mine(b).length - mine(a).length)[given.length >> 1] as ProbedRequest
    const items = mine(example)
    if (items.length < 2) continue
    const responseMs = middleOf(given.map(({ startMs, endMs }) => endMs - startMs)) as Middle
    const loopMs = middleOf(given.map((request) => spanOf(mine(request), itemsOf(request)))) as Middle
    loops.push({
      family,
      example,
      items,
      count,
      distinct: new Set(items.map(questionOf)).size,
      share: Math.min(1, loopMs.median / Math.max(0.001, responseMs.median)),
      loopMs,
      responseMs,
      isSerial: serial(items),
      slope,
      scaled,
      isProven,
      parent: parentOf(example, family),
    })
  }
  return loops
}

/** Held-back answers: response time over delay is the number of round trips that wait for each other. */
export function roundTrips(capture: Capture, endpoint: string): number | undefined {
  return slopeOf(
    capture.delays.filter((pass) => pass.endpoint === endpoint).map((pass) => [pass.delayMs, pass.responseMs]),
  )
}

/** Of the other statements before the loop the one whose rows are as many as the loop's calls, else the nearest. */
function parentOf(request: ProbedRequest, family: string): Repeated<unknown>['parent'] {
  const first = request.exchanges.find((one) => one.family === family)
  const calls = request.exchanges.filter((one) => one.family === family).length
  const before = request.exchanges.filter(
    (one) => one.family !== family && one.rows > 0 && (first === undefined || one.startMs <= first.startMs),
  )
  // A statement that is in a loop itself is no parent of this one, unless it is the only one.
  const alone = before.filter((one) => before.filter(({ family: other }) => other === one.family).length === 1)
  const best = alone.sort((a, b) => Math.abs(a.rows - calls) - Math.abs(b.rows - calls))[0]
  return best === undefined ? undefined : { family: best.family, text: best.text, rows: best.rows }
}

/**
 * From the first to the last where nothing else comes between: what the target does between two of a loop, waiting and
 * turning rows into objects, is the loop's too. Else the time that they themselves cover.
 */
function spanOf<T extends Timed>(mine: readonly T[], all: readonly T[]): number {
  const fromMs = Math.min(...mine.map(({ startMs }) => startMs))
  const toMs = Math.max(...mine.map(({ endMs }) => endMs))
  const isAlone = all.every((item) => mine.includes(item) || item.endMs <= fromMs || item.startMs >= toMs)
  return mine.length === 0 ? 0 : isAlone ? toMs - fromMs : covered(mine)
}

function serial(items: readonly Timed[]): boolean {
  const sorted = [...items].sort((a, b) => a.startMs - b.startMs)
  const overlaps = sorted.filter((item, i) => i > 0 && item.startMs < (sorted[i - 1] as Timed).endMs - 0.05).length
  return overlaps < sorted.length / 4
}

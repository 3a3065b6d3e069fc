/**
 * Which agent holds which share, how far it has come, and whether it is still alive: everything that the coordinator
 * believes about its agents, and why. Knows no network and no clock; told both.
 */
import type { Missing } from '#record/types.js'
import { type Beat, LOST_NS, type ShareKey, STALLED_NS } from '../protocol.js'
import { Stretches } from './stretches.js'

export type ShareState = 'offered' | 'preparing' | 'ready' | 'running' | 'done' | 'failed' | 'lost' | 'released'

export interface ShareRow {
  /** Its number among all shares of the run, a segment's later holders included. */
  readonly index: number
  readonly key: ShareKey
  readonly agent: string
  readonly host: string
  readonly fromS: number
  state: ShareState
  error: string | undefined
  clock: Beat['clock']
  /** Number of the message that comes next. */
  nextSeq: number
  toNs: number
  beatNs: number
  windowNs: number
  lostAtS: number | undefined
  isStalled: boolean
  /** Messages that came again, and were not counted again. */
  duplicates: number
  /** Numbers of messages that never came. */
  gaps: number
}

export interface Fault {
  readonly what:
    | 'agent-lost'
    | 'agent-back'
    | 'agent-stalled'
    | 'agent-stood-still'
    | 'agent-late'
    | 'agent-clock-off'
    | 'agent-failed'
    | 'share-taken-over'
    | 'messages-lost'
    | 'message-damaged'
    | 'server-away'
    | 'coordinator-taken-up'
  /** From 1; undefined where it concerns the whole run. */
  readonly segment?: number
  readonly agent?: string
  readonly host?: string
  readonly text: string
}

/** Clocks off by less make no difference to anybody who reads a log. */
const CLOCK_OFF_MS = 1000
const SECOND_NS = 1e9

export class ShareBook {
  readonly segments: number
  readonly rows: ShareRow[] = []
  readonly #told: (fault: Fault) => void
  readonly #covered: Stretches[]

  constructor(segments: number, told: (fault: Fault) => void) {
    this.segments = segments
    this.#told = told
    this.#covered = Array.from({ length: segments }, () => new Stretches())
  }

  add(key: ShareKey, lease: { agent: string; host: string; fromS: number }, nowNs: number): ShareRow {
    const row: ShareRow = {
      index: this.rows.length,
      key,
      ...lease,
      state: 'offered',
      error: undefined,
      clock: undefined,
      nextSeq: 0,
      toNs: lease.fromS * SECOND_NS,
      beatNs: nowNs,
      windowNs: nowNs,
      lostAtS: undefined,
      isStalled: false,
      duplicates: 0,
      gaps: 0,
    }
    this.rows.push(row)
    return row
  }

  find({ segment, epoch }: ShareKey): ShareRow | undefined {
    return this.rows.find(({ key }) => key.segment === segment && key.epoch === epoch)
  }

  /** Who holds the segment now, or held it last. */
  holder(segment: number): ShareRow | undefined {
    return this.rows.findLast(({ key }) => key.segment === segment)
  }

  beat(beat: Beat, nowNs: number, elapsedS: number | undefined): void {
    if (beat.share === null) return
    const row = this.find(beat.share)
    if (row === undefined || row.agent !== beat.agent) return
    row.beatNs = nowNs
    if (beat.clock !== undefined) this.#clock(row, beat.clock)
    if (row.state === 'lost') this.#back(row, beat, nowNs, elapsedS)
    if (row.state === 'done' || row.state === 'released' || row.state === 'failed' || beat.state === 'idle') return
    // The stream says when a share is done: only then are all its numbers here.
    if (beat.state === 'done') return
    if (beat.state === 'running' && row.state !== 'running') row.windowNs = nowNs
    if (beat.state === 'failed') {
      row.state = 'failed'
      row.error = String(beat.error ?? 'no reason given')
      this.#tell('agent-failed', row, `gave up: ${row.error}`)
      return
    }
    row.state = beat.state
  }

  /**
   * A message has come.
   * @returns false when it came before
   */
  receive(row: ShareRow, seq: number): boolean {
    if (seq < row.nextSeq) {
      row.duplicates++
      return false
    }
    if (seq > row.nextSeq) {
      row.gaps += seq - row.nextSeq
      this.#tell('messages-lost', row, `${seq - row.nextSeq} of its messages never came`)
    }
    row.nextSeq = seq + 1
    return true
  }

  covered(row: ShareRow, span: { readonly fromNs: number; readonly toNs: number }, nowNs: number): void {
    this.#covered[row.key.segment]?.add(span.fromNs, span.toNs)
    row.toNs = Math.max(row.toNs, span.toNs)
    row.windowNs = nowNs
    if (row.isStalled) row.isStalled = false
    const lengthS = (span.toNs - span.fromNs) / SECOND_NS
    if (lengthS > 1.8)
      this.#tell(
        'agent-stood-still',
        row,
        `stood still for about ${(lengthS - 1).toFixed(1)} s from second ${Math.floor(span.fromNs / SECOND_NS)} on; what it did is counted, what it could not do is not made up for`,
      )
  }

  done(row: ShareRow, toNs: number): void {
    row.state = 'done'
    row.toNs = Math.max(row.toNs, toNs)
  }

  /**
   * Finds who has fallen silent.
   * @returns those that are lost since the last call
   */
  check(nowNs: number, elapsedS: number): ShareRow[] {
    const lost: ShareRow[] = []
    for (const row of this.rows) {
      if (!['offered', 'preparing', 'ready', 'running'].includes(row.state)) continue
      if (nowNs - row.beatNs > LOST_NS) {
        row.state = 'lost'
        row.lostAtS = elapsedS
        lost.push(row)
        this.#tell(
          'agent-lost',
          row,
          `gave no sign of life for ${(LOST_NS / SECOND_NS).toFixed(0)} s at second ${elapsedS.toFixed(1)}`,
        )
      } else if (row.state === 'running' && !row.isStalled && nowNs - row.windowNs > STALLED_NS) {
        row.isStalled = true
        this.#tell(
          'agent-stalled',
          row,
          `is alive but has told nothing for ${(STALLED_NS / SECOND_NS).toFixed(0)} s at second ${elapsedS.toFixed(1)}`,
        )
      }
    }
    return lost
  }

  /** The clock of whoever watches stood still or the server was away: nobody is to blame for silence until now. */
  forgive(nowNs: number): void {
    for (const row of this.rows) {
      row.beatNs = Math.max(row.beatNs, nowNs)
      row.windowNs = Math.max(row.windowNs, nowNs)
    }
  }

  /** Up to here every share that is alive has told all; Infinity when none is alive. */
  get toldNs(): number {
    let toldNs = Number.POSITIVE_INFINITY
    for (const row of this.rows) if (row.state === 'running' && !row.isStalled) toldNs = Math.min(toldNs, row.toNs)
    return toldNs
  }

  get endNs(): number {
    return Math.max(0, ...this.rows.map(({ toNs }) => toNs))
  }

  /** Stretches that nobody measured. */
  missing(endNs: number): Missing[] {
    return this.#covered.flatMap((covered, segment) => {
      const own = this.rows.filter(({ key }) => key.segment === segment)
      const done = own.find(({ state }) => state === 'done')
      const untilNs = done === undefined ? endNs : done.toNs
      return covered.gaps(untilNs, SECOND_NS / 2).map(([fromNs, toNs]) => ({
        what: `share ${segment + 1} of ${this.segments}: seconds ${(fromNs / SECOND_NS).toFixed(1)} to ${(toNs / SECOND_NS).toFixed(1)}`,
        why: reasonOf(own, fromNs / SECOND_NS),
      }))
    })
  }

  #back(row: ShareRow, beat: Beat, nowNs: number, elapsedS: number | undefined): void {
    const awayS = elapsedS === undefined || row.lostAtS === undefined ? 0 : elapsedS - row.lostAtS + LOST_NS / SECOND_NS
    row.state = 'running'
    row.windowNs = nowNs
    const holder = this.holder(row.key.segment)
    const replaced = holder !== row
    if (replaced) row.state = 'released'
    this.#tell(
      'agent-back',
      row,
      `is back after about ${awayS.toFixed(1)} s${beat.unacknowledged > 1 ? `, with ${beat.unacknowledged} messages that it could not deliver (it was cut off and went on)` : ''}${replaced ? '; another agent has its share' : ''}`,
    )
  }

  #clock(row: ShareRow, clock: NonNullable<Beat['clock']>): void {
    const known = row.clock
    row.clock = clock
    if (known !== undefined || Math.abs(clock.wallClockOffMs) < CLOCK_OFF_MS) return
    this.#tell(
      'agent-clock-off',
      row,
      `has a wall clock that is ${(clock.wallClockOffMs / 1000).toFixed(1)} s ${clock.wallClockOffMs > 0 ? 'ahead' : 'behind'}; its times are the coordinator's (to ${(clock.rttMs / 2).toFixed(1)} ms)`,
    )
  }

  #tell(what: Fault['what'], row: ShareRow, text: string): void {
    const { agent, host, key } = row
    this.#told({
      what,
      segment: key.segment + 1,
      agent,
      host,
      text: `agent ${agent} (share ${key.segment + 1} of ${this.segments}) ${text}`,
    })
  }
}

function reasonOf(rows: readonly ShareRow[], fromS: number): string {
  const late = rows.find((row) => row.fromS > fromS)
  const held = rows.filter((row) => row.fromS <= fromS)
  const last = held.at(-1)
  if (last === undefined)
    return late === undefined ? 'no agent took it' : `agent ${late.agent} came late, at second ${late.fromS}`
  if (last.state === 'failed') return `agent ${last.agent} gave up: ${last.error}`
  return `agent ${last.agent} was lost`
}

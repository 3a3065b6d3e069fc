/**
 * Sessions of an access log, and the ways through the target that most of them took. Memory is bounded: sessions are
 * folded into journeys as soon as they end, and of clients and journeys only so many are held.
 */
import { isId } from '../recording/names.js'
import type { LogLine } from './read-line.js'

/** One request of a journey, its ids gone. */
export interface LogStep {
  readonly method: string
  /** Path with `{id}` for what varies. */
  readonly template: string
  /** A real one, query and all. */
  example: string
  readonly status: number | undefined
  thinkSumS: number
  thinkCount: number
}

export interface LogJourney {
  readonly steps: readonly LogStep[]
  count: number
}

export interface LogTraffic {
  /** Most frequent first. */
  readonly journeys: readonly LogJourney[]
  readonly sessions: number
  readonly requests: number
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  /** Sessions that began, by minute since 1970. */
  readonly startsByMinute: ReadonlyMap<number, number>
}

const MAX_STEPS = 20
const MAX_CLIENTS = 100_000
const MAX_JOURNEYS = 20_000
const MAX_MINUTES = 60 * 24 * 31

interface Session {
  lastMs: number
  readonly steps: { readonly line: LogLine; readonly thinkS: number }[]
}

export class JourneyCounter {
  readonly #gapMs: number
  readonly #open = new Map<string, Session>()
  readonly #journeys = new Map<string, LogJourney & { readonly steps: LogStep[] }>()
  readonly #starts = new Map<number, number>()
  #sessions = 0
  #requests = 0
  #firstMs: number | undefined
  #lastMs: number | undefined

  constructor(gapS: number) {
    this.#gapMs = gapS * 1000
  }

  add(line: LogLine): void {
    this.#requests++
    const at = line.unixMs ?? this.#lastMs ?? 0
    this.#firstMs = Math.min(this.#firstMs ?? at, at)
    this.#lastMs = Math.max(this.#lastMs ?? at, at)
    const session = this.#open.get(line.client)
    if (session !== undefined && at - session.lastMs <= this.#gapMs && session.steps.length < MAX_STEPS) {
      session.steps.push({ line, thinkS: Math.max(0, (at - session.lastMs) / 1000) })
      session.lastMs = at
      // The map's order is the order of last use, so that the first is the one to let go.
      this.#open.delete(line.client)
      this.#open.set(line.client, session)
      return
    }
    if (session !== undefined) this.#end(line.client, session)
    this.#open.set(line.client, { lastMs: at, steps: [{ line, thinkS: 0 }] })
    const minute = Math.floor(at / 60_000)
    if (this.#starts.size < MAX_MINUTES || this.#starts.has(minute))
      this.#starts.set(minute, (this.#starts.get(minute) ?? 0) + 1)
    if (this.#open.size > MAX_CLIENTS) {
      const [oldest] = this.#open
      if (oldest !== undefined) this.#end(...oldest)
    }
  }

  finish(): LogTraffic {
    for (const [client, session] of this.#open) this.#end(client, session)
    return {
      journeys: [...this.#journeys.values()].sort((a, b) => b.count - a.count),
      sessions: this.#sessions,
      requests: this.#requests,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      startsByMinute: this.#starts,
    }
  }

  #end(client: string, session: Session): void {
    this.#open.delete(client)
    this.#sessions++
    const templates = session.steps.map(({ line }) => templateOf(line.target))
    const key = session.steps.map(({ line }, i) => `${line.method} ${templates[i]}`).join('\n')
    let journey = this.#journeys.get(key)
    if (journey === undefined) {
      if (this.#journeys.size >= MAX_JOURNEYS) return
      journey = {
        count: 0,
        steps: session.steps.map(({ line }, i) => ({
          method: line.method,
          template: templates[i] ?? '/',
          example: line.target,
          status: line.status,
          thinkSumS: 0,
          thinkCount: 0,
        })),
      }
      this.#journeys.set(key, journey)
    }
    journey.count++
    session.steps.forEach(({ thinkS }, i) => {
      const step = journey.steps[i]
      if (step === undefined) return
      step.thinkSumS += thinkS
      step.thinkCount++
    })
  }
}

/** Path alone, with `{id}` for ids: what was asked for, not with which words. */
export function templateOf(target: string): string {
  const path = target.replace(/[?#].*$/s, '')
  return path
    .split('/')
    .map((segment) => (isId(segment) ? '{id}' : segment))
    .join('/')
}

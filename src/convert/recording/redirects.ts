/**
 * Redirects as one step: k6 follows them by itself, so what the browser asked for because it was sent there is part of
 * the request before. Cookies of every answer on the way count; body, status and headers are those of the last.
 */
import type { Exchange, RecordedResponse } from './types.js'

export interface Visit {
  readonly exchange: Exchange
  /** The last answer. */
  readonly response: RecordedResponse | undefined
  /** Every answer on the way, the last one too. */
  readonly responses: readonly RecordedResponse[]
  readonly endMs: number | undefined
  readonly redirects: number
}

export function followRedirects(exchanges: readonly Exchange[]): Visit[] {
  const visits: Visit[] = []
  const taken = new Set<number>()
  exchanges.forEach((exchange, i) => {
    if (taken.has(i)) return
    const chain = [exchange]
    for (let at = i, last = exchange; chain.length <= 10; ) {
      const next = exchange.stopsAtRedirect ? -1 : targetOf(last, exchanges, at, taken)
      if (next < 0) break
      taken.add(next)
      last = exchanges[next] as Exchange
      chain.push(last)
      at = next
    }
    const last = chain.at(-1) as Exchange
    visits.push({
      exchange,
      response: last.response,
      responses: chain.flatMap(({ response }) => (response === undefined ? [] : [response])),
      endMs: last.startedMs === undefined ? undefined : last.startedMs + last.durationMs,
      redirects: chain.length - 1,
    })
  })
  return visits
}

/** Between a redirect and what followed it, other requests of the page may stand. */
const LOOK_AHEAD = 20

function targetOf(from: Exchange, exchanges: readonly Exchange[], at: number, taken: ReadonlySet<number>): number {
  const { response } = from
  if (response?.redirect === undefined || response.status < 300 || response.status > 399) return -1
  if (!URL.canParse(response.redirect, from.url.href)) return -1
  const wanted = withoutHash(new URL(response.redirect, from.url.href))
  for (let i = at + 1; i < Math.min(exchanges.length, at + 1 + LOOK_AHEAD); i++) {
    const candidate = exchanges[i]
    if (candidate !== undefined && !taken.has(i) && withoutHash(candidate.url) === wanted) return i
  }
  return -1
}

function withoutHash(url: URL): string {
  const copy = new URL(url)
  copy.hash = ''
  return copy.href
}

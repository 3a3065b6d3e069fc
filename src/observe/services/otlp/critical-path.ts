/**
 * Which span a request waited for, at every instant of it. From the end backwards: the child that ended last is what its
 * parent waited for; before that child began, the child that ended last before then; in between, the span itself.
 * Source: Zhang, Ramanathan, Raj, Parwal, Sherwood, Chabbi: CRISP, USENIX ATC 2022, section 3.
 */
import type { Span } from './span.js'

export interface PathPart {
  readonly span: Span
  readonly ms: number
}

const MAX_DEPTH = 200

/**
 * @param root  the span that served the request
 * @returns  times that add up to the root's duration; spans that nobody waited for are not there
 */
export function criticalPath(root: Span, spans: readonly Span[]): PathPart[] {
  const children = new Map<string, Span[]>()
  for (const span of spans) {
    if (span === root) continue
    const siblings = children.get(span.parentId)
    if (siblings === undefined) children.set(span.parentId, [span])
    else siblings.push(span)
  }
  for (const siblings of children.values()) siblings.sort((a, b) => b.endMs - a.endMs)
  const own = new Map<Span, number>()
  const walk = (span: Span, fromMs: number, toMs: number, depth: number): void => {
    let cursor = toMs
    let self = 0
    // Taken out while they are walked, so that ids that form a ring end.
    const mine = children.get(span.spanId)
    children.delete(span.spanId)
    for (const child of depth < MAX_DEPTH ? (mine ?? []) : []) {
      // Clocks of two machines differ, and what is asynchronous outlives its parent: both are cut to the parent's time.
      const end = Math.min(child.endMs, cursor)
      const start = Math.max(child.startMs, fromMs)
      if (start >= end) continue
      self += cursor - end
      walk(child, start, end, depth + 1)
      cursor = start
      if (cursor <= fromMs) break
    }
    own.set(span, (own.get(span) ?? 0) + self + Math.max(0, cursor - fromMs))
  }
  walk(root, root.startMs, root.endMs, 0)
  return [...own].map(([span, ms]) => ({ span, ms }))
}

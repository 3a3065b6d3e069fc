/** Findings that traces say outright: which call of which request takes the time, without guessing it from rates. */
import type { Finding } from '#record/findings.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, percent, shortSql } from '../finding.js'
import {
  asksDatabase,
  TRACE_SOURCE,
  tracedEndpoints,
  type TracedEndpoint,
  type TracedSpan,
  tracesOf,
} from '../traces.js'

/** Calls of another service that most of a slow request waits for. */
export function tracedDependencies(facts: RunFacts, slowMs: number): Finding[] {
  const found = tracedEndpoints(facts).flatMap((traced) => {
    const { endpoint, p50Ms } = traced
    // Paths are of the slowest traces: an endpoint that is slow now and then waits for something else each time.
    if (p50Ms < slowMs) return []
    // On a machine that is busy with others everything lasts: there even the very fastest must have waited.
    if (facts.hosts.busyWithOthers !== undefined && (endpoint?.endpoint.total.latency.min ?? 0) < slowMs) return []
    const calls = traced.spans.filter((span) => span.kind === 'client' && !asksDatabase(span))
    return calls.filter((span) => span.ms >= slowMs && span.share >= 0.4).map((span) => ({ traced, span }))
  })
  return found.map(({ traced, span }) => {
    const host = span.peer === '' ? span.name : span.peer
    return makeFinding({
      rule: 'slow-dependency',
      kind: 'slow-dependency',
      severity: facts.severity(shareOf(traced, span)),
      confidence: 0.95,
      title: `${traced.name} waits for ${host}: ${ms(span.ms)} a request${often(span)}`,
      where: { endpoint: traced.name, host, resource: `span ${span.name}` },
      evidence: [
        {
          text: `in the slowest of ${tracesOf(traced)}, "${span.name}" of ${span.service} to ${host} takes ${ms(span.ms)}, ${percent(span.share)} of the request`,
          source: TRACE_SOURCE,
          value: span.ms,
          unit: 'ms',
          threshold: slowMs,
        },
        {
          text: `half of all its traces last ${ms(traced.p50Ms)} and more`,
          source: TRACE_SOURCE,
          value: traced.p50Ms,
          unit: 'ms',
          threshold: slowMs,
        },
      ],
      fix: `Do not make the caller wait for ${host}: answer first and call in the background, or call with a time limit that fits, keep what it answers, and ask several things at once; then ask its owner.`,
      prove: facts.prove('slow-dependency'),
      share: shareOf(traced, span),
    })
  })
}

/** One statement, or one call of a service, again and again within a request. */
export function tracedLoops(facts: RunFacts, manyPerRequest: number): Finding[] {
  return tracedEndpoints(facts).flatMap((traced) =>
    traced.spans
      .filter((span) => span.count >= manyPerRequest && (span.statement !== '' || span.kind === 'client'))
      .filter((span) => !/^\s*(begin|commit|rollback|set|discard|savepoint|release|show)\b/i.test(span.statement))
      .map((span) => {
        const isSql = span.statement !== ''
        const what = isSql ? shortSql(span.statement, 80) : `${span.name}${span.peer === '' ? '' : ` of ${span.peer}`}`
        return makeFinding({
          rule: 'n-plus-one',
          kind: 'n-plus-one',
          severity: facts.severity(shareOf(traced, span)),
          confidence: 0.95,
          title: `${traced.name}: ${number(Math.round(span.count))} calls of one ${isSql ? 'statement' : 'service'} per request (${what})`,
          where: { endpoint: traced.name, ...(isSql ? { sql: span.statement } : { resource: what }) },
          evidence: [
            {
              text: `in the slowest of ${tracesOf(traced)}, ${number(span.count)} calls follow each other in one request`,
              source: TRACE_SOURCE,
              value: span.count,
              unit: 'calls/request',
              threshold: manyPerRequest,
            },
            {
              text: `they take ${ms(span.ms)} of it, ${percent(span.share)}`,
              source: TRACE_SOURCE,
              value: span.ms,
              unit: 'ms',
            },
          ],
          fix: isSql
            ? 'Ask once for all: join, or "where ... = any($1)" with all keys of the list (eager loading in an ORM), instead of this statement in a loop.'
            : 'Ask once for all (a request that takes all keys), or at least side by side, instead of one call after the other.',
          prove: facts.prove('n-plus-one'),
          share: shareOf(traced, span),
        })
      }),
  )
}

/** One statement that a request waits long for, each time it runs. */
export function tracedStatements(facts: RunFacts, slowMs: number, leastShare: number): Finding[] {
  return tracedEndpoints(facts).flatMap((traced) =>
    traced.spans
      .filter((span) => span.statement !== '' && span.ms / span.count >= slowMs)
      .filter((span) => span.share >= leastShare && traced.p50Ms >= slowMs)
      .map((span) =>
        makeFinding({
          rule: 'slow-query',
          kind: 'slow-query',
          severity: facts.severity(shareOf(traced, span)),
          // What a driver waits for is the statement, the way to it and the line before it.
          confidence: 0.75,
          title: `${traced.name}: a statement takes ${ms(span.ms / span.count)} (${shortSql(span.statement, 80)})`,
          where: { endpoint: traced.name, sql: span.statement },
          evidence: [
            {
              text: `in the slowest of ${tracesOf(traced)}, it takes ${ms(span.ms / span.count)} a call and ${percent(span.share)} of the request`,
              source: TRACE_SOURCE,
              value: span.ms / span.count,
              unit: 'ms',
              threshold: slowMs,
            },
          ],
          fix: 'Look at its plan (EXPLAIN (ANALYZE, BUFFERS)): read fewer rows, compute sums beforehand, or do it outside of the request. Observe the database (--observe) to see whether it waits for a lock or lacks an index.',
          prove: facts.prove('slow-query'),
          share: shareOf(traced, span),
        }),
      ),
  )
}

/** Of the endpoint's time in the run; of the trace's where the load knows none of this name. */
function shareOf({ endpoint }: TracedEndpoint, { share }: TracedSpan): number {
  return endpoint === undefined ? share : Math.min(1, share * endpoint.timeShare)
}

function often({ count }: TracedSpan): string {
  return count < 1.5 ? '' : ` in ${number(count)} calls`
}

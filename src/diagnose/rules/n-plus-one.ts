import type { Finding } from '#record/findings.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, shortSql } from '../finding.js'
import type { Column } from '../grid.js'
import { known } from '../measure.js'
import { readBins, zeroWhereRead } from '../statements.js'
import { found, notAssessed, type Rule } from './rule.js'
import { tracedLoops } from './traced.js'

/** One statement so often in one request is a loop (Sentry and perf-sentinel draw the line at five, too). */
const manyPerRequest = 5
/** Calls below which a count per request is chance. */
const fewestCalls = 40
/** What belongs to a transaction or a connection, not to a loop. */
const housekeeping =
  /^\s*(begin|commit|rollback|start transaction|set|discard|deallocate|savepoint|release|show|prepare)\b/i
const redisHousekeeping =
  /^(ping|hello|client|info|config|slowlog|latency|command|auth|select|multi|exec|subscribe|publish|dbsize|memory)/i

export const nPlusOne: Rule = {
  name: 'n-plus-one',
  kinds: ['n-plus-one'],
  explains: `Calls of each statement (Redis command, MongoDB operation) per request of the endpoint whose rate they follow second by second, or, where traces came, calls in one trace; speaks from ${manyPerRequest} calls of one statement per request.`,
  assess(facts) {
    const repeated = repeatedThings(facts)
    const isTraced = facts.evidence.observed.has('traces')
    if (repeated.length === 0 && !isTraced)
      return notAssessed('no statements or commands of a database were observed (--observe)')
    const findings = repeated.flatMap((thing) => assessThing(facts, thing))
    // What the database says has its own time; an endpoint that it accuses already is not accused twice.
    const traced = tracedLoops(facts, manyPerRequest).filter(
      ({ where }) => !findings.some((other) => other.where.endpoint === where.endpoint),
    )
    return found([...findings, ...traced], `no statement runs ${manyPerRequest} times or more per request`)
  },
}

interface Repeated {
  /** For where and words. */
  readonly sql: string
  readonly isSql: boolean
  readonly callsPerS: Column
  readonly calls: number
  readonly totalMs: number
  readonly rowsPerCall: number | undefined
  readonly source: string
}

function repeatedThings(facts: RunFacts): Repeated[] {
  const { evidence, mask } = facts
  const statements = facts.statements
    .filter(({ sql }) => !housekeeping.test(sql))
    .map((one) => ({ ...one, isSql: true, sql: one.sql === '' ? `statement ${one.id}` : one.sql }))
  const commands = [
    ...evidence.observed.list('redis', 'command_calls_per_s'),
    ...evidence.observed.list('mongodb', 'operations_per_s'),
  ].flatMap((series) => {
    const name = series.tags.command ?? series.tags.type ?? ''
    if (name === '' || redisHousekeeping.test(name)) return []
    const callsPerS = zeroWhereRead(series, readBins(evidence, series.part, series.metric))
    const ms = evidence.observed
      .list('redis', 'command_ms_per_s', series.part)
      .find(({ tags }) => tags.command === name)
    const total = (column: Column): number => known(column, mask).reduce((sum, value) => sum + value, 0) * evidence.binS
    return [
      {
        sql: `${series.kind} ${name}`,
        isSql: false,
        callsPerS,
        calls: total(callsPerS),
        totalMs: ms === undefined ? 0 : total(ms.values),
        rowsPerCall: undefined,
        source: series.source,
      },
    ]
  })
  return [...statements, ...commands]
}

function assessThing(facts: RunFacts, thing: Repeated): Finding[] {
  const { evidence, mask } = facts
  if (thing.calls < fewestCalls) return []
  const fit = fitToEndpoint(evidence, thing.callsPerS, mask, thing.sql)
  if (fit === undefined || fit.perRequest < manyPerRequest) return []
  const endpoint = facts.endpoints.find(({ name }) => name === fit.endpoint.name)
  const perRequestMs = thing.calls === 0 ? 0 : (thing.totalMs / thing.calls) * fit.perRequest
  const share = endpoint === undefined || endpoint.meanMs === 0 ? null : Math.min(1, perRequestMs / endpoint.meanMs)
  const times = number(Math.round(fit.perRequest))
  const text = thing.isSql ? shortSql(thing.sql, 80) : thing.sql
  const confidence = fit.by === 'only' ? 0.9 : fit.by === 'rate' ? 0.75 + 0.2 * fit.r2 : 0.65
  return [
    makeFinding({
      rule: 'n-plus-one',
      kind: 'n-plus-one',
      severity: facts.severity(share),
      confidence,
      title: `${fit.endpoint.name}: ${times} calls of one ${thing.isSql ? 'statement' : 'command'} per request (${text})`,
      where: { endpoint: fit.endpoint.name, ...(thing.isSql ? { sql: thing.sql } : { resource: thing.sql }) },
      evidence: [
        {
          text: `${number(thing.calls)} calls, ${times} for each request of ${fit.endpoint.name}${howKnown(fit.by, fit.r2)}`,
          source: thing.source,
          value: fit.perRequest,
          unit: 'calls/request',
          threshold: manyPerRequest,
        },
        {
          text: `they take the database ${ms(perRequestMs)} of the ${ms(endpoint?.meanMs ?? 0)} that a request lasts; every call is a round trip besides`,
          source: thing.source.replace('calls_per_s', 'ms_per_s'),
          value: perRequestMs,
          unit: 'ms',
        },
        ...(thing.rowsPerCall === undefined
          ? []
          : [
              {
                text: `a call returns ${number(thing.rowsPerCall)} rows`,
                source: thing.source.replace('calls_per_s', 'rows_per_s'),
                value: thing.rowsPerCall,
                unit: 'rows',
              },
            ]),
      ],
      fix: thing.isSql
        ? `Ask once for all: join, or "where ... = any($1)" with all keys of the list (eager loading in an ORM), instead of this statement in a loop.`
        : 'Ask once for all: MGET, a pipeline or one query with all keys, instead of a round trip for each.',
      prove: facts.prove('n-plus-one'),
      share,
    }),
  ]
}

function howKnown(by: 'only' | 'rate' | 'words', r2: number): string {
  if (by === 'only') return ''
  if (by === 'rate') return `, whose rate explains ${Math.round(r2 * 100)} % of their ups and downs`
  return ', to which it belongs by its words'
}

import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, percent, shortSql } from '../finding.js'
import { maximum } from '../measure.js'
import { type Statement, tablesIn } from '../statements.js'
import { found, notAssessed, type Rule } from './rule.js'
import { tracedStatements } from './traced.js'

/** The recommended objective of a database query is a p95 below 50 ms; a mean there is well past it. */
const slowMs = 50
const fewestCalls = 5
/** Of the time of its endpoint, below which another thing is slower. */
const leastShare = 0.25

export const slowQuery: Rule = {
  name: 'slow-query',
  kinds: ['slow-query'],
  explains: `Mean execution time of each statement; speaks from ${slowMs} ms, where that is at least ${leastShare * 100} % of its endpoint's time. A statement that another rule explains (index, OFFSET, lock, cache) is left to it.`,
  assess(facts) {
    if (facts.statements.length === 0) {
      if (!facts.evidence.observed.has('traces'))
        return notAssessed('no statements of a database were observed (--observe)')
      return found(tracedStatements(facts, slowMs, leastShare), `no statement in the traces takes ${slowMs} ms`)
    }
    const findings = facts.statements
      .filter(({ calls }) => calls >= fewestCalls)
      .flatMap((one) => assessStatement(facts, one))
    const slowest = facts.statements.toSorted((a, b) => b.msPerCall - a.msPerCall)[0] as Statement
    return found(findings, `the slowest statement takes ${ms(slowest.msPerCall)} on average`)
  },
}

function assessStatement(facts: RunFacts, statement: Statement): ReturnType<typeof makeFinding>[] {
  const { evidence, mask } = facts
  const worst = maximum(
    statement.msPerS.map((value, i) => value / (statement.callsPerS[i] as number)).filter(Number.isFinite),
  )
  if (statement.msPerCall < slowMs) return []
  const fit = fitToEndpoint(evidence, statement.callsPerS, mask, statement.sql, statement.msPerCall)
  const endpoint = facts.endpoints.find(({ name }) => name === fit?.endpoint.name)
  const share =
    endpoint === undefined || endpoint.meanMs === 0
      ? null
      : Math.min(1, (statement.msPerCall * Math.min(1, fit?.perRequest ?? 1)) / endpoint.meanMs)
  if (share !== null && share < leastShare) return []
  const tables = tablesIn(statement.sql)
  return [
    makeFinding({
      rule: 'slow-query',
      kind: 'slow-query',
      severity: facts.severity(share),
      confidence: 0.85,
      title: `${endpoint === undefined ? '' : `${endpoint.name}: `}a statement takes ${ms(statement.msPerCall)} on average (${shortSql(statement.sql, 80)})`,
      where: { sql: statement.sql, ...(endpoint === undefined ? {} : { endpoint: endpoint.name }) },
      evidence: [
        {
          text: `${number(statement.calls)} calls, ${ms(statement.msPerCall)} each on average${worst === undefined ? '' : `, ${ms(worst)} in its slowest second`}`,
          source: statement.source.replace('calls_per_s', 'ms_per_s'),
          value: statement.msPerCall,
          unit: 'ms',
          threshold: slowMs,
        },
        ...(share === null || endpoint === undefined
          ? []
          : [
              {
                text: `that is ${percent(share)} of the ${ms(endpoint.meanMs)} that a request of ${endpoint.name} lasts`,
                source: 'series http_req_duration',
                value: endpoint.meanMs,
                unit: 'ms',
              },
            ]),
        ...(statement.blocksPerCall === undefined
          ? []
          : [
              {
                text: `a call touches ${number(statement.blocksPerCall)} blocks and returns ${number(statement.rowsPerCall ?? 0)} rows`,
                source: statement.source.replace('calls_per_s', 'blocks_per_s'),
                value: statement.blocksPerCall,
                unit: 'blocks',
              },
            ]),
      ],
      fix: `Look at its plan (EXPLAIN (ANALYZE, BUFFERS)): read fewer rows${tables.length === 0 ? '' : ` of ${tables.slice(0, 3).join(', ')}`}, compute sums beforehand (a summary table, a materialized view), or do it outside of the request.`,
      prove: facts.prove('slow-query'),
      share,
    }),
  ]
}

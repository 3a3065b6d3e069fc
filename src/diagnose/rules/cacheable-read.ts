import { fitToEndpoint } from '../endpoint-fit.js'
import { makeFinding, ms, number, percent, shortSql } from '../finding.js'
import { isRead, tablesIn } from '../statements.js'
import { found, notAssessed, type Rule } from './rule.js'

/** The mission's line for caching: more than 100 a minute. */
const oftenPerMin = 100
/** Calls that take less are not worth a cache. */
const costlyMs = 3
const leastShare = 0.3
const fewestAnswers = 20

export const cacheableRead: Rule = {
  name: 'cacheable-read',
  kinds: ['cacheable-read'],
  explains: `Reads without a condition that picks rows, more than ${oftenPerMin} a minute, of ${costlyMs} ms and more, that are at least ${leastShare * 100} % of their endpoint's time; surer when all answers of the endpoint have the same size.`,
  assess(facts) {
    if (facts.statements.length === 0) return notAssessed('no statements of a database were observed (--observe)')
    const { evidence, mask } = facts
    const seconds = [...evidence.load.requestsPerS.keys()].filter(mask).length * evidence.binS
    const findings = facts.statements.flatMap((statement) => {
      const { sql, msPerCall } = statement
      const perMin = seconds === 0 ? 0 : (statement.calls / seconds) * 60
      if (!isRead(sql) || perMin < oftenPerMin || msPerCall < costlyMs || /\boffset\b/i.test(sql)) return []
      const fit = fitToEndpoint(evidence, statement.callsPerS, mask, sql, statement.msPerCall)
      const endpoint = facts.endpoints.find(({ name }) => name === fit?.endpoint.name)
      const share = endpoint === undefined || endpoint.meanMs === 0 ? null : Math.min(1, msPerCall / endpoint.meanMs)
      if (share !== null && share < leastShare) return []
      const body = endpoint?.endpoint.total.body
      const alike = body !== undefined && body.count >= fewestAnswers && body.min === body.max && body.min > 2
      const picks = picksRows(sql)
      if (picks && !alike) return []
      // With a condition, answers of one size may still be different answers.
      const severity = picks ? 'info' : facts.severity(share)
      return [
        makeFinding({
          rule: 'cacheable-read',
          kind: 'cacheable-read',
          severity,
          confidence: picks ? 0.4 : alike ? 0.9 : 0.7,
          title: `${endpoint === undefined ? '' : `${endpoint.name}: `}the same read ${number(perMin)} times a minute, ${ms(msPerCall)} each (${shortSql(sql, 80)})`,
          where: { sql, ...(endpoint === undefined ? {} : { endpoint: endpoint.name }) },
          evidence: [
            {
              text: `${number(statement.calls)} calls, ${number(perMin)} a minute, ${ms(msPerCall)} each${share === null ? '' : `, ${percent(share)} of the request's time`}; it has no condition that differs between callers`,
              source: statement.source,
              value: perMin,
              unit: 'calls/min',
              threshold: oftenPerMin,
            },
            ...(alike && body !== undefined
              ? [
                  {
                    text: `all ${number(body.count)} answers had ${number(body.min)} bytes`,
                    source: 'series http_res_body_bytes',
                    value: body.min,
                    unit: 'bytes',
                  },
                ]
              : []),
          ],
          fix: `Keep the result for as long as it may be old (a minute is enough to save ${percent(Math.max(0, 1 - 1 / Math.max(1, perMin)))} of the calls), in the process or in Redis, with one loader for many callers at once${tablesIn(sql)[0] === undefined ? '' : `; drop it when ${tablesIn(sql)[0] as string} is written`}.`,
          prove: facts.prove('cacheable-read'),
          share,
        }),
      ]
    })
    return found(findings, 'no costly read is the same all the time')
  },
}

/** A condition with a parameter, so that callers get different rows; LIMIT's number is none. */
function picksRows(sql: string): boolean {
  const where = /\bwhere\b([\s\S]*?)(?:\bgroup\s+by\b|\border\s+by\b|\blimit\b|$)/i.exec(sql)?.[1]
  return where !== undefined && /\$\d|\?/.test(where)
}

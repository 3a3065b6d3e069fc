import { fitToEndpoint } from '../endpoint-fit.js'
import { makeFinding, ms, number, shortSql } from '../finding.js'
import { known, quantileOf } from '../measure.js'
import { isRead, tablesIn } from '../statements.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Blocks of the database touched for each row returned: rows that were skipped lie in them. */
const blocksPerRow = 5
const fewestBlocks = 100
const costlyMs = 2

export const offsetPagination: Rule = {
  name: 'offset-pagination',
  kinds: ['offset-pagination'],
  explains: `Statements with OFFSET (MySQL: LIMIT a, b) that touch more than ${fewestBlocks} blocks a call and ${blocksPerRow} per row returned, or take ${costlyMs} ms: first pages alone are cheap, so this is depth.`,
  assess(facts) {
    if (facts.statements.length === 0) return notAssessed('no statements of a database were observed (--observe)')
    const { evidence, mask } = facts
    const paged = facts.statements.filter(({ sql }) => isRead(sql) && /\boffset\b|\blimit\s+\?\s*,\s*\?/i.test(sql))
    const findings = paged.flatMap((statement) => {
      const { blocksPerCall, rowsPerCall, msPerCall, sql } = statement
      const isDeep =
        blocksPerCall === undefined
          ? msPerCall >= costlyMs
          : blocksPerCall >= fewestBlocks && blocksPerCall >= blocksPerRow * Math.max(1, rowsPerCall ?? 1)
      if (!isDeep && msPerCall < 2 * costlyMs) return []
      const fit = fitToEndpoint(evidence, statement.callsPerS, mask, sql, statement.msPerCall)
      const endpoint = facts.endpoints.find(({ name }) => name === fit?.endpoint.name)
      const share = endpoint === undefined || endpoint.meanMs === 0 ? null : Math.min(1, msPerCall / endpoint.meanMs)
      const perCall = known(
        statement.msPerS.map((value, i) => value / (statement.callsPerS[i] as number)),
        mask,
      ).filter(Number.isFinite)
      return [
        makeFinding({
          rule: 'offset-pagination',
          kind: 'offset-pagination',
          severity: msPerCall < costlyMs / 2 ? 'info' : facts.severity(share),
          confidence: isDeep && blocksPerCall !== undefined ? 0.9 : 0.7,
          title: `${endpoint === undefined ? '' : `${endpoint.name}: `}deep pages by OFFSET read and throw away what comes before them (${shortSql(sql, 80)})`,
          where: { sql, ...(endpoint === undefined ? {} : { endpoint: endpoint.name }) },
          evidence: [
            ...(blocksPerCall === undefined
              ? []
              : [
                  {
                    text: `a call touches ${number(blocksPerCall)} blocks to return ${number(rowsPerCall ?? 0)} rows`,
                    source: statement.source.replace('calls_per_s', 'blocks_per_s'),
                    value: blocksPerCall,
                    unit: 'blocks/call',
                    threshold: Math.max(fewestBlocks, blocksPerRow * (rowsPerCall ?? 1)),
                  },
                ]),
            {
              text: `${number(statement.calls)} calls of ${ms(msPerCall)} on average, from ${ms(quantileOf(perCall, 0.05) ?? msPerCall)} to ${ms(quantileOf(perCall, 0.95) ?? msPerCall)} by the second, as the depth is`,
              source: statement.source.replace('calls_per_s', 'ms_per_s'),
              value: msPerCall,
              unit: 'ms',
            },
          ],
          fix: `Page by key: "where (order columns) > (those of the last row seen) order by ... limit n" with an index on these columns${tablesIn(sql)[0] === undefined ? '' : ` of ${tablesIn(sql)[0] as string}`}; give the client the last row's key as its cursor.`,
          prove: facts.prove('offset-pagination'),
          share,
        }),
      ]
    })
    return found(findings, paged.length === 0 ? 'no statement pages by OFFSET' : 'statements with OFFSET stay cheap')
  },
}

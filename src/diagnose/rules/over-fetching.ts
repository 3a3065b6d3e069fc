import { fitToEndpoint } from '../endpoint-fit.js'
import { bytes, makeFinding, number, shortSql } from '../finding.js'
import { quantileOf } from '../measure.js'
import { isRead, tablesIn } from '../statements.js'
import { found, notAssessed, type Rule } from './rule.js'

/** An answer so large, made of whole rows, holds more than a page shows. */
const largeBody = 20_000
/** Times the size of the other endpoints' answers. */
const outstanding = 5
const fewestAnswers = 10

export const overFetching: Rule = {
  name: 'over-fetching',
  kinds: ['over-fetching'],
  explains: `Endpoints whose answers are larger than ${largeBody / 1000} kB and whose statements select all columns ("select *"); without statements only as a note, for answers ${outstanding} times larger than the others.`,
  assess(facts) {
    const { evidence, mask } = facts
    const sized = facts.endpoints.flatMap((one) => {
      const { body } = one.endpoint.total
      return body === undefined || body.count < fewestAnswers ? [] : [{ one, size: body.bytes / body.count }]
    })
    if (sized.length === 0) return notAssessed('sizes of answers were not measured')
    const wide = facts.statements
      .filter(({ sql }) => isRead(sql) && selectsAll(sql))
      .map((statement) => ({ statement, fit: fitToEndpoint(evidence, statement.callsPerS, mask, statement.sql) }))
    const findings = sized.flatMap(({ one, size }) => {
      if (size < largeBody) return []
      const usual = quantileOf(
        sized.filter((other) => other.one !== one).map((other) => other.size),
        0.5,
      )
      const statement = wide.find(({ fit }) => fit?.endpoint === one.endpoint)?.statement
      const stands = usual !== undefined && size >= outstanding * usual
      if (statement === undefined) return []
      const table = tablesIn(statement.sql)[0]
      return [
        makeFinding({
          rule: 'over-fetching',
          kind: 'over-fetching',
          severity: facts.severity(null),
          confidence: stands ? 0.85 : 0.75,
          title: `${one.name}: answers of ${bytes(size)}, made of whole rows (${shortSql(statement.sql, 80)})`,
          where: { endpoint: one.name, sql: statement.sql },
          evidence: [
            {
              text: `an answer has ${bytes(size)} on average${usual === undefined ? '' : `; the others have ${bytes(usual)}`}`,
              source: 'series http_res_body_bytes',
              value: size,
              unit: 'bytes',
              threshold: largeBody,
            },
            {
              text: `its statement selects every column of ${table ?? 'its table'} and returns ${number(statement.rowsPerCall ?? 0)} rows a call`,
              source: statement.source,
              value: statement.rowsPerCall ?? 0,
              unit: 'rows',
            },
          ],
          fix: `Select the columns that are shown instead of *, and only as many rows; leave large texts to a request of their own.`,
          prove: facts.prove('over-fetching'),
          share: null,
        }),
      ]
    })
    const largest = sized.toSorted((a, b) => b.size - a.size)[0]
    return found(findings, `the largest answers (${largest?.one.name ?? ''}) have ${bytes(largest?.size ?? 0)}`)
  },
}

/** `select *`, `select p.*`, not `count(*)`. */
function selectsAll(sql: string): boolean {
  return /\bselect\s+(?:distinct\s+)?(?:[\w"]+\.)?\*|,\s*[\w"]+\.\*/i.test(sql)
}

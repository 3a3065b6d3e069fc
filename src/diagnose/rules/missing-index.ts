import type { Finding } from '#record/findings.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, shortSql } from '../finding.js'
import { known } from '../measure.js'
import { isRead, type Statement, tablesIn } from '../statements.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Rows that a scan may read before an index would be worth its keep. */
const smallTable = 1000
/** Rows read for each one returned, from which reading was in vain. */
const wasted = 50
/** Of the work on a table, so that its scans are this statement's. */
const leastPart = 0.3
/** A statement that takes less asks for nothing yet. */
const costlyMs = 1

export const missingIndex: Rule = {
  name: 'missing-index',
  kinds: ['missing-index'],
  explains: `Rows read by sequential scans of a table against rows that its statements return; speaks when a statement with a condition reads more than ${smallTable} rows a call and ${wasted} for each row returned. Reports over whole tables are left to slow-query.`,
  assess(facts) {
    const { observed } = facts.evidence
    const scans = observed.list('postgres', 'seq_rows_read_per_s')
    const mongo = observed.one('mongodb', 'collection_scans_per_s')
    const mysql = observed.one('mysql', 'full_scans_per_s')
    if (facts.statements.length === 0 && mongo === undefined && mysql === undefined) {
      return notAssessed('no statements of a database were observed (--observe)')
    }
    const findings = [
      ...scans.flatMap((scan) =>
        assessTable(facts, scan.part, scan.tags.table ?? '', sumOf(facts, scan.values), scan.source),
      ),
      ...assessMysql(facts),
      ...assessMongo(facts),
    ]
    return found(findings, 'no statement reads far more rows than it returns')
  },
}

function assessTable(facts: RunFacts, part: string, table: string, rowsRead: number, source: string): Finding[] {
  const bare = table.split('.').at(-1)?.toLowerCase() ?? ''
  // Whoever touches most blocks of the table did most of the scanning: an index lookup touches a handful.
  const onTable = facts.statements.filter((one) => one.part === part && tablesIn(one.sql).includes(bare))
  const statement = onTable.filter((one) => isSelective(one.sql, bare)).sort((a, b) => weight(b) - weight(a))[0]
  if (statement === undefined) return []
  const own =
    weight(statement) /
    Math.max(
      1e-9,
      onTable.reduce((sum, one) => sum + weight(one), 0),
    )
  if (own < leastPart) return []
  const readPerCall = (rowsRead * own) / statement.calls
  return assessScan(facts, statement, bare, readPerCall, source)
}

function assessScan(
  facts: RunFacts,
  statement: Statement,
  table: string,
  readPerCall: number,
  source: string,
): Finding[] {
  const { evidence, mask } = facts
  const { rowsPerCall, msPerCall, sql } = statement
  // An aggregate returns one row whatever it read.
  const returned = isAggregate(sql) ? 1 : (rowsPerCall ?? 1)
  if (readPerCall < smallTable || readPerCall < wasted * Math.max(1, returned)) return []
  const fit = fitToEndpoint(evidence, statement.callsPerS, mask, sql, msPerCall)
  const endpoint = facts.endpoints.find(({ name }) => name === fit?.endpoint.name)
  const share =
    endpoint === undefined || endpoint.meanMs === 0
      ? null
      : Math.min(1, (msPerCall * Math.max(1, fit?.perRequest ?? 1)) / endpoint.meanMs)
  const at = endpoint === undefined ? '' : `${endpoint.name}: `
  return [
    makeFinding({
      rule: 'missing-index',
      kind: 'missing-index',
      severity: msPerCall < costlyMs ? 'info' : facts.severity(share),
      confidence: isAggregate(sql) ? 0.65 : readPerCall > 10 * smallTable ? 0.9 : 0.8,
      title: `${at}${number(readPerCall)} rows of ${table} are read to return ${number(rowsPerCall ?? 1)} (${shortSql(sql, 80)})`,
      where: { sql, resource: `table ${table}`, ...(endpoint === undefined ? {} : { endpoint: endpoint.name }) },
      evidence: [
        {
          text: `sequential scans read ${number(readPerCall)} rows of ${table} for each call, which returns ${number(rowsPerCall ?? 1)}`,
          source,
          value: readPerCall,
          unit: 'rows/call',
          threshold: Math.max(smallTable, wasted * Math.max(1, returned)),
        },
        {
          text: `${number(statement.calls)} calls of ${ms(msPerCall)} on average${endpoint === undefined ? '' : `; a request of ${endpoint.name} lasts ${ms(endpoint.meanMs)}`}`,
          source: statement.source.replace('calls_per_s', 'ms_per_s'),
          value: msPerCall,
          unit: 'ms',
        },
      ],
      fix: `${indexFor(sql, table)} Check with EXPLAIN that the statement uses it; writes to ${table} will cost a little more.`,
      prove: facts.prove('missing-index'),
      share,
    }),
  ]
}

/** MySQL says how many reads went without an index, not which: the slowest statement with a condition is the suspect. */
function assessMysql(facts: RunFacts): Finding[] {
  const { observed } = facts.evidence
  const scans = observed.one('mysql', 'full_scans_per_s')
  const rows = observed.one('mysql', 'rows_read_per_s')
  if (scans === undefined || rows === undefined) return []
  const count = sumOf(facts, scans.values)
  const suspect = facts.statements.find(
    ({ part, sql }) => part.startsWith('mysql') && isSelective(sql, tablesIn(sql)[0] ?? ''),
  )
  if (suspect === undefined || count < 0.5 * suspect.calls) return []
  return assessScan(facts, suspect, tablesIn(suspect.sql)[0] ?? '', sumOf(facts, rows.values) / count, rows.source)
}

function assessMongo(facts: RunFacts): Finding[] {
  const { observed } = facts.evidence
  const one = (metric: string): number => sumOf(facts, observed.one('mongodb', metric)?.values ?? new Float64Array(0))
  const [scans, examined, returned] = [
    one('collection_scans_per_s'),
    one('documents_examined_per_s'),
    one('documents_returned_per_s'),
  ]
  if (scans < 10 || examined / scans < smallTable || examined < wasted * Math.max(1, returned)) return []
  return [
    makeFinding({
      rule: 'missing-index',
      kind: 'missing-index',
      severity: facts.severity(null),
      confidence: 0.7,
      title: `MongoDB: collection scans examine ${number(examined / Math.max(1, returned))} documents for each one returned`,
      where: { resource: 'mongodb collection scans' },
      evidence: [
        {
          text: `${number(scans)} collection scans examined ${number(examined)} documents and returned ${number(returned)}`,
          source: 'observed/mongodb documents_examined_per_s',
          value: examined / scans,
          unit: 'documents/scan',
          threshold: smallTable,
        },
      ],
      fix: 'Find the query by its plan (COLLSCAN in explain()), and index its fields: equality first, then sort, then range.',
      prove: facts.prove('missing-index'),
    }),
  ]
}

function weight(statement: Statement): number {
  return statement.blocksPerCall === undefined ? statement.totalMs : statement.blocksPerCall * statement.calls
}

/** Has a condition that could pick few rows of the table: an equality or a prefix; a range alone may be most of it. */
export function isSelective(sql: string, table: string): boolean {
  const where = conditionOf(sql)
  if (where === undefined || table === '' || !/\b(select|update|delete)\b/i.test(sql)) return false
  const equality = /[\w")]\s*(=|~~\*?|@>|\b(?:i?like|in|any|between)\b)\s*/i.test(
    where.replace(/[\w".]+\s*=\s*[a-z]\w*\.[\w"]+/gi, ''),
  )
  return isAggregate(sql) ? /[\w")]\s*=\s*(\$\d|\?|')/.test(where) : equality || /[<>]/.test(where)
}

function isAggregate(sql: string): boolean {
  return (
    isRead(sql) && (/\bgroup\s+by\b/i.test(sql) || /^\s*select\s+(distinct\s+)?(count|sum|avg|min|max)\s*\(/i.test(sql))
  )
}

function conditionOf(sql: string): string | undefined {
  return /\bwhere\b([\s\S]*?)(?:\bgroup\s+by\b|\border\s+by\b|\blimit\b|\breturning\b|\bfor\s+update\b|$)/i.exec(
    sql,
  )?.[1]
}

/** `Create the index: create index on customers (email).` */
function indexFor(sql: string, table: string): string {
  const where = conditionOf(sql) ?? ''
  const expression = /((?:lower|upper|date|trim)\(\s*(?:\w+\.)?\w+\s*\))\s*(=|~~|\blike\b)/i.exec(where)
  const column = /(?:\w+\.)?"?(\w+)"?\s*(=|~~|\blike\b|\bin\b|\bbetween\b|>=?|<=?)/i.exec(where)
  const isPattern = /~~|like/i.test(expression?.[2] ?? column?.[2] ?? '')
  const what = expression?.[1] ?? column?.[1]
  if (what === undefined) return `Create an index on ${table} for the columns of the condition.`
  return `Create the index: create index concurrently on ${table} (${what}${isPattern ? ' text_pattern_ops' : ''}).`
}

function sumOf(facts: RunFacts, column: Float64Array): number {
  return known(column, facts.mask).reduce((sum, value) => sum + value, 0) * facts.evidence.binS
}

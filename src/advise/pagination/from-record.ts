/** Pages by OFFSET that a diagnosis of a run found, as advice: the page by key, tried at a depth of the table. */
import { ms, number } from '#diagnose/finding.js'
import type { Finding, RunRecord } from '#record/index.js'
import { makeAdvice } from '../advice.js'
import { openReadOnly, type ReadOnlyDatabase } from '../database/read-only.js'
import { pagedStatement } from '../sql/keyset.js'
import { tokensOf } from '../sql/tokens.js'
import { callSiteOf } from '../target/call-site.js'
import type { Advice, AdviseInput } from '../types.js'
import { changesOf, costsOf, verificationOf } from './change.js'
import { type PageTrial, tryKeyset } from './trial.js'

const pageRows = '20'
/** Tried from the deepest on; the first that the table has rows for counts. */
const depths = [100_000, 10_000, 1_000]

export async function pagesOfRecord(record: RunRecord, input: AdviseInput): Promise<Advice[]> {
  const found = ((await record.findings()) ?? []).filter(
    ({ kind, where }) => kind === 'offset-pagination' && where.sql !== undefined,
  )
  const at = input.databases.find(({ kind }) => kind === 'postgres' || kind === 'mysql')
  const database = found.length === 0 || at === undefined ? undefined : await openReadOnly(at)
  try {
    const advice: Advice[] = []
    for (const finding of found) advice.push(await adviceFor(finding, input, database))
    return advice
  } finally {
    await database?.close()
  }
}

async function adviceFor(
  finding: Finding,
  input: AdviseInput,
  database: ReadOnlyDatabase | undefined,
): Promise<Advice> {
  const sql = finding.where.sql ?? ''
  const { trial, table } = await tried(sql, database)
  const site = callSiteOf(sql, input.target.sourceDir, input.sources)
  const { advice: _former, rule: _rule, id: _id, ...former } = finding
  return makeAdvice({
    ...former,
    advisor: 'pagination',
    where: {
      ...finding.where,
      ...(site === undefined ? {} : { file: site.file, line: site.line }),
      ...(site?.function === undefined ? {} : { function: site.function }),
    },
    advice: {
      changes: typeof trial === 'string' ? [] : changesOf(trial, table, input),
      gain:
        typeof trial === 'string' || !trial.isSame
          ? null
          : {
              metric: `a page at ${number(trial.depth)} rows`,
              unit: 'ms',
              before: trial.offsetMs.median,
              after: trial.keysetMs.median,
              afterLow: trial.keysetMs.low,
              afterHigh: trial.keysetMs.high,
              basis: 'measured',
              how: `both statements in turns on the real database, medians of ${trial.offsetMs.count}; the first page by key takes ${ms(trial.firstMs.median)}`,
            },
      costs: costsOf(trial),
      verification: verificationOf(trial),
    },
  })
}

async function tried(
  sql: string,
  database: ReadOnlyDatabase | undefined,
): Promise<{ readonly trial: PageTrial | string; readonly table: string }> {
  const slots = (tokensOf(sql) ?? []).filter(({ kind }) => kind === 'slot').length
  if (database === undefined) return { trial: 'its database could not be asked (--db)', table: '' }
  if (slots > 2)
    return {
      trial:
        'it has other values than limit and offset, which a run does not record; a probe sees them (--target-cmd, --url)',
      table: '',
    }
  let trial: PageTrial | string =
    'the order is not one of plain columns, or the statement groups: only a person can rewrite it'
  for (const depth of depths) {
    const page = pagedStatement(
      sql,
      Array.from({ length: slots }, () => pageRows),
    )
    if (page === undefined) return { trial, table: '' }
    try {
      trial = await tryKeyset(page, depth, database)
    } catch (error) {
      trial = `the database refused it: ${(error as Error).message.slice(0, 200)}`
    }
    if (typeof trial !== 'string') return { trial, table: page.table }
  }
  return { trial, table: '' }
}

/** What a diagnosis of a run took for a loop, as advice: the statement for all keys, tried with keys from the database. */
import { ms, number, shortSql } from '#diagnose/finding.js'
import { tablesIn } from '#diagnose/statements.js'
import type { Finding, RunRecord } from '#record/index.js'
import { makeAdvice } from '../advice.js'
import { openReadOnly, type Dialect, type ReadOnlyDatabase } from '../database/read-only.js'
import { type OneForAll, oneForAll } from '../sql/one-for-all.js'
import { keywordAt, sqlOf, tokensOf } from '../sql/tokens.js'
import { callSiteOf } from '../target/call-site.js'
import type { Advice, AdviseInput } from '../types.js'
import { eagerLoading } from './eager-loading.js'
import { type Trial, tryOneForAll } from './trial.js'

const MOST_KEYS = 20

export async function loopsOfRecord(record: RunRecord, input: AdviseInput): Promise<Advice[]> {
  const found = ((await record.findings()) ?? []).filter(
    ({ kind, where }) => kind === 'n-plus-one' && where.sql !== undefined,
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
  const dialect = database?.dialect ?? (/(?<!\w)\?(?!\w)/.test(sql) ? 'mysql' : 'postgres')
  const shape = withSomeKeys(sql, dialect, ['1', '2'])
  const { trial, why } = await tried(sql, shape, database)
  const site = callSiteOf(sql, input.target.sourceDir, input.sources)
  const { advice: _former, rule: _rule, id: _id, ...former } = finding
  return makeAdvice({
    ...former,
    advisor: 'n-plus-one',
    where: {
      ...finding.where,
      ...(site === undefined ? {} : { file: site.file, line: site.line }),
      ...(site?.function === undefined ? {} : { function: site.function }),
    },
    fix: shape === undefined ? finding.fix : `Load all at once: ${shortSql(shape.sql, 200)}.`,
    advice: {
      changes: eagerLoading(input.target, {
        parentTable: undefined,
        childTable: tablesIn(sql)[0] ?? 'children',
        key: shape?.key ?? 'id',
        isToOne: shape?.isToOne ?? false,
        sql: shape?.sql,
        dialect,
      }),
      gain:
        trial === undefined
          ? null
          : {
              metric: `${number(trial.keys)} keys on the database`,
              unit: 'ms',
              before: trial.eachMs.median,
              after: trial.oneMs.median,
              afterLow: trial.oneMs.low,
              afterHigh: trial.oneMs.high,
              basis: 'measured',
              how: `one by one and at once in turns, medians of ${trial.oneMs.count}; what it is of a request tells a probe (--target-cmd, --url)`,
            },
      costs: ['One larger answer is held in memory at a time; a list without a limit needs one.'],
      verification:
        trial === undefined
          ? { state: 'observed', how: why }
          : {
              state:
                trial.isSame && trial.oneMs.median < trial.eachMs.median
                  ? 'verified'
                  : trial.isSame
                    ? 'refuted'
                    : 'observed',
              how: `${trial.isSame ? 'both ways read the same' : 'the two ways differ in their'} ${number(trial.rows)} rows for ${number(trial.keys)} keys of the table, read-only: ${ms(trial.eachMs.median)} one by one, ${ms(trial.oneMs.median)} at once`,
            },
    },
  })
}

/** The statement of the server's statistics, asked with these keys in the first place where that makes sense. */
function withSomeKeys(sql: string, dialect: Dialect, keys: readonly string[]): OneForAll | undefined {
  const slots = (tokensOf(sql) ?? []).filter(({ kind }) => kind === 'slot').length
  for (let slot = 0; slot < slots; slot++) {
    const repeats = keys.map((key) => ({
      text: sql,
      params: Array.from({ length: slots }, (_, i) => (i === slot ? key : '0')),
    }))
    const joined = oneForAll(repeats, dialect)
    if (joined !== undefined) return joined
  }
  return undefined
}

async function tried(
  sql: string,
  shape: OneForAll | undefined,
  database: ReadOnlyDatabase | undefined,
): Promise<{ readonly trial?: Trial; readonly why: string }> {
  const tokens = tokensOf(sql) ?? []
  if (shape === undefined) return { why: 'the form of the statement is not one that is rewritten by rule' }
  if (database === undefined) return { why: 'its database could not be asked (--db)' }
  if (tokens.filter(({ kind }) => kind === 'slot').length !== 1)
    return {
      why: 'it has other values than the key, which a run does not record; a probe sees them (--target-cmd, --url)',
    }
  const [from, where] = [keywordAt(tokens, 'from'), keywordAt(tokens, 'where')]
  try {
    const source = sqlOf(tokens.slice(from, where))
    const { rows } = await database.read(`select ${shape.key} ${source} limit ${MOST_KEYS * 20}`, [])
    const keys = [...new Set(rows.flatMap(([key]) => (key === null || key === undefined ? [] : [String(key)])))].slice(
      0,
      MOST_KEYS,
    )
    const joined = keys.length < 2 ? undefined : withSomeKeys(sql, database.dialect, keys)
    const trial = joined === undefined ? undefined : await tryOneForAll(joined, database)
    return trial === undefined
      ? { why: 'the database refused the rewritten statement, or has too few keys' }
      : { trial, why: '' }
  } catch (error) {
    return { why: `the database refused it: ${(error as Error).message.slice(0, 200)}` }
  }
}

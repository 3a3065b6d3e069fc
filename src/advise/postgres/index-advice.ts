/** Adviser `postgres-indexes`: which indexes the measured statements ask for, chosen together and tried. */
import type { AdviceDetails, Change, Evidence } from '#record/index.js'
import { PerfwrightError } from '#base/errors.js'
import { bytes, ms, percent, shortSql } from '#diagnose/finding.js'
import { makeAdvice } from '../advice.js'
import type { Advice, AdviseInput, Advisor, AdvisorAnswer, DatabaseAt } from '../types.js'
import { type Candidate, candidatesFor } from './candidates.js'
import { type ChosenIndex, chooseIndexes, type Helped, WRITE_MS } from './choose.js'
import { type Examination, examinationOf, openReader } from './examination.js'
import { guessIndexes } from './guess.js'
import { tellHelped } from './helped.js'
import { createText, dropText, indexName } from './index-text.js'
import { patternIndexes } from './patterns.js'
import { Planner, type Planned, plannerSettings } from './planner.js'
import { assertScratch, makeScratch, type Scratch } from './scratch.js'
import { Session } from './session.js'
import { tryIndexes, type Trial } from './trial.js'
import { definitionText, HypotheticalIndexes, hypopgMissing } from './what-if.js'
import type { Statement } from './workload.js'

/** Statements that are looked at: those with most time. */
const MAX_LOOKED_AT = 60
/** Choosing ends by then with what it has; the whole advice stays under a minute. */
const CHOOSE_SECONDS = 30
/** A statement that takes less a call, or less of the whole, waits for nothing worth an index. */
const MIN_MS = 0.5
const MIN_SHARE = 0.005

export const postgresIndexes: Advisor = {
  name: 'postgres-indexes',
  kinds: ['missing-index'],
  explains:
    'Indexes for the measured statements of a PostgreSQL database (--db postgres://...): candidates from their predicates, joins and orderings, ' +
    'costed by the real planner with hypothetical indexes (hypopg) and chosen together over the whole workload; with --scratch built on a copy and timed. ' +
    'Speaks when an index takes a quarter or more off a statement of 0.5 ms or more and half a percent of all statement time.',
  async advise(input) {
    const answers = await Promise.all(
      input.databases.filter(({ kind }) => kind === 'postgres').map((database) => adviseOne(input, database)),
    )
    return {
      advice: answers.flatMap(({ advice }) => advice),
      fine: answers.flatMap(({ fine }) => fine),
      notAssessed: answers.flatMap(({ notAssessed }) => notAssessed),
    }
  },
}

async function adviseOne(input: AdviseInput, database: DatabaseAt): Promise<AdvisorAnswer> {
  const examination = await examinationOf(input, database)
  const { workload } = examination
  const notAssessed = [...examination.missing]
  const worth = workload.statements.filter(({ msPerCall, share }) => msPerCall >= MIN_MS && share >= MIN_SHARE)
  tellHelped(input, [])
  if (worth.length === 0) {
    const fine = `${workload.statements.length} statements (${workload.source}): none takes ${MIN_MS} ms a call and ${percent(MIN_SHARE)} of the time`
    return { advice: [], fine: workload.statements.length > 0 ? [fine] : [], notAssessed }
  }
  const scratch = await scratchFor(input, examination, notAssessed)
  let chosen: readonly ChosenIndex[]
  let trials = new Map<ChosenIndex, Trial>()
  try {
    chosen = await chosenFor(input, examination, worth, scratch, notAssessed)
    if (scratch !== undefined) trials = await tryIndexes(input, scratch, chosen, notAssessed)
  } finally {
    await scratch?.close()
  }
  tellHelped(input, chosen)
  const isRefuted = (one: ChosenIndex): boolean => trials.get(one)?.verification.state === 'refuted'
  const advice = chosen.filter((one) => !isRefuted(one)).map((one) => adviceOf(examination, one, trials.get(one)))
  const refuted = chosen
    .filter(isRefuted)
    .map(
      (one) =>
        `an index ${definitionText(one.candidate.definition)} was tried and is no better: ${trials.get(one)?.verification.how}`,
    )
  const fine = `${worth.length} statements of ${MIN_MS} ms or more (${workload.source}): the planner gains nothing from ${chosen.length > 0 ? 'further indexes' : 'another index'}`
  return { advice, fine: [fine, ...refuted], notAssessed }
}

async function scratchFor(
  input: AdviseInput,
  { uri }: Examination,
  notAssessed: string[],
): Promise<Scratch | undefined> {
  const { scratch: server, clock, random, signal, progress } = input
  if (server === undefined) return undefined
  try {
    return await makeScratch({ source: uri, server, clock, random, signal, progress })
  } catch (error) {
    if (!(error instanceof PerfwrightError) || signal.aborted) throw error
    notAssessed.push(`trying the indexes: ${error.code} ${error.message} ${error.fix ?? ''}`)
    return undefined
  }
}

/** On the database itself; on a whole copy of it where only there hypothetical indexes can be had. */
async function chosenFor(
  input: AdviseInput,
  examination: Examination,
  worth: readonly Statement[],
  scratch: Scratch | undefined,
  notAssessed: string[],
): Promise<readonly ChosenIndex[]> {
  const { catalog } = examination
  const session = await sessionFor(examination, scratch)
  try {
    await plannerSettings(session)
    const planner = new Planner(session, catalog)
    const statements: { planned: Planned; candidates: readonly Candidate[] }[] = []
    for (const statement of worth.slice(0, MAX_LOOKED_AT)) {
      const planned = await planner.prepare(statement)
      if ('refused' in planned) notAssessed.push(`${shortSql(statement.sql)}: ${planned.refused}`)
      else statements.push({ planned, candidates: candidatesFor(statement.shape, catalog) })
    }
    input.progress(`trying indexes for ${statements.length} statements`)
    return [
      ...(await choose(input, examination, session, planner, statements, notAssessed)),
      ...(await patternIndexes(
        planner,
        statements.map(({ planned }) => planned),
        catalog,
      )),
    ]
  } finally {
    await session.close()
  }
}

async function sessionFor({ uri }: Examination, scratch: Scratch | undefined): Promise<Session> {
  const reader = await openReader(uri)
  if (scratch === undefined || scratch.mode === 'sample') return reader
  if ((await hypopgMissing(reader))?.canBeMade !== true) return reader
  await assertScratch(scratch.uri)
  const writer = await Session.open(scratch.uri, { statementTimeoutMs: 10_000, isWritable: true })
  if ('refused' in (await writer.attempt('create extension hypopg'))) {
    await writer.close()
    return reader
  }
  await reader.close()
  return writer
}

async function choose(
  input: AdviseInput,
  examination: Examination,
  session: Session,
  planner: Planner,
  statements: readonly { readonly planned: Planned; readonly candidates: readonly Candidate[] }[],
  notAssessed: string[],
): Promise<readonly ChosenIndex[]> {
  const { workload } = examination
  const writeMsOf = (candidate: Candidate): number => writesOf(candidate, workload.statements) * WRITE_MS
  const missing = await hypopgMissing(session)
  if (missing !== undefined) {
    notAssessed.push(`hypothetical indexes: ${missing.why}; gains are worked out from row counts instead`)
    return await guessIndexes({ planner, statements, totalMs: workload.totalMs, writeMsOf })
  }
  const endNs = input.clock.nowNs() + CHOOSE_SECONDS * 1e9
  let wasLate = false
  const isLate = (): boolean => (wasLate ||= input.signal.aborted || input.clock.nowNs() > endNs)
  const whatIf = new HypotheticalIndexes(session)
  const chosen = await chooseIndexes({ planner, whatIf, statements, totalMs: workload.totalMs, writeMsOf, isLate })
  await whatIf.reset()
  if (wasLate && !input.signal.aborted) notAssessed.push(`further indexes: choosing ended after ${CHOOSE_SECONDS} s`)
  return chosen
}

/** Rows that the workload writes into such an index. */
function writesOf({ table, columns }: Candidate, statements: readonly Statement[]): number {
  let rows = 0
  for (const { shape, calls, rowsPerCall, sql } of statements) {
    if (shape.kind === 'select' || shape.kind === 'other') continue
    const target = shape.tables[0]?.name ?? /\binto\s+(?:\w+\.)?"?(\w+)/i.exec(sql)?.[1]
    if (target !== table.name) continue
    const isTouched = shape.kind !== 'update' || shape.sets.some((column) => columns.includes(column))
    if (isTouched) rows += calls * Math.max(1, rowsPerCall)
  }
  return rows
}

function adviceOf(examination: Examination, chosen: ChosenIndex, trial: Trial | undefined): Advice {
  const { candidate, helped, savedMs } = chosen
  const { definition, table } = candidate
  const share = savedMs / examination.workload.totalMs
  const [most] = [...helped].sort((a, b) => b.statement.totalMs - a.statement.totalMs)
  const sql = most?.statement.sql ?? ''
  const perMs = (cost: number, one: (typeof helped)[number]): number =>
    (one.statement.msPerCall * cost) / Math.max(1e-9, one.costBefore)
  const evidence: Evidence[] = helped.map((one) => ({
    text: `${shortSql(one.statement.sql)}: ${ms(one.statement.msPerCall)} a call, ${Math.round(one.statement.calls)} calls; ${plannedText(one)}`,
    source: examination.workload.source,
    value: one.statement.msPerCall,
    unit: 'ms',
    threshold: MIN_MS,
  }))
  const text = createText(definition)
  const undo = dropText(definition)
  const isPattern = definition.method === 'gin'
  const details: AdviceDetails = {
    changes: [...(isPattern ? [extensionFor('pg_trgm')] : []), { form: 'statement', language: 'sql', text, undo }],
    gain:
      trial?.gain ??
      (isPattern
        ? null
        : {
            metric: `time of ${shortSql(sql, 60)}`,
            unit: 'ms',
            before: most?.statement.msPerCall ?? 0,
            after: most === undefined ? 0 : perMs(most.costAfter, most),
            afterLow: null,
            afterHigh: null,
            basis: 'estimated',
            how: 'the measured time, times the ratio of the planner’s costs with and without the index',
          }),
    costs: trial?.costs ?? [
      chosen.bytes > 0
        ? `about ${bytes(chosen.bytes)} on disk (the planner’s estimate)`
        : 'its size is not known before it is built',
      chosen.writeMs > 0
        ? `about ${ms(chosen.writeMs)} more for the writes of this load (${WRITE_MS * 1000} us a row)`
        : `this load writes nothing into it; each new row of ${table.name} will cost some ${WRITE_MS * 1000} us more`,
    ],
    verification: trial?.verification ?? {
      state: isPattern ? 'observed' : 'predicted',
      how: isPattern
        ? 'an index of trigrams cannot be supposed; --scratch URI builds it on a copy and times it'
        : chosen.bytes > 0
          ? 'the server’s planner, with the index as a hypothetical one (hypopg); --scratch URI builds it on a copy and times it'
          : 'row counts of the plan as it is; --scratch URI builds the index on a copy and times it',
    },
  }
  return makeAdvice({
    advisor: 'postgres-indexes',
    kind: 'missing-index',
    severity: share >= 0.2 ? 'critical' : 'warning',
    confidence: details.verification.state === 'verified' ? 0.98 : chosen.bytes > 0 ? 0.85 : 0.6,
    title: `${table.sqlName} has no index on ${definition.keys.join(', ')}: ${helped.length} ${helped.length === 1 ? 'statement spends' : 'statements spend'} ${percent(share)} of the database's time for it`,
    where: { sql: sql.slice(0, 4000), resource: `postgres ${table.schema}.${table.name}` },
    evidence,
    fix: `Make the index ${indexName(definition)}; CONCURRENTLY lets writes go on while it is built.`,
    prove: 'perfwright advise --db DSN --scratch DSN --only postgres-indexes',
    share,
    advice: details,
  })
}

function plannedText({ costBefore, costAfter }: Helped): string {
  return costAfter < costBefore
    ? `planner's cost ${Math.round(costBefore)} -> ${Math.round(costAfter)} with the index`
    : 'it reads the whole table, because its pattern may begin with anything'
}

function extensionFor(name: string): Change {
  return { form: 'statement', language: 'sql', text: `CREATE EXTENSION IF NOT EXISTS ${name};` }
}

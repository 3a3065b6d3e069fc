/** OFFSET: found in the statements, measured by depth, replaced by a cursor, with the proof that the pages are the same. */
import { ms, number, shortSql } from '#diagnose/finding.js'
import type { Evidence } from '#record/index.js'
import type { Exchange } from '#wire/types.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import { openReadOnly, type ReadOnlyDatabase } from '../database/read-only.js'
import type { ProbedRequest } from '../probe/capture.js'
import { offsetOf, pagedStatement } from '../sql/keyset.js'
import { callSiteOf } from '../target/call-site.js'
import type { Advice, AdviseInput, Advisor } from '../types.js'
import { changesOf, costsOf, verificationOf } from './change.js'
import { pagesOfRecord } from './from-record.js'
import { type PageTrial, tryKeyset } from './trial.js'

/** Rows thrown away for a page from which it is worth a change. */
const deepRows = 1_000
const timesSlower = 2
const felt = 1

export const pagination: Advisor = {
  name: 'pagination',
  kinds: ['offset-pagination'],
  explains: `Statements with OFFSET whose time grows with the depth of the page (${deepRows} rows thrown away and ${timesSlower} times the first page's time). Writes the page by key with a unique tie-breaker, and compares 20 consecutive pages and 5 deep ones both ways on the real database, read-only.`,
  async advise(input) {
    const { capture, record } = input
    if (capture === undefined && record !== undefined)
      return answer(await pagesOfRecord(record, input), 'the diagnosis of the run names no page by OFFSET')
    if (capture === undefined) return notAssessed('no request was sent through a proxy (--db, --target-cmd and --url)')
    const found = measuredOffsets(capture.requests)
    if (found.length === 0) return answer([], 'no statement pages by OFFSET')
    const deep = found.filter(({ points }) => isSlower(points))
    const advice: Advice[] = []
    for (const one of deep) advice.push(await adviceFor(one, input))
    const [first] = found
    return {
      advice,
      fine:
        deep.length > 0
          ? []
          : [
              `OFFSET is used (${shortSql(first?.family ?? '', 60)}) and costs ${ms(first?.points.at(-1)?.ms ?? 0)} at ${number(first?.points.at(-1)?.offset ?? 0)} rows, the deepest that was asked`,
            ],
      notAssessed: [],
    }
  },
}

interface Measured {
  readonly request: ProbedRequest
  readonly family: string
  readonly deepest: Exchange
  /** By depth. */
  readonly points: readonly { readonly offset: number; readonly ms: number }[]
}

function measuredOffsets(requests: readonly ProbedRequest[]): Measured[] {
  const families = new Map<string, { request: ProbedRequest; exchange: Exchange; offset: number }[]>()
  for (const request of requests) {
    for (const exchange of request.exchanges) {
      if (exchange.protocol !== 'postgres' && exchange.protocol !== 'mysql') continue
      const page = offsetOf(exchange.text, exchange.params)
      if (page === undefined || exchange.rows === 0) continue
      const key = `${request.endpoint} ${exchange.family}`
      families.set(key, [...(families.get(key) ?? []), { request, exchange, offset: page.offset }])
    }
  }
  return [...families.values()].map((list) => {
    const offsets = [...new Set(list.map(({ offset }) => offset))].sort((a, b) => a - b)
    const points = offsets.map((offset) => {
      const times = list.filter((one) => one.offset === offset).map(({ exchange }) => exchange.endMs - exchange.startMs)
      // The fastest: what other work of the machine adds says nothing of the depth.
      return { offset, ms: Math.min(...times) }
    })
    const last = list.reduce((a, b) => (b.offset >= a.offset ? b : a))
    return { request: last.request, family: last.exchange.family, deepest: last.exchange, points }
  })
}

function isSlower(points: Measured['points']): boolean {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || last.offset < deepRows) return false
  return points.length === 1 || (last.ms > timesSlower * first.ms && last.ms - first.ms > felt)
}

async function adviceFor({ request, family, deepest, points }: Measured, input: AdviseInput): Promise<Advice> {
  const page = pagedStatement(deepest.text, deepest.params)
  const at = input.databases.find(({ kind }) => kind === deepest.protocol)
  const database = at === undefined || page === undefined ? undefined : await openReadOnly(at)
  let trial: PageTrial | string =
    'the order is not one of plain columns, or the statement groups: only a person can rewrite it'
  try {
    if (page !== undefined)
      trial = database === undefined ? 'its database could not be asked (--db)' : await tried(page, points, database)
  } finally {
    await database?.close()
  }
  const [first, last] = [points[0] as Measured['points'][number], points.at(-1) as Measured['points'][number]]
  const site = callSiteOf(deepest.text, input.target.sourceDir, input.sources)
  const responseMs = request.endMs - request.startMs
  return makeAdvice({
    advisor: 'pagination',
    kind: 'offset-pagination',
    severity: last.ms > 100 ? 'critical' : 'warning',
    confidence: points.length > 1 ? 0.98 : 0.8,
    title: `${request.endpoint}: a page at ${number(last.offset)} rows costs ${ms(last.ms)}, one at ${number(first.offset)} ${ms(first.ms)}: OFFSET reads what it throws away`,
    where: {
      endpoint: request.endpoint,
      sql: family,
      ...(site === undefined ? {} : { file: site.file, line: site.line }),
      ...(site?.function === undefined ? {} : { function: site.function }),
    },
    evidence: points.map(
      ({ offset, ms: took }): Evidence => ({
        text: `OFFSET ${number(offset)}: ${ms(took)}`,
        source: `wire ${request.endpoint}`,
        value: took,
        unit: 'ms',
      }),
    ),
    fix: 'Hand out a cursor, the key of the last row of the page, and go on after it; pages by number stay for the first few at most.',
    prove: 'the same perfwright advise after the change: the time of a page no longer follows its depth',
    share: Math.min(1, last.ms / Math.max(last.ms, responseMs)),
    advice: {
      changes: typeof trial === 'string' ? [] : changesOf(trial, page?.table ?? '', input),
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
  page: NonNullable<ReturnType<typeof pagedStatement>>,
  points: Measured['points'],
  database: ReadOnlyDatabase,
): Promise<PageTrial | string> {
  try {
    return await tryKeyset(page, points.at(-1)?.offset ?? deepRows, database)
  } catch (error) {
    return `the database refused it: ${(error as Error).message.slice(0, 200)}`
  }
}

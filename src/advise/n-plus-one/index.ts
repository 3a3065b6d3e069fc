/** A query for every row of a list: found by the count of each request, proven by size, mended by one query for all. */
import { ms, number, percent, shortSql } from '#diagnose/finding.js'
import { tablesIn } from '#diagnose/statements.js'
import type { Evidence, Gain, Verification } from '#record/index.js'
import type { Exchange } from '#wire/types.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import { openReadOnly, type ReadOnlyDatabase } from '../database/read-only.js'
import { type OneForAll, oneForAll } from '../sql/one-for-all.js'
import { callSiteOf } from '../target/call-site.js'
import type { Advice, AdviseInput, Advisor } from '../types.js'
import { eagerLoading } from './eager-loading.js'
import { loopsOfRecord } from './from-record.js'
import { loopsOf, manyPerRequest, type Repeated, roundTrips } from './loops.js'
import { type Trial, tryOneForAll } from './trial.js'

export const nPlusOne: Advisor = {
  name: 'n-plus-one',
  kinds: ['n-plus-one'],
  explains: `Statements that repeat within one request, from ${manyPerRequest} on, or as many more as rows are asked for more (proven). Writes one statement for all keys, runs both ways on the real database, read-only, and compares rows and time.`,
  async advise(input) {
    const { capture, record } = input
    if (capture === undefined && record !== undefined)
      return answer(await loopsOfRecord(record, input), 'the diagnosis of the run names no loop of statements')
    if (capture === undefined) return notAssessed('no request was sent through a proxy (--db, --target-cmd and --url)')
    const sqlExchanges = capture.requests.flatMap(({ exchanges }) => exchanges).filter(isSql)
    if (sqlExchanges.length === 0) return notAssessed('no SQL statement came through a proxy')
    const byEndpoint = new Map<string, (typeof capture.requests)[number][]>()
    for (const one of capture.requests) byEndpoint.set(one.endpoint, [...(byEndpoint.get(one.endpoint) ?? []), one])
    const databases = new Opened(input)
    const advice: Advice[] = []
    try {
      for (const requests of byEndpoint.values()) {
        const loops = loopsOf(
          requests,
          ({ exchanges }) => exchanges.filter(isSql),
          (one) => one.family,
          (one) => one.paramsHash,
        )
        for (const loop of loops) advice.push(await adviceFor(loop, input, databases))
      }
    } finally {
      await databases.close()
    }
    const most = [...byEndpoint].map(
      ([endpoint, requests]) =>
        `${endpoint} ${Math.round(requests.reduce((sum, { exchanges }) => sum + exchanges.filter(isSql).length, 0) / requests.length)}`,
    )
    return {
      advice,
      fine: advice.length > 0 ? [] : [`no statement repeats; statements a request: ${most.join(', ')}`],
      notAssessed: [],
    }
  },
}

function isSql({ protocol }: Exchange): boolean {
  return protocol === 'postgres' || protocol === 'mysql'
}

async function adviceFor(loop: Repeated<Exchange>, input: AdviseInput, databases: Opened): Promise<Advice> {
  const { example, items, family, parent } = loop
  const first = items[0] as Exchange
  const dialect = first.protocol === 'mysql' ? 'mysql' : 'postgres'
  const isSame = loop.distinct === 1
  const joined = isSame ? undefined : oneForAll(distinctOf(items), dialect)
  const database = await databases.of(first)
  const trial = joined === undefined || database === undefined ? undefined : await tryOneForAll(joined, database)
  const site = callSiteOf(first.text, input.target.sourceDir, input.sources)
  const trips = input.capture === undefined ? undefined : roundTrips(input.capture, example.endpoint)
  const calls = number(Math.round(loop.count))
  return makeAdvice({
    advisor: 'n-plus-one',
    kind: 'n-plus-one',
    severity: loop.share > 0.5 || loop.count >= 20 ? 'critical' : 'warning',
    confidence: loop.isProven ? 0.99 : trial?.isSame === true ? 0.97 : 0.9,
    title: isSame
      ? `${example.endpoint}: the same question ${calls} times in one request, ${percent(loop.share)} of its time (${shortSql(family, 80)})`
      : `${example.endpoint}: ${calls} queries of one form in one request, ${percent(loop.share)} of its time (${shortSql(family, 80)})`,
    where: {
      endpoint: example.endpoint,
      sql: family,
      ...(site === undefined ? {} : { file: site.file, line: site.line }),
      ...(site?.function === undefined ? {} : { function: site.function }),
    },
    evidence: evidenceOf(loop, trips),
    fix: isSame
      ? 'Ask once and hand the answer on within the request.'
      : `Load all at once: ${joined === undefined ? 'a join, or one statement with all keys' : shortSql(joined.sql, 200)}${input.target.orm === 'none' ? '' : `; with ${input.target.orm} by eager loading (${input.target.how})`}.`,
    prove: 'the same perfwright advise after the change: the count a request no longer follows the rows',
    share: loop.share,
    advice: {
      changes: isSame
        ? []
        : eagerLoading(input.target, {
            parentTable: parent === undefined ? undefined : tablesIn(parent.text)[0],
            childTable: tablesIn(first.text)[0] ?? 'children',
            key: joined?.key ?? 'id',
            isToOne: joined?.isToOne ?? false,
            sql: joined?.sql,
            dialect,
          }),
      gain: gainOf(loop, trial),
      costs: isSame ? [] : ['One larger answer is held in memory at a time; a list without a limit needs one.'],
      verification: verificationOf(joined, trial, database),
    },
  })
}

function evidenceOf(loop: Repeated<Exchange>, trips: number | undefined): Evidence[] {
  const { example, items, distinct, scaled, slope, isProven, responseMs, loopMs } = loop
  const source = `wire ${example.method} ${example.url}`
  const list: Evidence[] = [
    {
      text: `${items.length} exchanges with ${distinct} different values between its begin and its end, alone in flight${loop.isSerial ? ', one after the other' : ''}`,
      source,
      value: items.length,
      unit: 'statements/request',
      threshold: manyPerRequest,
    },
    {
      text: `they take ${ms(loopMs.median)} of ${ms(responseMs.median)} (median of ${responseMs.count})`,
      source,
      value: loopMs.median,
      unit: 'ms',
    },
  ]
  if (isProven && slope !== undefined) {
    const points = [...new Map(scaled)].sort(([a], [b]) => a - b)
    const [few, many] = [points[0], points.at(-1)]
    list.push({
      text: `${few?.[0]} rows caused ${few?.[1]} of them, ${many?.[0]} rows ${many?.[1]}: ${slope.toFixed(2)} for each row more, which proves a query for each row`,
      source,
      value: slope,
      unit: 'statements/row',
      threshold: 0.8,
    })
  }
  if (trips !== undefined && trips > 1)
    list.push({
      text: `with answers held back the request grew by ${trips.toFixed(1)} times the delay: so many round trips wait for each other`,
      source: `delay ${example.url}`,
      value: trips,
      unit: 'round trips',
    })
  return list
}

function gainOf(loop: Repeated<Exchange>, trial: Trial | undefined): Gain | null {
  const metric = `response time of ${loop.example.endpoint} with one client`
  if (trial !== undefined) {
    // Never more than the loop itself takes; the one statement for all stays.
    const left = (oneMs: number): number =>
      loop.responseMs.median - loop.loopMs.median + Math.min(oneMs, loop.loopMs.median)
    return {
      metric,
      unit: 'ms',
      before: loop.responseMs.median,
      after: left(trial.oneMs.median),
      afterLow: left(trial.oneMs.low),
      afterHigh: Math.min(loop.responseMs.median, left(trial.oneMs.high) + loop.loopMs.high - loop.loopMs.low),
      basis: 'estimated',
      how: `the loop takes ${ms(loop.loopMs.median)} of it; on the database ${trial.keys} statements took ${ms(trial.eachMs.median)}, the one for all ${ms(trial.oneMs.median)} (medians of ${trial.oneMs.count}, in turns)`,
    }
  }
  if (loop.items.length < 2) return null
  return {
    metric,
    unit: 'ms',
    before: loop.responseMs.median,
    after: loop.responseMs.median - loop.loopMs.median * (1 - 1 / loop.items.length),
    afterLow: null,
    afterHigh: null,
    basis: 'estimated',
    how: 'the time of all but one of the statements',
  }
}

function verificationOf(
  joined: OneForAll | undefined,
  trial: Trial | undefined,
  database: ReadOnlyDatabase | undefined,
): Verification {
  if (joined === undefined)
    return {
      state: 'observed',
      how: 'the form of the statement is not one that is rewritten by rule, so nothing was tried',
    }
  if (database === undefined) return { state: 'observed', how: 'its database could not be asked (--db)' }
  if (trial === undefined) return { state: 'observed', how: 'the database refused the rewritten statement' }
  if (!trial.isSame)
    return {
      state: 'observed',
      how: `both ways were run for ${trial.keys} keys and their rows differ: the statement given is a beginning only`,
    }
  const isBetter = trial.oneMs.median < trial.eachMs.median
  return {
    state: isBetter ? 'verified' : 'refuted',
    how: `both ways read the same ${trial.rows} rows for ${trial.keys} keys on the real database, read-only: ${ms(trial.eachMs.median)} one by one, ${ms(trial.oneMs.median)} at once`,
  }
}

function distinctOf(items: readonly Exchange[]): Exchange[] {
  return [...new Map(items.map((item) => [item.paramsHash, item])).values()]
}

/** Connections for trials, by the server that the exchange went to; opened once, and only when needed. */
class Opened {
  readonly #input: AdviseInput
  readonly #open = new Map<string, ReadOnlyDatabase | undefined>()

  constructor(input: AdviseInput) {
    this.#input = input
  }

  async of(exchange: Exchange): Promise<ReadOnlyDatabase | undefined> {
    const at = this.#input.databases.find(({ kind }) => kind === exchange.protocol)
    if (at === undefined) return undefined
    if (!this.#open.has(at.uri)) this.#open.set(at.uri, await openReadOnly(at))
    return this.#open.get(at.uri)
  }

  async close(): Promise<void> {
    for (const database of this.#open.values()) await database?.close()
  }
}

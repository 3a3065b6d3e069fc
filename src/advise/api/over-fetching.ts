/** More read than is sent, more sent than a page can show: columns that nobody asked for, lists without an end. */
import { bytes, ms, number, percent, shortSql } from '#diagnose/finding.js'
import type { Evidence } from '#record/index.js'
import type { Exchange } from '#wire/types.js'
import { answer, makeAdvice, notAssessed } from '../advice.js'
import { openReadOnly, type ReadOnlyDatabase } from '../database/read-only.js'
import { type Middle, middleOf } from '../measure.js'
import type { ProbedRequest } from '../probe/capture.js'
import { parametersOf } from '../probe/endpoint.js'
import { keywordAt, sqlOf, tokensOf } from '../sql/tokens.js'
import { callSiteOf } from '../target/call-site.js'
import type { Advice, AdviseInput, Advisor } from '../types.js'

/** Of one answer of the database, from which its size is felt. */
const heavyBytes = 50_000
/** A column that holds so much of an answer is worth a question. */
const heavyShare = 0.25
const manyRows = 1_000
const ROUNDS = 5

export const overFetching: Advisor = {
  name: 'over-fetching',
  kinds: ['over-fetching'],
  explains: `Answers of the database over ${bytes(heavyBytes)}: which columns hold the bytes, and which of them the response does not even have; runs the statement with and without them, read-only. Lists of more than ${number(manyRows)} rows without a parameter of size.`,
  async advise(input) {
    const { capture } = input
    if (capture === undefined) return notAssessed('no request was sent through a proxy (--db, --target-cmd and --url)')
    const heavy = heaviest(capture.requests)
    const advice: Advice[] = []
    for (const { request, exchange } of heavy) advice.push(...(await adviceFor(request, exchange, input)))
    const largest = Math.max(0, ...capture.requests.flatMap(({ exchanges }) => exchanges.map((one) => one.bytes)))
    return answer(advice, `the largest answer of a database has ${bytes(largest)}`)
  },
}

/** Of each endpoint and family the largest answer, requests as given. */
function heaviest(requests: readonly ProbedRequest[]): { request: ProbedRequest; exchange: Exchange }[] {
  const found = new Map<string, { request: ProbedRequest; exchange: Exchange }>()
  for (const request of requests) {
    if (request.varied !== undefined || request.status >= 400) continue
    for (const exchange of request.exchanges) {
      if ((exchange.protocol !== 'postgres' && exchange.protocol !== 'mysql') || exchange.error !== undefined) continue
      if (exchange.bytes < heavyBytes && exchange.rows <= manyRows) continue
      const key = `${request.endpoint} ${exchange.family}`
      if ((found.get(key)?.exchange.bytes ?? -1) < exchange.bytes) found.set(key, { request, exchange })
    }
  }
  return [...found.values()]
}

interface Columns {
  readonly all: readonly { readonly name: string; readonly share: number; readonly isSent: boolean }[]
  readonly left: readonly string[]
  readonly sql: string
  readonly fewerBytes: number
  readonly beforeMs: Middle
  readonly afterMs: Middle
}

async function adviceFor(request: ProbedRequest, exchange: Exchange, input: AdviseInput): Promise<Advice[]> {
  const at = input.databases.find(({ kind }) => kind === exchange.protocol)
  const database = at === undefined ? undefined : await openReadOnly(at)
  let columns: Columns | string = 'its database could not be asked (--db)'
  try {
    if (database !== undefined) columns = await weighed(exchange, request, database)
  } catch (error) {
    columns = `the database refused the statement: ${(error as Error).message.slice(0, 200)}`
  } finally {
    await database?.close()
  }
  const isEndless = exchange.rows > manyRows && !parametersOf(request.url).some(({ role }) => role === 'size')
  const isWide = typeof columns !== 'string' && columns.left.length > 0
  if (!isEndless && !isWide) return []
  const unsent =
    typeof columns === 'string' ? [] : columns.all.filter(({ isSent, share }) => !isSent && share >= heavyShare)
  const site = callSiteOf(exchange.text, input.target.sourceDir, input.sources)
  const size = exchange.bytes
  return [
    makeAdvice({
      advisor: 'over-fetching',
      kind: 'over-fetching',
      severity: 'warning',
      confidence: unsent.length > 0 ? 0.95 : 0.7,
      title:
        isWide && typeof columns !== 'string'
          ? `${request.endpoint}: ${bytes(size)} read for one answer, ${percent(1 - columns.fewerBytes)} of it in ${columns.all
              .filter(({ share }) => share >= heavyShare)
              .map(({ name }) => name)
              .join(', ')} (${shortSql(exchange.family, 60)})`
          : `${request.endpoint}: ${number(exchange.rows)} rows for one answer, and nothing in the request says how many (${shortSql(exchange.family, 60)})`,
      where: {
        endpoint: request.endpoint,
        sql: exchange.family,
        ...(site === undefined ? {} : { file: site.file, line: site.line }),
        ...(site?.function === undefined ? {} : { function: site.function }),
      },
      evidence: evidenceOf(request, exchange, columns),
      fix: isEndless
        ? 'Give the list a limit with a largest value, and a cursor for the rest.'
        : unsent.length > 0
          ? `Select only what is sent: without ${unsent.map(({ name }) => name).join(', ')}, which the response does not hold.`
          : 'Select and send only what the page shows; the large columns belong to a request of their own.',
      prove: 'the same perfwright advise after the change: bytes read and sent for this endpoint',
      share: null,
      advice: {
        changes:
          typeof columns === 'string' || !isWide ? [] : [{ form: 'statement', language: 'sql', text: columns.sql }],
        gain:
          typeof columns === 'string' || !isWide
            ? null
            : {
                metric: `the statement of ${request.endpoint}`,
                unit: 'ms',
                before: columns.beforeMs.median,
                after: columns.afterMs.median,
                afterLow: columns.afterMs.low,
                afterHigh: columns.afterMs.high,
                basis: 'measured',
                how: `with and without the large columns in turns on the real database, medians of ${columns.beforeMs.count}; ${bytes(size)} become ${bytes(size * columns.fewerBytes)}`,
              },
        costs: ['Who does show these columns has to ask for them.'],
        verification: verificationOf(columns, unsent.length > 0),
      },
    }),
  ]
}

/** The statement with and without its large columns: how many bytes, how long. */
async function weighed(
  exchange: Exchange,
  request: ProbedRequest,
  database: ReadOnlyDatabase,
): Promise<Columns | string> {
  const tokens = tokensOf(exchange.text)
  const [select, from] = tokens === undefined ? [-1, -1] : [keywordAt(tokens, 'select'), keywordAt(tokens, 'from')]
  if (tokens === undefined || select !== 0 || from < 0) return 'its form is not one that is rewritten by rule'
  if (['group', 'union', 'distinct', 'with'].some((word) => keywordAt(tokens, word) >= 0))
    return 'its form is not one that is rewritten by rule'
  if (exchange.params.some((value) => value === undefined)) return 'a parameter came in a form that is not read'
  const params = exchange.params.map((value) => value ?? null)
  const first = await database.read(exchange.text, params)
  const sizes = first.names.map((_name, i) => first.rows.reduce((sum, row) => sum + String(row[i] ?? '').length, 0))
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  )
  const body = request.body.toString('utf8')
  const all = first.names.map((name, i) => ({
    name,
    share: (sizes[i] ?? 0) / total,
    isSent: body.includes(`"${name}"`) || body.includes(`"${camel(name)}"`) || holdsValue(body, first.rows[0]?.[i]),
  }))
  const left = all.filter(({ share }) => share >= heavyShare).map(({ name }) => name)
  const kept = all.filter(({ name }) => !left.includes(name))
  if (left.length === 0 || kept.length === 0 || total < heavyBytes / 2)
    return 'no column holds much more than the others'
  const sql = sqlOf([
    { kind: 'mark', text: `select ${kept.map(({ name }) => quoted(name, database)).join(', ')} `, depth: 0 },
    ...tokens.slice(from),
  ])
  const [beforeMs, afterMs]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    beforeMs.push((await database.read(exchange.text, params)).ms)
    afterMs.push((await database.read(sql, params)).ms)
  }
  const fewerBytes = kept.reduce((sum, { share }) => sum + share, 0)
  return { all, left, sql, fewerBytes, beforeMs: middleOf(beforeMs) as Middle, afterMs: middleOf(afterMs) as Middle }
}

/** Sent as an element of a list, without its name. */
function holdsValue(body: string, value: unknown): boolean {
  const text = typeof value === 'string' ? value : ''
  return text.length >= 12 && body.includes(JSON.stringify(text).slice(1, -1).slice(0, 200))
}

function quoted(name: string, { dialect }: ReadOnlyDatabase): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name)) return name
  return dialect === 'postgres' ? `"${name.replaceAll('"', '""')}"` : `\`${name.replaceAll('`', '``')}\``
}

function evidenceOf(request: ProbedRequest, exchange: Exchange, columns: Columns | string): Evidence[] {
  const source = `wire ${request.method} ${request.url}`
  const list: Evidence[] = [
    {
      text: `the database sends ${bytes(exchange.bytes)} in ${number(exchange.rows)} rows, the response has ${bytes(request.bodyBytes)}, within ${ms(request.endMs - request.startMs)}`,
      source,
      value: exchange.bytes,
      unit: 'bytes',
      threshold: heavyBytes,
    },
  ]
  if (typeof columns !== 'string')
    list.push({
      text: `by column: ${columns.all
        .toSorted((a, b) => b.share - a.share)
        .slice(0, 5)
        .map(({ name, share, isSent }) => `${name} ${percent(share)}${isSent ? '' : ' (not in the response)'}`)
        .join(', ')}`,
      source,
    })
  return list
}

function verificationOf(columns: Columns | string, isUnsent: boolean): Advice['advice']['verification'] {
  if (typeof columns === 'string') return { state: 'observed', how: columns }
  const how = `both statements were run on the real database, read-only: ${ms(columns.beforeMs.median)} with all columns, ${ms(columns.afterMs.median)} without ${columns.left.join(', ')}`
  if (!isUnsent) return { state: 'predicted', how: `${how}; whether a client shows these columns is not known here` }
  return {
    state: columns.afterMs.median < columns.beforeMs.median ? 'verified' : 'refuted',
    how: `${how}; the response does not hold them`,
  }
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase())
}

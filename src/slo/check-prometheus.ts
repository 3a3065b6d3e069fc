/** SLOs judged on what production counted: a Prometheus server asked over a window. */
import { z } from 'zod'
import { allowedShare, budgetOf, exhaustedInDays } from './budget.js'
import type { SloResult } from './check-record.js'
import { prometheusUnusable } from './errors.js'
import type { Indicator, Slo, SloFile } from './model.js'
import { ratioOver } from './rules.js'

export interface PrometheusQuestion {
  readonly url: string
  /** `30d`, `6h`: of each SLO its own when left out. */
  readonly window: string | undefined
  /** Of the answer, unix seconds; now when left out. */
  readonly atS?: number
  readonly fetch: typeof globalThis.fetch
  readonly headers: Readonly<Record<string, string>>
}

const maxAnswer = 1024 * 1024
const answer = z.union([
  z.object({
    status: z.literal('success'),
    data: z.object({
      resultType: z.enum(['vector', 'scalar']),
      result: z.union([
        z.array(z.looseObject({ value: z.tuple([z.number(), z.string()]) })),
        z.tuple([z.number(), z.string()]),
      ]),
    }),
  }),
  z.object({ status: z.literal('error'), error: z.string(), errorType: z.string().optional() }),
])

/** @throws PW_SLO_PROMETHEUS when the server is not there or answers what Prometheus does not */
export async function checkPrometheus(file: SloFile, question: PrometheusQuestion): Promise<readonly SloResult[]> {
  const results: SloResult[] = []
  for (const slo of file.slos) results.push(await checkOne(slo, question))
  return results
}

async function checkOne(slo: Slo, question: PrometheusQuestion): Promise<SloResult> {
  const window = question.window ?? `${slo.windowDays}d`
  const { indicator } = slo
  const base = {
    name: slo.name,
    title: slo.title,
    target: slo.target,
    measured: null,
    budget: null,
    exhaustedInDays: null,
  }
  if (indicator === undefined)
    return { ...base, judged: '', verdict: 'not-judged', note: 'the file has no Prometheus queries for it' }
  if (indicator.kind === 'level') return await checkLevel(slo, indicator, window, question)
  const query = ratioOver(indicator, window) ?? ''
  const share = await ask(query, question)
  const total = await totalOver(indicator, window, question)
  if (share === undefined || Number.isNaN(share))
    return { ...base, judged: query, verdict: 'no-data', note: `Prometheus has no events in the last ${window}` }
  // The queries are rates: without the number of events, shares stand for them.
  const events = total ?? 1
  const budget = budgetOf(slo.target, share * events, events)
  return {
    ...base,
    judged: query,
    verdict: share <= allowedShare(slo.target) ? 'met' : 'missed',
    measured: { value: share, unit: 'ratio', low: share, high: share },
    budget,
    exhaustedInDays: budget.burnRate === null ? null : exhaustedInDays(budget.burnRate, slo.windowDays),
    note: `over the last ${window}`,
  }
}

async function checkLevel(
  slo: Slo,
  { query, op, value: limit }: Extract<Indicator, { kind: 'level' }>,
  window: string,
  question: PrometheusQuestion,
): Promise<SloResult> {
  const text = query.replaceAll(/\{\{\s*\.window\s*\}\}/g, window)
  const value = await ask(text, question)
  const base = {
    name: slo.name,
    title: slo.title,
    target: slo.target,
    budget: null,
    exhaustedInDays: null,
    judged: `${text} ${op} ${limit}`,
  }
  if (value === undefined || Number.isNaN(value))
    return { ...base, verdict: 'no-data', measured: null, note: `Prometheus has no value for it` }
  const holds = { lt: value < limit, lte: value <= limit, gt: value > limit, gte: value >= limit }[op]
  return {
    ...base,
    verdict: holds ? 'met' : 'missed',
    measured: { value, unit: '', low: value, high: value },
    note: `over the last ${window}`,
  }
}

/** Events in the window: the total's rate times its length. */
async function totalOver(
  indicator: Indicator,
  window: string,
  question: PrometheusQuestion,
): Promise<number | undefined> {
  if (indicator.kind !== 'good' && indicator.kind !== 'bad') return undefined
  const rate = await ask(indicator.total.replaceAll(/\{\{\s*\.window\s*\}\}/g, window), question)
  if (rate === undefined || Number.isNaN(rate)) return undefined
  return /\brate\(/.test(indicator.total) ? rate * secondsOf(window) : rate
}

/** @returns the single number that a query comes to; undefined when there is none */
async function ask(query: string, { url, atS, fetch, headers }: PrometheusQuestion): Promise<number | undefined> {
  let target: URL
  try {
    target = new URL(`${url.replace(/\/+$/, '')}/api/v1/query`)
  } catch (error) {
    throw prometheusUnusable(url, 'that is no address', error)
  }
  let text: string
  let status: number
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ query, ...(atS === undefined ? {} : { time: String(atS) }) }),
      signal: AbortSignal.timeout(60_000),
    })
    status = response.status
    text = await bounded(response)
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code
    throw prometheusUnusable(url, cause ?? (error as Error).message, error)
  }
  const read = answer.safeParse(jsonOf(text))
  if (!read.success) throw prometheusUnusable(url, `it answered ${status} and nothing that Prometheus says`)
  if (read.data.status === 'error')
    throw prometheusUnusable(url, `it refused ${JSON.stringify(query)}: ${read.data.error}`)
  const { resultType, result } = read.data.data
  if (resultType === 'scalar') return Number((result as [number, string])[1])
  const rows = result as { value: [number, string] }[]
  if (rows.length > 1)
    throw prometheusUnusable(url, `${JSON.stringify(query)} gives ${rows.length} series, not one: sum() it`)
  return rows[0] === undefined ? undefined : Number(rows[0].value[1])
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxAnswer) throw new Error('its answer is longer than 1 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function secondsOf(window: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 }
  let total = 0
  for (const [, count = '', unit = ''] of window.matchAll(/(\d+)([smhdwy])/g))
    total += Number(count) * (units[unit] ?? 0)
  return total
}

/**
 * Performance budgets of endpoints and queries, judged on a record: what one request may take in time, bytes and statements.
 * Budgets of pages and bundles are `perfwright vitals`' own.
 */
import { z } from 'zod'
import type { Column } from '#diagnose/grid.js'
import { readEvidence } from '#diagnose/read-evidence.js'
import { readYaml } from '#plan/read-yaml.js'
import { bytes, seconds } from '#plan/units.js'
import type { RunRecord } from '#record/index.js'
import { invalidSlo } from './errors.js'

export interface Budgets {
  readonly budgets: 1
  /** By name of the endpoint as records have it, or a pattern with `*`. */
  readonly endpoints: Readonly<Record<string, EndpointBudget>>
  readonly queries: QueryBudget | undefined
}

export interface EndpointBudget {
  readonly p95?: string | undefined
  readonly p99?: string | undefined
  /** Mean of a response's body, decoded. */
  readonly bytes?: string | undefined
  /** `0.1%` */
  readonly failed?: string | undefined
}

/** Over all requests, from the statistics of the observed databases. */
export interface QueryBudget {
  readonly statementsPerRequest?: number | undefined
  readonly timePerRequest?: string | undefined
  /** Mean of the slowest statement. */
  readonly slowest?: string | undefined
}

export interface BudgetResult {
  /** `GET /cart: p95` */
  readonly name: string
  readonly budget: number
  readonly value: number | null
  readonly unit: 'ms' | 'bytes' | 'ratio' | 'statements'
  readonly verdict: 'kept' | 'broken' | 'no-data'
}

const time = z.string().regex(/^(\d+(\.\d+)?(ms|s|m))+$/, 'a time such as 300ms or 2s')
const schema: z.ZodType<Budgets> = z.strictObject({
  budgets: z.literal(1),
  endpoints: z
    .record(
      z.string(),
      z.strictObject({
        p95: time.optional(),
        p99: time.optional(),
        bytes: z
          .string()
          .regex(/^\d+(\.\d+)?\s*(B|[KMGT]i?B)$/i, 'a size such as 50KB')
          .optional(),
        failed: z
          .string()
          .regex(/^\d+(\.\d+)?\s*%$/, 'a share such as 0.1%')
          .optional(),
      }),
    )
    .default({}),
  queries: z
    .strictObject({
      statementsPerRequest: z.number().positive().optional(),
      timePerRequest: time.optional(),
      slowest: time.optional(),
    })
    .optional(),
}) as z.ZodType<Budgets>

/** @throws PW_SLO_INVALID with every mistake and its line */
export function readBudgets(text: string, name: string): Budgets {
  return readYaml(text, name, schema, invalidSlo).value
}

export async function checkBudgets(budgets: Budgets, record: RunRecord): Promise<readonly BudgetResult[]> {
  return [...(await endpointResults(budgets, record)), ...(await queryResults(budgets.queries, record))]
}

async function endpointResults({ endpoints }: Budgets, record: RunRecord): Promise<BudgetResult[]> {
  const by = ['name']
  const [times = [], sizes = [], failures = []] = await record.totalsOfEach([
    { metric: 'http_req_duration', by },
    { metric: 'http_res_body_bytes', by },
    { metric: 'http_req_failed', by },
  ])
  return Object.entries(endpoints).flatMap(([pattern, budget]) => {
    const like = patternOf(pattern)
    const names = times.map(({ tags }) => tags['name'] ?? '').filter((name) => like.test(name))
    // A budget of an endpoint that was never asked is not kept: it is not known.
    return (names.length === 0 ? [pattern] : names).flatMap((name) => {
      const of = (totals: typeof times) => totals.find(({ tags }) => tags['name'] === name)?.sink
      const [time, size, failed] = [of(times), of(sizes), of(failures)]
      const quantile = (q: number): number | null => time?.sketch.quantile(q) ?? null
      return [
        ...(budget.p95 === undefined ? [] : [result(`${name}: p95`, seconds(budget.p95) * 1000, quantile(0.95), 'ms')]),
        ...(budget.p99 === undefined ? [] : [result(`${name}: p99`, seconds(budget.p99) * 1000, quantile(0.99), 'ms')]),
        ...(budget.bytes === undefined
          ? []
          : [
              result(
                `${name}: bytes`,
                bytes(budget.bytes),
                size === undefined || size.count === 0 ? null : size.sum / size.count,
                'bytes',
              ),
            ]),
        ...(budget.failed === undefined
          ? []
          : [
              result(
                `${name}: failed`,
                Number.parseFloat(budget.failed) / 100,
                failed === undefined || failed.count === 0 ? null : failed.sum / failed.count,
                'ratio',
              ),
            ]),
      ]
    })
  })
}

async function queryResults(budget: QueryBudget | undefined, record: RunRecord): Promise<BudgetResult[]> {
  if (budget === undefined) return []
  const requests = (await record.totalsOf({ metric: 'http_reqs' }))[0]?.sink.sum ?? 0
  const { observed, binS } = await readEvidence(record)
  const total = (column: Column | undefined): number => {
    let sum = 0
    for (const value of column ?? []) if (!Number.isNaN(value)) sum += value * binS
    return sum
  }
  let [calls, timeMs, slowest, seen] = [0, 0, 0, false]
  for (const kind of ['postgres', 'mysql']) {
    for (const { part, tags, values } of observed.list(kind, 'statement_calls_per_s')) {
      const spent = observed.list(kind, 'statement_ms_per_s', part).find((one) => one.tags['id'] === tags['id'])
      const [n, ms] = [total(values), total(spent?.values)]
      calls += n
      timeMs += ms
      if (n >= 1) slowest = Math.max(slowest, ms / n)
      seen = true
    }
  }
  const perRequest = (value: number): number | null => (seen && requests > 0 ? value / requests : null)
  return [
    ...(budget.statementsPerRequest === undefined
      ? []
      : [result('queries: statements per request', budget.statementsPerRequest, perRequest(calls), 'statements')]),
    ...(budget.timePerRequest === undefined
      ? []
      : [result('queries: time per request', seconds(budget.timePerRequest) * 1000, perRequest(timeMs), 'ms')]),
    ...(budget.slowest === undefined
      ? []
      : [result('queries: slowest statement', seconds(budget.slowest) * 1000, seen ? slowest : null, 'ms')]),
  ]
}

function result(name: string, budget: number, value: number | null, unit: BudgetResult['unit']): BudgetResult {
  return { name, budget, value, unit, verdict: value === null ? 'no-data' : value <= budget ? 'kept' : 'broken' }
}

function patternOf(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`)
}

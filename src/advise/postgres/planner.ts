/**
 * What the server plans for a measured statement. Its parameters are `$1`: the statement is prepared, which gives their
 * types, and planned anew for each set of values drawn from the statistics. Where no value suits, it is planned without:
 * by EXPLAIN (GENERIC_PLAN) on PostgreSQL 16 and later, as a forced generic plan of the prepared statement before.
 */
import type { Catalog } from './catalog.js'
import { nodesOf, type Plan, planOf } from './plan.js'
import { sampleValues } from './samples.js'
import type { Session } from './session.js'
import type { Statement } from './workload.js'

export interface Planned {
  readonly statement: Statement
  /** The EXECUTE of each sample, ready to be run or explained in this session. */
  readonly executes: readonly string[]
  /** Without values: for plans only. */
  readonly isGeneric: boolean
}

export class Planner {
  readonly #session: Session
  readonly #catalog: Catalog
  readonly #prepared = new Map<string, Planned | { readonly refused: string }>()
  #lastName = 0
  /** EXPLAINs that were asked for. */
  explained = 0

  constructor(session: Session, catalog: Catalog) {
    this.#session = session
    this.#catalog = catalog
  }

  /** @returns the server's words when it cannot prepare the statement */
  async prepare(statement: Statement): Promise<Planned | { readonly refused: string }> {
    const known = this.#prepared.get(statement.id)
    if (known !== undefined) return known
    const made = await this.#prepare(statement)
    this.#prepared.set(statement.id, made)
    return made
  }

  /** A plan for each sample; undefined where the server refuses. */
  async plans(planned: Planned): Promise<readonly Plan[]> {
    const plans: Plan[] = []
    if (planned.isGeneric) return await this.#genericPlan(planned)
    for (const execute of planned.executes) {
      const plan = await this.#explain(`explain (format json, verbose) ${execute}`)
      if (plan !== undefined) plans.push(plan)
    }
    return plans
  }

  /** Mean of the samples' total cost; undefined when nothing could be planned. */
  async cost(planned: Planned): Promise<{ readonly cost: number; readonly indexes: ReadonlySet<string> } | undefined> {
    const plans = await this.plans(planned)
    if (plans.length === 0) return undefined
    const indexes = new Set(plans.flatMap(({ root }) => [...nodesOf(root)].flatMap(({ index }) => index ?? [])))
    return { cost: plans.reduce((sum, { root }) => sum + root.totalCost, 0) / plans.length, indexes }
  }

  /**
   * Runs the statement for its real numbers. Only what surely reads: its form has no writing part and none of its
   * functions may do more than read; the connection is read-only besides.
   */
  async analyze(planned: Planned): Promise<Plan | undefined> {
    if (planned.isGeneric || !(await this.readsOnly(planned.statement))) return undefined
    const [first] = planned.executes
    return first === undefined
      ? undefined
      : await this.#explain(`explain (analyze, buffers, format json, verbose) ${first}`)
  }

  async readsOnly({ shape }: Statement): Promise<boolean> {
    if (!shape.isReading) return false
    const names = shape.functions.filter((name) => name !== '')
    if (names.length === 0) return true
    const [answer] = await this.#session.query<{ bad: boolean }>(
      `select exists (select from pg_proc p join pg_language l on l.oid = p.prolang
         where proname = any($1) and (provolatile = 'v' or (pronamespace <> 'pg_catalog'::regnamespace and l.lanname <> 'c' and provolatile <> 'i'))) as bad`,
      [names],
    )
    return answer?.bad === false
  }

  async #explain(sql: string): Promise<Plan | undefined> {
    this.explained++
    const rows = await this.#session.attempt<{ 'QUERY PLAN': unknown }>(sql)
    if ('refused' in rows) return undefined
    const answer = rows[0]?.['QUERY PLAN']
    return planOf(typeof answer === 'string' ? JSON.parse(answer) : answer)
  }

  async #prepare(statement: Statement): Promise<Planned | { readonly refused: string }> {
    const name = `perfwright_${++this.#lastName}`
    const made = await this.#session.attempt(`prepare ${name} as ${statement.sql.replace(/;\s*$/, '')}`)
    if ('refused' in made) return made
    const [row] = await this.#session.query<{ types: string[] }>(
      'select parameter_types::regtype[]::text[] as types from pg_prepared_statements where name = $1',
      [name],
    )
    const types = row?.types ?? []
    const call = (values: readonly string[]): string =>
      values.length === 0 ? `execute ${name}` : `execute ${name}(${values.join(', ')})`
    const samples = sampleValues(statement, types, this.#catalog).map(call)
    // A value may not suit (a domain, a length): what remains is what the server takes.
    const executes: string[] = []
    for (const sample of samples) {
      const tried = await this.#session.attempt(`explain ${sample}`)
      if (!('refused' in tried)) executes.push(sample)
    }
    if (executes.length > 0) return { statement, executes, isGeneric: false }
    const generic: Planned = { statement, executes: [call(types.map((type) => `null::${type}`))], isGeneric: true }
    return (await this.#genericPlan(generic)).length > 0
      ? generic
      : { refused: 'no value of its parameters suits, and the server makes no plan without' }
  }

  async #genericPlan({ statement, executes }: Planned): Promise<readonly Plan[]> {
    const has = this.#session.version >= 160000
    if (!has) await this.#session.query('set plan_cache_mode = force_generic_plan')
    const what = has ? `(format json, verbose, generic_plan) ${statement.sql}` : `(format json, verbose) ${executes[0]}`
    const plan = await this.#explain(`explain ${what}`)
    if (!has) await this.#session.query('set plan_cache_mode = force_custom_plan')
    return plan === undefined ? [] : [plan]
  }
}

/** Plans follow the values and the indexes that are there now, not those of the first executions. */
export async function plannerSettings(session: Session): Promise<void> {
  await session.query('set plan_cache_mode = force_custom_plan')
  // A parallel plan's cost depends on how many workers are free to be assumed; advice compares like with like.
  await session.query('set max_parallel_workers_per_gather = 0')
}

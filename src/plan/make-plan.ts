/** From answers, typed or asked for, to a plan. */
import type { TestType } from '#record/analysis.js'
import { likeness } from './environment.js'
import { planUsage } from './errors.js'
import { decisionTree, questionFor, sloByService, typeFor } from './questions.js'
import type { PlanEnvironment, PlanFile, PlanTraffic, Question, ServiceType } from './schema.js'
import { assumed, knowsTraffic, type LoadModel, loadModel } from './traffic.js'
import { seconds, timeText } from './units.js'
import { type Workload, workloadFor, type WorkloadTimes } from './workload.js'

export interface Answers {
  readonly name?: string | undefined
  readonly question?: Question | undefined
  /** Wins over what the question leads to. */
  readonly type?: TestType | undefined
  readonly service?: ServiceType | undefined
  readonly script: string
  readonly urls: readonly string[]
  readonly traffic: PlanTraffic
  readonly environment?: PlanEnvironment | undefined
  readonly times?: WorkloadTimes | undefined
  readonly observe?: readonly string[] | undefined
  readonly targetCommand?: string | undefined
  readonly allow?: readonly string[] | undefined
  readonly rows?: Readonly<Record<string, number>> | undefined
}

export interface MadePlan {
  readonly plan: PlanFile
  /** How the numbers came about, by part of the plan; for comments and for the terminal. */
  readonly because: {
    readonly type: string
    readonly traffic: readonly string[]
    readonly environment: readonly string[]
    readonly workload: string
    readonly durationS: number
  }
}

/** What a search for the limit starts around where nobody knows what to expect. */
const startingRps = 20

/** @throws PW_PLAN_USAGE when a test of the expected traffic is asked for and nothing says how much it is */
export function makePlan(answers: Answers): MadePlan {
  const isKnown = knowsTraffic(answers.traffic)
  const question = answers.question ?? (answers.type === undefined ? 'expected' : questionFor(answers.type))
  const type = answers.type ?? typeFor(question, isKnown)
  const service = answers.service ?? 'user-facing-api'
  const slo = sloByService[service]
  if (!isKnown && type !== 'smoke' && type !== 'breakpoint')
    throw planUsage(
      `A ${type} test needs the traffic to expect.`,
      'give --users-per-day N or --peak-rps N; --question capacity without them searches for the limit',
    )
  const said: PlanTraffic = isKnown || type === 'smoke' ? answers.traffic : { ...answers.traffic, peakRps: startingRps }
  const traffic: PlanTraffic = {
    ...(said.peakRps === undefined ? { usersPerDay: said.usersPerDay } : { peakRps: said.peakRps }),
    ...(said.peakRps === undefined ? { sessionsPerUser: said.sessionsPerUser ?? assumed.sessionsPerUser } : {}),
    ...(said.peakRps === undefined ? { session: said.session ?? assumed.session } : {}),
    thinkTime: said.thinkTime ?? assumed.thinkTime,
    responseTime: said.responseTime ?? slo.p95,
    peakFactor: said.peakFactor ?? assumed.peakFactor,
    requestsPerJourney: said.requestsPerJourney ?? assumed.requestsPerJourney,
  }
  const like = likeness(answers.environment)
  // A smoke test is one user; what the others do is measured in shares of the peak.
  const model: LoadModel | undefined = knowsTraffic(traffic)
    ? loadModel(traffic, seconds(traffic.responseTime ?? '200ms'), like.scalingFactor)
    : undefined
  const workload: Workload = workloadFor(type, model, answers.times)
  const asks = decisionTree.find((row) => row.question === question)?.asks ?? ''
  const plan: PlanFile = {
    plan: 1,
    name: answers.name,
    question,
    type,
    service,
    script: answers.script,
    targets: answers.urls,
    env: answers.urls[0] === undefined ? undefined : { BASE_URL: answers.urls[0] },
    traffic: type === 'smoke' && !isKnown ? undefined : traffic,
    environment:
      answers.environment === undefined
        ? undefined
        : { ...answers.environment, scalingFactor: roundFactor(like.scalingFactor) },
    slo: { ...slo },
    scenarios: workload.scenarios as unknown as Record<string, unknown>,
    options: type === 'breakpoint' ? { thresholds: breakThresholds } : undefined,
    observe: answers.observe,
    targetCommand: answers.targetCommand,
    data: answers.rows === undefined ? undefined : { rows: answers.rows },
    allow: answers.allow,
  }
  const unknown =
    isKnown || type === 'smoke' ? [] : [`nothing is known of the traffic: starts around ${startingRps} requests/s`]
  return {
    plan: withoutUndefined(plan),
    because: {
      type: `${asks} -> ${type} test`,
      traffic: [...unknown, ...(model?.steps ?? [])],
      environment: [...like.steps, ...like.caveats],
      workload: `${workload.says}; ${timeText(workload.durationS)} in all`,
      durationS: workload.durationS,
    },
  }
}

/** Ends a search for the limit where the service is plainly broken: nothing is learned beyond. */
const breakThresholds = {
  http_req_failed: [{ threshold: 'rate<0.1', abortOnFail: true, delayAbortEval: '30s' }],
}

function roundFactor(factor: number | undefined): number | undefined {
  return factor === undefined ? undefined : Number(factor.toPrecision(4))
}

function withoutUndefined<T extends object>(value: T): T {
  const kept = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(
    kept.map(([key, item]) => [
      key,
      typeof item === 'object' && item !== null && !Array.isArray(item) ? withoutUndefined(item as object) : item,
    ]),
  ) as T
}

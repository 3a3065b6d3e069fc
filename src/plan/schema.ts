/** The one declaration of what a plan file may hold. `schemas/plan.schema.json` is made from it, for editors. */
import { z } from 'zod'
import type { TestType } from '#record/analysis.js'

export type Question = 'works' | 'expected' | 'capacity' | 'stability' | 'spike'
export type ServiceType = 'user-facing-api' | 'internal-api' | 'database' | 'background-job' | 'real-time-api'

export const testTypes: readonly TestType[] = ['smoke', 'load', 'stress', 'soak', 'spike', 'breakpoint']
export const questions: readonly Question[] = ['works', 'expected', 'capacity', 'stability', 'spike']
export const serviceTypes: readonly ServiceType[] = [
  'user-facing-api',
  'internal-api',
  'database',
  'background-job',
  'real-time-api',
]

/** Expected use. Times in Go's notation (`3s`, `5m`). */
export interface PlanTraffic {
  readonly usersPerDay?: number | undefined
  readonly sessionsPerUser?: number | undefined
  readonly session?: string | undefined
  readonly thinkTime?: string | undefined
  /** Assumed mean response time; Little's law needs it. */
  readonly responseTime?: string | undefined
  readonly peakFactor?: number | undefined
  readonly peakRps?: number | undefined
  /** Requests of one iteration of the script. */
  readonly requestsPerJourney?: number | undefined
}

export interface PlanSlo {
  readonly p95?: string | undefined
  readonly p99?: string | undefined
  /** `99.9%` */
  readonly availability?: string | undefined
}

export interface Likeness<T> {
  readonly test: T
  readonly production: T
}

export interface PlanEnvironment {
  /** Of one replica. */
  readonly cores?: Likeness<number> | undefined
  /** Of one replica: `4GiB`. */
  readonly memory?: Likeness<string> | undefined
  readonly replicas?: Likeness<number> | undefined
  readonly dataRows?: Likeness<number> | undefined
  /** Capacity of the test environment as a share of production's. */
  readonly scalingFactor?: number | undefined
}

export interface PlanFile {
  readonly plan: 1
  readonly name?: string | undefined
  readonly question?: Question | undefined
  readonly type: TestType
  readonly service?: ServiceType | undefined
  /** Relative to the plan. */
  readonly script: string
  readonly targets?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly traffic?: PlanTraffic | undefined
  readonly environment?: PlanEnvironment | undefined
  readonly slo?: PlanSlo | undefined
  /** k6's `scenarios`. */
  readonly scenarios?: Readonly<Record<string, unknown>> | undefined
  /** k6's other options. */
  readonly options?: Readonly<Record<string, unknown>> | undefined
  readonly observe?: readonly string[] | undefined
  readonly targetCommand?: string | undefined
  readonly profile?: string | undefined
  readonly data?: { readonly rows?: Readonly<Record<string, number>> | undefined } | undefined
  readonly allow?: readonly string[] | undefined
}

const text = z.string().min(1).max(4096)
const duration = z.string().regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, 'a time such as 300ms, 3s, 5m or 1h30m')
const positive = z.number().positive()
const size = z.string().regex(/^\d+(\.\d+)?\s*(B|[KMGT]i?B)$/, 'a size such as 512MiB or 4GB')
const pair = <T extends z.ZodType>(value: T) => z.strictObject({ test: value, production: value })

export const planSchema: z.ZodType<PlanFile> = z
  .strictObject({
    plan: z.literal(1).describe('version of this format'),
    name: text.optional().describe('name of the runs'),
    question: z
      .enum(questions as [Question])
      .optional()
      .describe('what the test is to answer'),
    type: z.enum(testTypes as [TestType]).describe('type of the test'),
    service: z
      .enum(serviceTypes as [ServiceType])
      .optional()
      .describe('what the service is, for its objectives'),
    script: text.describe('the k6 script, relative to this file'),
    targets: z.array(text).max(100).optional().describe('URLs that the load is meant for'),
    env: z.record(z.string(), z.string()).optional().describe('variables of __ENV'),
    traffic: z
      .strictObject({
        usersPerDay: positive.optional(),
        sessionsPerUser: positive.optional(),
        session: duration.optional(),
        thinkTime: duration.optional(),
        responseTime: duration.optional(),
        peakFactor: z.number().min(1).optional(),
        peakRps: positive.optional(),
        requestsPerJourney: z.int().min(1).optional(),
      })
      .optional()
      .describe('expected use, from which the scenarios were computed'),
    environment: z
      .strictObject({
        cores: pair(positive).optional(),
        memory: pair(size).optional(),
        replicas: pair(positive).optional(),
        dataRows: pair(positive).optional(),
        scalingFactor: positive.optional(),
      })
      .optional()
      .describe('how like production the tested environment is'),
    slo: z
      .strictObject({
        p95: duration.optional(),
        p99: duration.optional(),
        availability: z
          .string()
          .regex(/^(100|\d{1,2}(\.\d+)?)\s*%$/, 'a share such as 99.9%')
          .optional(),
      })
      .optional()
      .describe('service level objectives, judged as thresholds'),
    scenarios: z.record(z.string(), z.unknown()).optional().describe("k6's scenarios"),
    options: z.record(z.string(), z.unknown()).optional().describe("k6's other options"),
    observe: z.array(text).max(50).optional().describe('services to watch, as --observe'),
    targetCommand: text.optional().describe('starts the target, as --target-cmd'),
    profile: text.optional().describe('profiles to take, as --profile'),
    data: z
      .strictObject({ rows: z.record(z.string(), positive).optional() })
      .optional()
      .describe("rows by table in production, for checkpoint 'test-data'"),
    allow: z.array(text).max(100).optional().describe('third parties that the load may reach'),
  })
  .describe('A plan of perfwright: perfwright run plan.yaml')

/** For editors: JSON Schema, draft 2020-12. */
export function planJsonSchema(): object {
  return z.toJSONSchema(planSchema, { io: 'input' })
}

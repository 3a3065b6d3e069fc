/** What `findings.json` and `analysis.json` may be, checked on every read. */
import { z } from 'zod'
import type { Analysis } from './analysis.js'
import { type Finding, findingKinds } from './findings.js'

const text = z.string().max(65_536)
const number = z.number()
const maybe = number.nullable()
const ratio = z.number().min(0).max(1)
const stretch = { fromS: number, toS: number }

const advice = z.object({
  changes: z.array(
    z.object({
      form: z.enum(['statement', 'patch', 'code', 'setting']),
      language: text,
      text,
      undo: text.optional(),
      file: text.optional(),
      line: number.optional(),
    }),
  ),
  gain: z
    .object({
      metric: text,
      unit: text,
      before: number,
      after: number,
      afterLow: maybe,
      afterHigh: maybe,
      basis: z.enum(['measured', 'estimated']),
      how: text,
    })
    .nullable(),
  costs: z.array(text),
  verification: z.object({ state: z.enum(['observed', 'predicted', 'verified', 'refuted']), how: text }),
})

const finding = z.object({
  id: text.min(1),
  kind: z.enum(findingKinds),
  severity: z.enum(['info', 'warning', 'critical']),
  confidence: ratio,
  title: text,
  where: z.object({
    function: text.optional(),
    file: text.optional(),
    line: number.optional(),
    sql: text.optional(),
    endpoint: text.optional(),
    resource: text.optional(),
    host: text.optional(),
  }),
  evidence: z.array(
    z.object({
      text,
      source: text,
      value: number.optional(),
      unit: text.optional(),
      threshold: number.optional(),
      fromS: number.optional(),
      toS: number.optional(),
    }),
  ),
  fix: text,
  prove: text,
  rule: text,
  share: ratio.nullable(),
  advice: advice.optional(),
})

export const findingsSchema: z.ZodType<Finding[]> = z.array(finding) as unknown as z.ZodType<Finding[]>

const analysis = z.object({
  analysisVersion: z.literal(1),
  testType: z.enum(['smoke', 'load', 'stress', 'soak', 'spike', 'breakpoint']).nullable(),
  stages: z.array(
    z.object({
      ...stretch,
      scenario: text,
      kind: z.enum(['ramp-up', 'steady', 'ramp-down', 'spike', 'step']),
      target: number,
      unit: z.enum(['VUs', 'iterations/s']),
    }),
  ),
  steady: z.object(stretch).nullable(),
  warmupS: maybe,
  answer: z.object({ question: text, verdict: z.enum(['yes', 'no', 'cannot-tell']), because: z.array(text) }),
  objectives: z.array(
    z.object({
      name: text,
      endpoint: text.nullable(),
      metric: text,
      target: text,
      value: maybe,
      unit: text,
      low: maybe,
      high: maybe,
      count: number,
      verdict: z.enum(['met', 'missed', 'unsure', 'no-data']),
    }),
  ),
  badWindows: z.array(
    z.object({
      ...stretch,
      symptom: z.enum(['latency', 'errors', 'throughput']),
      endpoint: text.nullable(),
      value: number,
      usual: number,
      unit: text,
      moved: z.array(
        z.object({ source: text, before: number, during: number, correlation: number, lagS: number, q: number }),
      ),
    }),
  ),
  capacity: z
    .object({
      points: z.array(z.object({ load: number, throughputPerS: number, p95Ms: maybe, errorRatio: number })),
      loadUnit: z.enum(['VUs', 'iterations/s', 'in flight']),
      knee: z.enum(['reached', 'not-reached', 'cannot-tell']),
      at: maybe,
      low: maybe,
      high: maybe,
      throughputPerS: maybe,
      usl: z.object({ lambda: number, sigma: number, kappa: number, peakLoad: maybe, r2: number }).nullable(),
      saturatedFirst: text.nullable(),
      failureMode: z.enum(['errors', 'latency', 'throughput-collapse', 'none']),
      littlesLawRatio: maybe,
      note: text,
    })
    .nullable(),
  trends: z.array(
    z.object({
      source: text,
      unit: text,
      slopePerH: number,
      low: number,
      high: number,
      p: number,
      verdict: z.enum(['grows', 'shrinks', 'steady', 'run-longer']),
      detectablePerH: maybe,
      exhaustionH: maybe,
      note: text,
    }),
  ),
  recovery: z
    .object({
      spike: z.object(stretch),
      baselineP95Ms: maybe,
      peakP95Ms: maybe,
      errorsDuring: number,
      recoveredAfterS: maybe,
      backlogMax: maybe,
      backToBaseline: z.boolean(),
    })
    .nullable(),
  errors: z.array(
    z.object({
      cause: text,
      count: number,
      share: number,
      endpoints: z.array(text),
      firstS: maybe,
      lastS: maybe,
      example: z.object({ request: text.nullable(), response: text.nullable() }).nullable(),
    }),
  ),
  checkpoints: z.array(
    z.object({
      id: z.enum(['test-data', 'injector', 'third-parties']),
      verdict: z.enum(['ok', 'warning', 'failed', 'not-checked']),
      text,
      details: z.array(text),
    }),
  ),
  caveats: z.array(text),
})

export const analysisSchema: z.ZodType<Analysis> = analysis

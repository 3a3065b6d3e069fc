/**
 * The one declaration of what a `run.json` may be, checked on every read. Loaded with the first record that is read:
 * the writer, which is on the way of a run's start, does without it.
 */
import { z } from 'zod'
import type { CheckGroup, RunFile, RunHeader } from './types.js'

const text = z.string().max(65_536)
const count = z.int().min(0)
/** JSON has no infinity: the writer puts a word. */
const number: z.ZodType<number> = z.union([
  z.number(),
  z.enum(['Infinity', '-Infinity', 'NaN']).transform((word) => Number(word)),
])

const header = {
  id: text.min(1),
  name: text,
  testType: text.nullable(),
  tool: z.object({ name: text, version: text }),
  engine: z.object({ name: text, version: text }),
  script: z.object({
    path: text,
    sha256: text,
    sources: z.array(z.object({ url: text, sha256: text, bytes: count })),
  }),
  options: z.record(z.string(), z.unknown()),
  commandLine: z.array(z.string()),
  environment: z.object({
    hosts: z.array(
      z.object({
        name: text,
        role: z.enum(['injector', 'target']),
        cores: count.nullable(),
        cpuModel: text.nullable(),
        memoryBytes: count.nullable(),
        os: text.nullable(),
        arch: text.nullable(),
        runtimes: z.record(z.string(), text),
      }),
    ),
    git: z.object({ commit: text, branch: text.nullable() }).nullable(),
    scalingFactor: number.nullable(),
  }),
  writer: z.object({ host: text, pid: count }),
  startedUnixMs: z.number(),
}

const checkGroup: z.ZodType<CheckGroup> = z.object({
  name: z.string(),
  path: z.string(),
  checks: z.array(z.object({ name: z.string(), passes: count, fails: count })),
  get groups() {
    return z.array(checkGroup)
  },
})

const lag = z.object({ med: number, p95: number, p99: number, max: number })

export const runHeaderSchema: z.ZodType<RunHeader> = z.object(header)

export const runFileSchema: z.ZodType<RunFile> = z.object({
  formatVersion: z.literal(1),
  state: z.enum(['running', 'finished']),
  ...header,
  endedUnixMs: z.number().nullable(),
  durationNs: z.number().min(0).nullable(),
  scenarios: z.array(
    z.object({
      name: text,
      executor: text,
      asked: count.nullable(),
      sent: count,
      dropped: count,
      startLagMs: lag.nullable(),
    }),
  ),
  thresholds: z.array(
    z.object({
      metric: text,
      source: text,
      abortOnFail: z.boolean(),
      ok: z.boolean().nullable(),
      value: number.nullable(),
    }),
  ),
  checks: checkGroup.nullable(),
  summary: z
    .object({
      metrics: z.array(
        z.object({
          name: z.string(),
          type: z.enum(['counter', 'gauge', 'rate', 'trend']),
          contains: z.enum(['default', 'time', 'data']),
          unit: z.enum(['ms', 'bytes', '1']),
          own: z.boolean(),
          count,
          relativeError: z.number().min(0).nullable(),
          values: z.record(z.string(), number),
        }),
      ),
    })
    .nullable(),
  trust: z
    .object({ verdict: z.enum(['trustworthy', 'doubtful', 'not-trustworthy']), reasons: z.array(z.string()) })
    .nullable(),
  exit: z.object({ code: z.int(), reason: z.string().nullable() }).nullable(),
  missing: z.array(z.object({ what: z.string(), why: z.string() })),
  written: z.object({ windows: count, events: count }).nullable(),
})

/** `$.scenarios[0].sent: what is wrong`, one line a problem. */
export function problemsOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const at = path.map((key) =>
      typeof key === 'number'
        ? `[${key}]`
        : /^\w+$/.test(String(key))
          ? `.${String(key)}`
          : `[${JSON.stringify(String(key))}]`,
    )
    return `$${at.join('')}: ${message}`
  })
}

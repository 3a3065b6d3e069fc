/** The file that describes a stand-in. */
import { z } from 'zod'
import { readYaml } from '#plan/read-yaml.js'
import { invalidMock } from './errors.js'
import type { Latency } from './latency.js'

export interface MockFile {
  readonly mock: 1
  /** Names that it stands in for: go into its certificate and into what it prints. */
  readonly hosts?: readonly string[] | undefined
  readonly seed?: number | undefined
  /** Of routes that have none of their own. */
  readonly latency?: Latency | undefined
  readonly routes: readonly MockRoute[]
}

export interface MockRoute {
  /** `POST /v1/charges/{id}`; `*` as the method takes any, `/**` at the end any rest. */
  readonly request: string
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Text, or JSON; both with `{{path.id}}`, `{{query.x}}`, `{{body.a.b}}`, `{{seq}}`, `{{uuid}}`, `{{now}}`, `{{random 1 9}}`. */
  readonly body?: unknown
  readonly latency?: Latency | undefined
  readonly errors?: { readonly rate: number; readonly status?: number | undefined; readonly body?: unknown } | undefined
  readonly limit?:
    | { readonly perS: number; readonly burst?: number | undefined; readonly status?: number | undefined }
    | undefined
}

const duration = z.string().regex(/^(0|(\d+(\.\d+)?(µs|us|ms|s|m|h))+)$/, 'a time such as 20ms or 1.5s')
const latency: z.ZodType<Latency> = z
  .union(
    [
      duration,
      z.strictObject({ uniform: z.tuple([duration, duration]) }),
      z.strictObject({ mean: duration, sd: duration }),
      z.strictObject({ median: duration, p99: duration }),
      z.strictObject({ recorded: z.array(z.number().min(0)).min(1).max(10_000) }),
    ],
    {
      error: () =>
        'a latency is 20ms, { uniform: [10ms, 30ms] }, { mean: 20ms, sd: 5ms }, { median: 20ms, p99: 200ms } or { recorded: [12.1, 14] }',
    },
  )
  .readonly() as z.ZodType<Latency>
const status = z.int().min(200).max(599)

const mockSchema: z.ZodType<MockFile> = z.strictObject({
  mock: z.literal(1),
  hosts: z.array(z.string().min(1).max(253)).max(100).optional(),
  seed: z.int().optional(),
  latency: latency.optional(),
  routes: z
    .array(
      z.strictObject({
        request: z.string().regex(/^(\*|[A-Z]{1,20}) \/\S*$/, 'a method and a path such as GET /v1/charges/{id}'),
        status: status.optional(),
        headers: z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/)).optional(),
        body: z.unknown().optional(),
        latency: latency.optional(),
        errors: z
          .strictObject({ rate: z.number().min(0).max(1), status: status.optional(), body: z.unknown().optional() })
          .optional(),
        limit: z
          .strictObject({
            perS: z.number().positive(),
            burst: z.number().min(1).optional(),
            status: status.optional(),
          })
          .optional(),
      }),
    )
    .min(1)
    .max(10_000),
})

/** @throws PW_MOCK_INVALID, which lists every problem with its line */
export function readMock(text: string, name: string): MockFile {
  return readYaml(text, name, mockSchema, invalidMock).value
}

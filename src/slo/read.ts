/** Reads OpenSLO v1 (several documents in a file, indicators beside or inside) and Sloth's `prometheus/v1`. */
import { isMap, LineCounter, parseAllDocuments, type Document } from 'yaml'
import { z } from 'zod'
import { parseExpression } from '#gate/expression.js'
import { parseSelector } from '#metrics/index.js'
import { invalidSlo } from './errors.js'
import { guessThreshold } from './guess-threshold.js'
import {
  type Alerting,
  type Indicator,
  type LoadThreshold,
  type Slo,
  type SloFile,
  THRESHOLD_ANNOTATION,
} from './model.js'

const maxChars = 1024 * 1024
const maxSlos = 1000

/** @throws PW_SLO_INVALID with every mistake and its line */
export function readSlos(text: string, name: string): SloFile {
  if (text.length > maxChars) throw invalidSlo([`${name}: the file is longer than 1 MiB`], name)
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, logLevel: 'silent' }) as Document[]
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const problems: string[] = []
  const parts: Part[] = []
  for (const document of documents) {
    for (const { message, pos } of document.errors) problems.push(`${at(pos[0])}: ${message.split('\n')[0]}`)
    if (document.errors.length > 0 || document.contents === null) continue
    const place = (path: readonly PropertyKey[]): string => at(offsetOf(document, path))
    try {
      parts.push({ value: document.toJS({ maxAliasCount: 100 }) as unknown, place })
    } catch (error) {
      problems.push(`${at(document.contents.range?.[0] ?? 0)}: ${(error as Error).message}`)
    }
  }
  const read = new Reader(problems)
  for (const part of parts) read.take(part)
  const file = read.finish()
  if (problems.length > 0) throw invalidSlo(problems, name)
  if (file.slos.length === 0)
    throw invalidSlo([`${name}: there is no SLO in it (OpenSLO v1 or Sloth prometheus/v1)`], name)
  if (file.slos.length > maxSlos) throw invalidSlo([`${name}: more than ${maxSlos} SLOs`], name)
  return file
}

interface Part {
  readonly value: unknown
  readonly place: (path: readonly PropertyKey[]) => string
}

const words = z.record(z.string(), z.coerce.string())
const dnsName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'a name of small letters, digits and dashes')
  .max(120)
const metricSource = z.looseObject({
  metricSource: z.looseObject({ type: z.string().optional(), spec: z.looseObject({ query: z.string().max(8192) }) }),
})
const indicatorSpec = z.looseObject({
  ratioMetric: z
    .looseObject({ good: metricSource.optional(), bad: metricSource.optional(), total: metricSource })
    .refine((ratio) => (ratio.good === undefined) !== (ratio.bad === undefined), 'either good or bad, beside total')
    .optional(),
  thresholdMetric: metricSource.optional(),
})
const sli = z.looseObject({ metadata: z.looseObject({ name: z.string() }), spec: indicatorSpec })
const target = z.number().gt(0, 'a share above 0').lt(1, 'a share below 1: 0.999 for 99.9 % (100 % leaves no budget)')
const openSlo = z.looseObject({
  metadata: z.looseObject({
    name: dnsName,
    displayName: z.string().optional(),
    labels: z.record(z.string(), z.unknown()).optional(),
    annotations: words.optional(),
  }),
  spec: z.looseObject({
    service: z.string().min(1),
    description: z.string().optional(),
    indicator: z.looseObject({ metadata: z.looseObject({}).optional(), spec: indicatorSpec }).optional(),
    indicatorRef: z.string().optional(),
    timeWindow: z
      .array(z.looseObject({ duration: z.string().regex(/^\d+[dwhM]$/, 'a time such as 30d, 4w or 720h') }))
      .max(1)
      .optional(),
    budgetingMethod: z.enum(['Occurrences', 'Timeslices', 'RatioTimeslices']).optional(),
    objectives: z
      .array(
        z.looseObject({
          displayName: z.string().optional(),
          target: target.optional(),
          targetPercent: z.number().gt(0).lt(100, 'below 100 (100 % leaves no budget)').optional(),
          op: z.enum(['lt', 'lte', 'gt', 'gte']).optional(),
          value: z.number().optional(),
        }),
      )
      .min(1)
      .max(20),
  }),
})
const alertDetails = z.looseObject({
  disable: z.boolean().optional(),
  labels: words.optional(),
  annotations: words.optional(),
})
const sloth = z.looseObject({
  version: z.literal('prometheus/v1'),
  service: z.string().min(1),
  labels: words.optional(),
  slos: z
    .array(
      z.looseObject({
        name: dnsName,
        objective: z.number().gt(0).lt(100, 'below 100 (100 % leaves no budget)'),
        description: z.string().optional(),
        labels: words.optional(),
        sli: z.looseObject({
          events: z.looseObject({ error_query: z.string().max(8192), total_query: z.string().max(8192) }).optional(),
          raw: z.looseObject({ error_ratio_query: z.string().max(8192) }).optional(),
        }),
        alerting: z
          .looseObject({
            name: z.string().optional(),
            labels: words.optional(),
            annotations: words.optional(),
            page_alert: alertDetails.optional(),
            ticket_alert: alertDetails.optional(),
          })
          .optional(),
      }),
    )
    .max(maxSlos),
})

class Reader {
  readonly #problems: string[]
  readonly #slis = new Map<string, z.infer<typeof indicatorSpec>>()
  readonly #open: { readonly part: Part; readonly value: z.infer<typeof openSlo> }[] = []
  readonly #slos: Slo[] = []
  #service = ''
  #labels: Readonly<Record<string, string>> = {}

  constructor(problems: string[]) {
    this.#problems = problems
  }

  take(part: Part): void {
    const { kind, version, apiVersion } = (part.value ?? {}) as Record<string, unknown>
    if (typeof version === 'string') return this.#takeSloth(part)
    if (typeof apiVersion !== 'string' || !apiVersion.startsWith('openslo/')) {
      this.#problems.push(`${part.place([])}: neither "apiVersion: openslo/v1" nor "version: prometheus/v1"`)
    } else if (apiVersion !== 'openslo/v1') {
      this.#problems.push(`${part.place(['apiVersion'])}: there is no reader for ${apiVersion}; openslo/v1 is read`)
    } else if (kind === 'SLI') {
      const value = this.#check(sli, part)
      if (value !== undefined) this.#slis.set(value.metadata.name, value.spec)
    } else if (kind === 'SLO') {
      const value = this.#check(openSlo, part)
      if (value !== undefined) this.#open.push({ part, value })
    }
    // Service, AlertPolicy and the like say nothing that is judged here.
  }

  finish(): SloFile {
    for (const { part, value } of this.#open) this.#slos.push(...this.#fromOpen(part, value))
    const seen = new Set<string>()
    for (const { name, place } of this.#slos) {
      if (seen.has(name)) this.#problems.push(`${place}: there is another SLO "${name}"`)
      seen.add(name)
    }
    return { service: this.#service, labels: this.#labels, slos: this.#slos }
  }

  #check<T>(schema: z.ZodType<T>, { value, place }: Part): T | undefined {
    const read = schema.safeParse(value)
    if (read.success) return read.data
    for (const { path, message } of read.error.issues.slice(0, 50)) {
      const label = path.map(String).join('.')
      this.#problems.push(`${place(path)}: ${label === '' ? '' : `${label}: `}${message}`)
    }
    return undefined
  }

  #fromOpen(part: Part, { metadata, spec }: z.infer<typeof openSlo>): Slo[] {
    this.#service ||= spec.service
    const source = spec.indicator?.spec ?? this.#slis.get(spec.indicatorRef ?? '')
    if (spec.indicatorRef !== undefined && source === undefined)
      this.#problems.push(`${part.place(['spec', 'indicatorRef'])}: there is no SLI "${spec.indicatorRef}" in the file`)
    return spec.objectives.map((objective, i): Slo => {
      const place = part.place(['spec', 'objectives', i])
      const level = source?.thresholdMetric
      const promised =
        objective.target ?? (objective.targetPercent === undefined ? undefined : objective.targetPercent / 100)
      // A level with no share of time is to hold always: it is judged as a whole and has no budget.
      if (promised === undefined && level === undefined) this.#problems.push(`${place}: target is missing`)
      const name = spec.objectives.length === 1 ? metadata.name : `${metadata.name}-${i + 1}`
      const indicator = indicatorOf(source, objective)
      const goal = promised ?? 1
      const annotations = metadata.annotations ?? {}
      const written = annotations[THRESHOLD_ANNOTATION]
      return {
        name,
        title: objective.displayName ?? metadata.displayName ?? name,
        description: spec.description ?? '',
        target: goal,
        windowDays: daysOf(spec.timeWindow?.[0]?.duration ?? '30d'),
        indicator,
        threshold: written === undefined ? guessThreshold(indicator, goal) : this.#threshold(written, part),
        annotations,
        alerting: { name: camel(name), page: bare, ticket: bare },
        place: part.place(['metadata', 'name']),
      }
    })
  }

  #threshold(text: string, part: Part): LoadThreshold | undefined {
    const parsed = parseLoadThreshold(text)
    if ('problem' in parsed) {
      this.#problems.push(`${part.place(['metadata', 'annotations', THRESHOLD_ANNOTATION])}: ${parsed.problem}`)
      return undefined
    }
    return parsed
  }

  #takeSloth(part: Part): void {
    const value = this.#check(sloth, part)
    if (value === undefined) return
    this.#service ||= value.service
    this.#labels = { ...this.#labels, ...value.labels }
    value.slos.forEach((one, i) => {
      const place = part.place(['slos', i])
      const { events, raw } = one.sli
      if ((events === undefined) === (raw === undefined))
        this.#problems.push(`${part.place(['slos', i, 'sli'])}: sli wants either events or raw`)
      const indicator: Indicator | undefined =
        events === undefined
          ? raw && { kind: 'error-ratio', query: raw.error_ratio_query }
          : { kind: 'bad', events: events.error_query, total: events.total_query }
      const goal = Number((one.objective / 100).toPrecision(12))
      this.#slos.push({
        name: one.name,
        title: one.name,
        description: one.description ?? '',
        target: goal,
        windowDays: 30,
        indicator,
        threshold: guessThreshold(indicator, goal),
        annotations: {},
        alerting: slothAlerting(one.alerting, one.name),
        place,
      })
    })
  }
}

/** `http_req_duration{name:GET /cart}: p(95)<200` */
export function parseLoadThreshold(text: string): LoadThreshold | { readonly problem: string } {
  const [, metric = '', source = ''] = /^\s*([^\s{:]+(?:\{[^}]*\})?)\s*:\s*(.+?)\s*$/.exec(text) ?? []
  if (metric === '')
    return { problem: `${JSON.stringify(text)} is no threshold such as "http_req_duration: p(95)<200"` }
  try {
    parseSelector(metric)
  } catch (error) {
    return { problem: (error as Error).message }
  }
  const expression = parseExpression(source)
  return 'problem' in expression ? { problem: expression.problem } : { metric, source }
}

function indicatorOf(
  source: z.infer<typeof indicatorSpec> | undefined,
  {
    op = 'gte',
    value = 0,
  }: { readonly op?: 'lt' | 'lte' | 'gt' | 'gte' | undefined; readonly value?: number | undefined },
): Indicator | undefined {
  const query = (one: z.infer<typeof metricSource>): string => one.metricSource.spec.query
  if (source?.thresholdMetric !== undefined) return { kind: 'level', query: query(source.thresholdMetric), op, value }
  const ratio = source?.ratioMetric
  if (ratio === undefined) return undefined
  const { good, bad, total } = ratio
  if (good !== undefined) return { kind: 'good', events: query(good), total: query(total) }
  return bad && { kind: 'bad', events: query(bad), total: query(total) }
}

const bare = { labels: {}, annotations: {} }

function slothAlerting(
  given: NonNullable<z.infer<typeof sloth>['slos'][number]['alerting']> | undefined,
  name: string,
): Alerting {
  // As Sloth has it: an SLO that says nothing of alerting has alerts of its own name.
  const details = (one: z.infer<typeof alertDetails> | undefined): Alerting['page'] =>
    one?.disable === true
      ? null
      : {
          labels: { ...given?.labels, ...one?.labels },
          annotations: { ...given?.annotations, ...one?.annotations },
        }
  return { name: given?.name ?? camel(name), page: details(given?.page_alert), ticket: details(given?.ticket_alert) }
}

function camel(name: string): string {
  return name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter: string) => letter.toUpperCase())
}

function daysOf(duration: string): number {
  const count = Number.parseInt(duration, 10)
  return { h: count / 24, d: count, w: count * 7, M: count * 30 }[duration.at(-1) ?? 'd'] ?? count
}

/** Where a value stands, or the nearest thing that would hold it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined
    if (node?.range?.[0] !== undefined) return node.range[0]
  }
  return (isMap(document.contents) ? document.contents.range?.[0] : 0) ?? 0
}

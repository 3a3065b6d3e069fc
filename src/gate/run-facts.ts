/** What comparisons over runs need of a record: numbers, and whether two runs may be compared at all. */
import { createHash } from 'node:crypto'
import type { MetricTotal, RunHost, RunRecord } from '#record/index.js'

/** One number of a run. */
export interface RunValue {
  /** `http_req_duration p95`, with `{name:/cart}` where it is a part. */
  readonly name: string
  readonly unit: 'ms' | 'ratio' | '1/s'
  /** Which way is good. */
  readonly better: 'lower' | 'higher'
  readonly value: number
  /** Samples behind it. */
  readonly count: number
}

/** Kept in baselines and in the history, so that they outlive the record. */
export interface RunFacts {
  readonly id: string
  readonly name: string
  readonly startedUnixMs: number
  readonly commit: string | null
  /** Of the machine: only runs of equal ones are compared. */
  readonly machine: string
  /** The same in words. */
  readonly machineText: string
  readonly script: string
  /** Script and load: only equal ones ask the same question. */
  readonly test: string
  readonly trust: 'trustworthy' | 'doubtful' | 'not-trustworthy' | null
  readonly finished: boolean
  readonly values: readonly RunValue[]
}

const quantiles = [
  ['med', 'p50'],
  ['p(95)', 'p95'],
  ['p(99)', 'p99'],
] as const
/** A quantile with fewer values beyond it says nothing. */
const valuesBeyond = 20
const endpointsKept = 40
/** Parts of `http_req_duration`, often a few microseconds, and the metric of the successful ones, which is nearly the whole. */
const passedOver = /^http_req_(blocked|connecting|tls_handshaking|sending|waiting|receiving)|\{expected_response:true\}/

export async function runFacts(record: RunRecord): Promise<RunFacts> {
  const { run, totals } = record
  const values = totals.metrics.filter(({ own, name }) => !own && !passedOver.test(name)).flatMap(valuesOf)
  return {
    id: record.id,
    name: run.name,
    startedUnixMs: run.startedUnixMs,
    commit: run.environment.git?.commit ?? null,
    machine: machineOf(run.environment.hosts),
    machineText: run.environment.hosts.map(hostText).join('; '),
    script: run.script.path,
    test: hash({ script: run.script.sha256, load: run.options['scenarios'] ?? null }),
    trust: run.trust?.verdict ?? null,
    finished: record.state === 'finished',
    values: [...values, ...(await endpointValues(record))],
  }
}

function valuesOf(metric: MetricTotal): RunValue[] {
  const { name, type, count, values } = metric
  if (count === 0) return []
  if (type === 'trend') {
    return quantiles.flatMap(([key, label]) => {
      const share = label === 'p50' ? 0.5 : Number(label.slice(1)) / 100
      const value = values[key]
      if (value === undefined || count * (1 - share) < valuesBeyond) return []
      return [{ name: `${name} ${label}`, unit: 'ms' as const, better: 'lower' as const, value, count }]
    })
  }
  if (type === 'rate' && name.startsWith('http_req_failed') && values['rate'] !== undefined)
    return [{ name, unit: 'ratio', better: 'lower', value: values['rate'], count }]
  if (type === 'rate' && name === 'checks' && values['rate'] !== undefined)
    return [{ name, unit: 'ratio', better: 'higher', value: values['rate'], count }]
  if ((name === 'http_reqs' || name === 'iterations') && values['rate'] !== undefined)
    return [{ name: `${name} rate`, unit: '1/s', better: 'higher', value: values['rate'], count }]
  return []
}

async function endpointValues(record: RunRecord): Promise<RunValue[]> {
  const parts = await record.totalsOf({ metric: 'http_req_duration', by: ['name'] })
  return parts
    .filter(({ tags, sink }) => tags['name'] !== undefined && sink.count * 0.5 >= valuesBeyond)
    .sort((a, b) => b.sink.count - a.sink.count)
    .slice(0, endpointsKept)
    .flatMap(({ tags, sink }) =>
      ([0.5, 0.95] as const).flatMap((q) => {
        const value = sink.sketch.quantile(q)
        if (value === undefined || sink.count * (1 - q) < valuesBeyond) return []
        const name = `http_req_duration{name:${tags['name'] as string}} p${q * 100}`
        return [{ name, unit: 'ms' as const, better: 'lower' as const, value, count: sink.count }]
      }),
    )
}

function machineOf(hosts: readonly RunHost[]): string {
  return hash(
    hosts.map(({ role, cores, cpuModel, memoryBytes, arch }) => [role, cores, cpuModel, gigabytes(memoryBytes), arch]),
  )
}

function hostText({ role, cores, cpuModel, memoryBytes }: RunHost): string {
  return `${role}: ${cores ?? '?'} cores of ${cpuModel ?? 'an unknown CPU'}, ${gigabytes(memoryBytes) ?? '?'} GB`
}

/** Kernels of the same machine differ by some megabytes. */
function gigabytes(bytes: number | null): number | null {
  return bytes === null ? null : Math.round(bytes / 1e9)
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

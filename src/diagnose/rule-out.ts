/** What one finding takes away from another: a symptom is not told beside the fault that explains it. */
import type { Finding, FindingKind } from '#record/findings.js'
import type { RunFacts } from './facts.js'

/** Of one statement, the cause is told and not the slowness that it makes. */
const explainsStatement: readonly FindingKind[] = [
  'missing-index',
  'offset-pagination',
  'cacheable-read',
  'database-lock',
  'n-plus-one',
]
/** Requests that are seen standing in a queue of the target's own. */
const queues: readonly FindingKind[] = ['pool-exhausted', 'lock-contention', 'database-lock']
/** Rest on latency as the injector saw it. */
const restOnLatency: ReadonlySet<FindingKind> = new Set([
  'network-latency',
  'network-bandwidth',
  'slow-dependency',
  'pool-exhausted',
  'capacity-knee',
  'cold-start',
  'degrades-over-time',
  'no-recovery',
])
/**
 * Others that hold the cores stretch what is measured on the wall clock. CPU time of the target's own they cannot add to
 * (app-cpu), and the rule for the event loop asks by itself who held it.
 */
const restOnCpu: ReadonlySet<FindingKind> = new Set(['gc-pressure', 'capacity-knee', 'degrades-over-time'])

export function ruleOut(
  findings: readonly Finding[],
  facts: RunFacts,
): { readonly findings: readonly Finding[]; readonly caveats: readonly string[] } {
  const caveats: string[] = []
  const { injector, busyWithOthers } = facts.hosts
  let left = withoutExplained(findings, facts)
  if (injector?.sure === true) {
    caveats.push(`Findings that rest on latency alone are only noted: ${injector.text}`)
    left = left.map((one) => (restOnLatency.has(one.kind) ? lowered(one) : one))
  }
  if (busyWithOthers !== undefined) {
    caveats.push(`Findings that rest on CPU without a profile are only noted: ${busyWithOthers.text}.`)
    // A function that a profile shows is hot whoever else is there: its CPU is counted, not its time.
    left = left.map((one) => (restOnCpu.has(one.kind) && one.where.function === undefined ? lowered(one) : one))
  }
  return { findings: left, caveats }
}

function withoutExplained(findings: readonly Finding[], facts: RunFacts): Finding[] {
  const loud = findings.filter(({ severity }) => severity !== 'info')
  const explained = new Set(
    loud.flatMap(({ kind, where }) =>
      explainsStatement.includes(kind) && where.sql !== undefined ? [shapeOf(where.sql)] : [],
    ),
  )
  const has = (kind: FindingKind): boolean => loud.some((one) => one.kind === kind)
  return findings.filter((one) => {
    if (one.kind === 'slow-query') return !explained.has(shapeOf(one.where.sql ?? ''))
    // The statement that reads a whole table to page through it is one fault.
    if (one.kind === 'missing-index') {
      return !loud.some((other) => other.kind === 'offset-pagination' && other.where.sql === one.where.sql)
    }
    if (one.kind === 'cacheable-read') {
      return !loud.some(
        (other) => (other.kind === 'missing-index' || other.kind === 'n-plus-one') && other.where.sql === one.where.sql,
      )
    }
    // Connections to a service that are kept open are no calls to it: what is seen to queue elsewhere explains the wait.
    if (one.kind === 'slow-dependency' && one.where.resource === undefined) {
      return !queues.some((kind) => loud.some((other) => other.kind === kind && (other.share ?? 1) >= 0.5))
    }
    // A driver that is called in a loop takes CPU, and the loop is the fault.
    if (one.kind === 'app-cpu') return !loud.some((other) => other.kind === 'n-plus-one' && isCostOfLoop(one, other))
    // Whoever waits for a lock or a connection makes requests last; the other end of the line is not slow for it.
    // Behind a queue for connections everything lasts.
    if (one.kind === 'slow-dependency' && has('pool-exhausted')) return beyondPool(one, facts)
    if (one.kind === 'network-latency')
      return !has('pool-exhausted') && !has('slow-dependency') && !has('lock-contention')
    return true
  })
}

/** What a call of a database costs a client at most, ms of CPU: drivers in plain Python take 0.1 to 0.3. */
const driverCallMs = 0.5
/** Functions and files through which a database is asked. A driver in machine code has no frames of its own. */
const dataAccess =
  /quer|execut|cursor|fetch|select|sql|postgres|\bpg\b|database|\bdb\b|pool|redis|mongo|connection|repositor|\borm\b/i

function isCostOfLoop(cpu: Finding, loop: Finding): boolean {
  if (cpu.where.endpoint !== undefined && cpu.where.endpoint !== loop.where.endpoint) return false
  if (cpu.where.resource?.startsWith('calls of ') === true) return true
  const [costMs, calls] = [valueIn(cpu, 'ms/request'), valueIn(loop, 'calls/request')]
  if (costMs === undefined || calls === undefined || costMs / calls > driverCallMs) return false
  return cpu.where.function === undefined || dataAccess.test(cpu.where.function.replace(/[._]/g, ' '))
}

function valueIn({ evidence }: Finding, unit: string): number | undefined {
  return evidence.find((one) => one.unit === unit)?.value ?? undefined
}

/** One statement is told with its own parameters by pg_stat_activity and with more of them by pg_stat_statements. */
function shapeOf(sql: string): string {
  return sql
    .replace(/'(?:[^']|'')*'|\$\d+|\b\d+(?:\.\d+)?\b/g, '?')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase()
}

function lowered(finding: Finding): Finding {
  return { ...finding, severity: 'info', confidence: Math.round(finding.confidence * 60) / 100 }
}

/** More calls are out than there are connections in the pool: those do not wait for one. */
function beyondPool({ where }: Finding, facts: RunFacts): boolean {
  const peer = facts.peers.find(({ host }) => host === where.host)
  const pool = Math.max(0, ...facts.peers.filter(({ kind }) => kind === 'database').map(({ usual }) => usual))
  return peer !== undefined && peer.mean > 1.2 * pool
}

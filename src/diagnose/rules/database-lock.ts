import type { Finding } from '#record/findings.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, percent, shortSql } from '../finding.js'
import { mean, shareAbove } from '../measure.js'
import { tablesIn } from '../statements.js'
import { fine, found, notAssessed, type Rule } from './rule.js'

/** Connections that wait for a lock, on average, and in how many of the seconds some does. */
const fewestWaiting = 0.5
const oftenEnough = 0.25

export const databaseLock: Rule = {
  name: 'database-lock',
  kinds: ['database-lock'],
  explains: `Connections that wait for a lock in the database; speaks from ${fewestWaiting} on average when some waits in ${oftenEnough * 100} % of the seconds, and names statement and table from what was seen waiting.`,
  assess(facts) {
    const { observed } = facts.evidence
    const parts = observed.parts.filter((part) => /^(postgres|mysql|mongodb)(-\d+)?$/.test(part))
    if (parts.length === 0) return notAssessed('no database was observed (--observe)')
    const findings = parts.flatMap((part) => assessPart(facts, part))
    return findings.length > 0 ? found(findings, '') : fine('hardly anything waits for locks in the database')
  },
}

function assessPart(facts: RunFacts, part: string): Finding[] {
  const { evidence, mask } = facts
  const { observed } = evidence
  const kind = part.replace(/-\d+$/, '')
  const metric = { postgres: 'waiting_lock', mysql: 'row_lock_wait_ms_per_s', mongodb: 'queued' }[kind] ?? ''
  const series = observed.one(kind, metric, part)
  if (series === undefined) return []
  // Milliseconds waited per second are as many connections that wait, times a thousand.
  const scale = kind === 'mysql' ? 1000 : 1
  const waiting = (mean(series.values, mask) ?? 0) / scale
  const often = shareAbove(series.values, 0.3 * scale, mask) ?? 0
  if (waiting < fewestWaiting || often < oftenEnough) return []
  const waits = evidence.events.filter(({ type, detail }) => type === 'lock-wait' && detail.part === part)
  const worst = waits.toSorted((a, b) => Number(b.detail.ms) - Number(a.detail.ms))[0]?.detail
  const sql = typeof worst?.sql === 'string' ? worst.sql : (suspect(facts, part) ?? '')
  const relation = typeof worst?.relation === 'string' ? worst.relation : tablesIn(sql)[0]
  const share = facts.load.inFlight === 0 ? null : Math.min(1, waiting / facts.load.inFlight)
  const holder = typeof worst?.bySql === 'string' ? worst.bySql : ''
  const isIdle = /idle/.test(String(worst?.byState ?? ''))
  return [
    makeFinding({
      rule: 'database-lock',
      kind: 'database-lock',
      severity: facts.severity(share),
      confidence: waits.length > 0 || kind === 'mysql' ? 0.9 : 0.75,
      title: `${relation === undefined ? 'The database' : `Table ${relation}`}: ${number(waiting)} connections wait for locks at any time${share === null ? '' : `, ${percent(share)} of the requests in flight`}`,
      where: {
        ...(sql === '' ? {} : { sql }),
        resource: relation === undefined ? `${kind} locks` : `${kind} locks on ${relation}`,
      },
      evidence: [
        {
          text: `${number(waiting)} connections waited for a lock on average, some in ${percent(often)} of the seconds`,
          source: series.source,
          value: waiting,
          unit: 'connections',
          threshold: fewestWaiting,
        },
        ...waits.slice(0, 3).map(({ detail, atS }) => ({
          text: `"${shortSql(String(detail.sql), 60)}" waited ${ms(Number(detail.ms) || 0)} for ${shortSql(String(detail.lock ?? 'a lock'), 40)}${detail.relation === undefined ? '' : ` on ${String(detail.relation)}`}, held by a connection that is ${String(detail.byState ?? '')} after "${shortSql(String(detail.bySql ?? ''), 60)}"`,
          source: 'events lock-wait',
          value: Number(detail.ms) || 0,
          unit: 'ms',
          fromS: Math.max(0, atS),
        })),
      ],
      fix: isIdle
        ? `The lock is held by a transaction that does nothing (last: "${shortSql(holder, 80)}"): do what is slow (calls to other services, computing) before the transaction or after its commit.`
        : 'Make the transactions that write these rows shorter, touch the hot row last, or spread it (counters by shard, an append-only table that is summed).',
      prove: facts.prove('database-lock'),
      share,
    }),
  ]
}

/** Without a wait that was seen: the writing statement with most time. */
function suspect(facts: RunFacts, part: string): string | undefined {
  return facts.statements.find((one) => one.part === part && /\b(update|delete|for update|insert)\b/i.test(one.sql))
    ?.sql
}

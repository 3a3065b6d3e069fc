import { blameOf } from '../blame.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, number, percent } from '../finding.js'
import { mean } from '../measure.js'
import type { ObservedSeries } from '../observed-table.js'
import { placeOf, placeText, profileEvidence } from './app-cpu.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Threads or goroutines that wait for a lock at any time, and their share of the requests in flight. */
const fewestWaiting = 1
const leastShare = 0.25

export const lockContention: Rule = {
  name: 'lock-contention',
  kinds: ['lock-contention'],
  explains: `Goroutines and Python threads seen waiting for a lock (stacks), and Go's mutex profile: ${fewestWaiting} and more at any time, ${leastShare * 100} % of the requests in flight. Python threads that queue for the interpreter lock are only noted: that is CPU.`,
  async assess(facts) {
    const { observed } = facts.evidence
    const parts = observed.parts.filter((part) => /^(go|python)(-\d+)?$/.test(part))
    if (parts.length === 0)
      return notAssessed('waits for locks were not observed (a Go or Python target, --target-pid)')
    const findings = []
    for (const part of parts) findings.push(...(await assessPart(facts, part)))
    return found(findings, 'hardly anything waits for locks')
  },
}

async function assessPart(facts: RunFacts, part: string): Promise<ReturnType<typeof makeFinding>[]> {
  const { evidence, mask, load } = facts
  const { observed } = evidence
  const kind = part.replace(/-\d+$/, '')
  const stacks = observed
    .list(kind, kind === 'go' ? 'goroutines_at' : 'threads_waiting', part)
    .filter(({ tags }) => tags.waits === 'lock' && !isServerIdle(tags.function ?? ''))
    .map((series) => ({ series, waiting: meanWithZeros(facts, series) }))
    .sort((a, b) => b.waiting - a.waiting)
  const seen = stacks.reduce((sum, { waiting }) => sum + waiting, 0)
  const mutex = observed.one('go', 'mutex_wait_ms_per_s', part)
  const counted = (mean(mutex?.values, mask) ?? 0) / 1000
  const waiting = kind === 'go' ? Math.max(seen, counted) : seen
  const share = load.inFlight === 0 ? 0 : waiting / load.inFlight
  if (waiting < fewestWaiting || share < leastShare) return gilNote(facts, part)
  const profile = await blameOf(evidence.profiles, ['lock', 'mutex', 'block'])
  const hot = profile?.blames.find((one) => one.share >= 0.3)
  const [top] = stacks
  const place = hot === undefined ? (top === undefined ? undefined : functionOf(top.series)) : placeOf(hot)
  const [endpoint] = facts.endpoints
  const isOnly = endpoint !== undefined && endpoint.requestsPerS > 0.9 * load.requestsPerS
  return [
    makeFinding({
      rule: 'lock-contention',
      kind: 'lock-contention',
      severity: facts.severity(Math.min(1, share)),
      confidence: seen >= fewestWaiting ? 0.9 : 0.75,
      title: `${number(waiting)} ${kind === 'go' ? 'goroutines' : 'threads'} wait for a lock at any time${place === undefined ? '' : `, most of them in ${place.function}${hot === undefined ? '' : placeText(hot)}`}: ${percent(Math.min(1, share))} of the requests in flight`,
      where: { ...(place ?? { resource: `${kind} locks` }), ...(isOnly ? { endpoint: endpoint.name } : {}) },
      evidence: [
        ...(top === undefined
          ? []
          : [
              {
                text: `${number(seen)} were seen waiting for a lock on average, ${number(top.waiting)} of them in ${top.series.tags.function ?? ''}`,
                source: top.series.source,
                value: seen,
                unit: 'waiting',
                threshold: Math.max(fewestWaiting, leastShare * load.inFlight),
              },
            ]),
        ...(mutex === undefined
          ? []
          : [
              {
                text: `the mutex profile counts ${number(counted)} s of waiting per second`,
                source: mutex.source,
                value: counted,
                unit: 's/s',
              },
            ]),
        {
          text: `${number(load.inFlight)} requests are in flight; the CPU is ${percent(facts.targets[0]?.cpuUse ?? 0)} busy`,
          source: 'series http_req_duration',
          value: load.inFlight,
          unit: 'requests',
        },
        ...(hot === undefined || profile === undefined ? [] : profileEvidence(profile, hot)),
      ],
      fix: 'Hold the lock only while the shared data is touched: take slow work (I/O, computing) out of it; or divide the data, with a lock for each part.',
      prove: facts.prove('lock-contention'),
      share: Math.min(1, share),
    }),
  ]
}

function gilNote(facts: RunFacts, part: string): ReturnType<typeof makeFinding>[] {
  const { observed } = facts.evidence
  const waiting = mean(observed.one('python', 'gil_waiting_threads', part)?.values, facts.mask) ?? 0
  const held = mean(observed.one('python', 'gil_held_ratio', part)?.values, facts.mask) ?? 0
  if (waiting < 2 || held < 0.8) return []
  return [
    makeFinding({
      rule: 'lock-contention',
      kind: 'lock-contention',
      severity: 'info',
      confidence: 0.7,
      title: `${number(waiting)} Python threads queue for the interpreter lock, which is held in ${percent(held)} of the looks`,
      where: { resource: 'python interpreter lock' },
      evidence: [
        {
          text: `${number(waiting)} threads could run and did not have the lock`,
          source: `observed/${part} gil_waiting_threads`,
          value: waiting,
          unit: 'threads',
          threshold: 2,
        },
      ],
      fix: 'More processes instead of more threads (gunicorn --workers), or less Python per request.',
      prove: facts.prove('lock-contention'),
    }),
  ]
}

/** A place that no look saw has nobody there: the reading is left out, not 0. */
export function meanWithZeros(facts: RunFacts, series: ObservedSeries): number {
  const { evidence, mask } = facts
  const looked = evidence.observed.list(series.kind, series.metric, series.part)
  let [sum, count] = [0, 0]
  for (let i = 0; i < evidence.binCount; i++) {
    if (!mask(i) || !looked.some(({ values }) => !Number.isNaN(values[i]))) continue
    count++
    const value = series.values[i] as number
    if (value === value) sum += value
  }
  return count === 0 ? 0 : sum / count
}

/** `append_under_lock (ledger.py:18)`, `main.bookUnderLock` */
export function functionOf({ tags }: ObservedSeries): { function: string; file?: string; line?: number } {
  const [, name, file, line] = /^(.*?) \(([^()]+):(\d+)\)$/.exec(tags.function ?? '') ?? []
  return name === undefined || file === undefined
    ? { function: tags.function ?? '' }
    : { function: name, file, line: Number(line) }
}

/** Where servers wait for work by a lock or a condition: nobody's request. */
function isServerIdle(name: string): boolean {
  return /\b(worker|_worker|serve_forever|run_forever|accept|idle)\b/i.test(name)
}

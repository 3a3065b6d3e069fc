import { type BlamedProfile, blameOf } from '../blame.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, percent } from '../finding.js'
import type { Column } from '../grid.js'
import { maximum, mean, median, quantile, shareAbove } from '../measure.js'
import { placeOf, placeText, profileEvidence } from './app-cpu.js'
import { found, notAssessed, type Rule } from './rule.js'

/** A loop that serves everybody should not be held this long by one piece of work. */
const longMs = 100
const noticeableMs = 25
/** On a machine that is busy with others, so much CPU a request in one function. */
const heavyMs = 5
/** Of the seconds, for it to be no accident. */
const often = 0.2
/** Part of the busy time that one function must hold to be named. */
const leastShare = 0.15

/** Calls of Node's own that hold the loop until they are done. */
const synchronous = /^(?!.*async).*sync/i

export const eventLoopBlocked: Rule = {
  name: 'event-loop-blocked',
  kinds: ['event-loop-blocked'],
  explains: `Delay of the event loop in Node: longer than ${longMs} ms in ${often * 100} % of the seconds, or ${noticeableMs} ms where a CPU profile shows a synchronous call or a function of the target that holds it, while the loop is not busy all the time (then it is app-cpu) and no collection of garbage explains it.`,
  async assess(facts) {
    const { observed } = facts.evidence
    const parts = observed.parts.filter((part) => /^node(-\d+)?$/.test(part))
    if (parts.length === 0) return notAssessed('no event loop was observed (a Node target, --target-pid)')
    const findings = []
    for (const part of parts) {
      const finding = await assessPart(facts, part)
      if (finding !== undefined) findings.push(finding)
    }
    const most = Math.max(0, ...parts.map((part) => median(lagOf(facts, part), facts.mask) ?? 0))
    return found(findings, `the event loop is held for ${ms(most)} at most in a usual second`)
  },
}

async function assessPart(facts: RunFacts, part: string): Promise<ReturnType<typeof makeFinding> | undefined> {
  const { evidence, mask } = facts
  const { observed } = evidence
  const lag = lagOf(facts, part)
  if (lag === undefined) return undefined
  const utilization = mean(observed.one('node', 'event_loop_utilization_ratio', part)?.values, mask)
  const target = facts.targets.find(({ runtimePart }) => runtimePart === part)
  const gc = observed.one('node', 'gc_max_ms', part)?.values
  const beyondGc = lag.map((value, i) => value - (Number.isNaN(gc?.[i] ?? Number.NaN) ? 0 : (gc?.[i] as number)))
  const longOften = shareAbove(beyondGc, longMs, mask) ?? 0
  const someOften = shareAbove(beyondGc, noticeableMs, mask) ?? 0
  if (someOften < often) return undefined
  const profile = await blameOf(evidence.profiles, ['cpu'])
  const held = profile === undefined ? undefined : holder(profile)
  const isAlwaysBusy = Math.max(utilization ?? 0, target?.cpuUse ?? 0) > 0.9
  // A loop without a pause is late for everything: that alone is CPU, not one call that holds it.
  if (isAlwaysBusy && held?.sync !== true) return undefined
  if (longOften < often && held?.sync !== true && (held === undefined || quantile(beyondGc, 0.5, mask)! < noticeableMs))
    return undefined
  // Others' work on the machine makes a loop late as well.
  const isDisturbed = facts.hosts.busyWithOthers !== undefined || (target?.runDelay ?? 0) > 0.3
  if (isDisturbed && held?.sync !== true && (held?.blame.share ?? 0) * perRequestMs(facts) < heavyMs) return undefined
  const typical = quantile(lag, 0.75, mask) ?? 0
  // The endpoint whose work holds the loop, not those that wait for it: their times move with the delay as well.
  const words = held === undefined ? '' : `${held.blame.function} ${held.blame.file.split('/').at(-1) ?? ''}`
  const fit = held === undefined ? undefined : fitToEndpoint(evidence, lag, mask, words)
  const at = fit === undefined || fit.by === 'rate' ? {} : { endpoint: fit.endpoint.name }
  return makeFinding({
    rule: 'event-loop-blocked',
    kind: 'event-loop-blocked',
    severity: facts.severity(Math.min(1, typical / Math.max(1, facts.load.p95Ms))),
    confidence: held === undefined ? 0.6 : held.sync ? 0.95 : 0.7 + 0.2 * held.blame.share,
    title:
      held === undefined
        ? `The event loop is held for ${ms(typical)} at a time, and every request waits`
        : `${held.blame.function}${placeText(held.blame)} holds the event loop for ${ms(typical)} at a time${held.sync ? ` (${held.blame.callee || held.blame.function})` : ''}, and every request waits`,
    where: held === undefined ? { resource: 'event loop', ...at } : { ...placeOf(held.blame), ...at },
    evidence: [
      {
        text: `a timer was late by more than ${noticeableMs} ms in ${percent(someOften)} of the seconds, by ${ms(maximum(lag, mask) ?? 0)} at worst, pauses for garbage not counted`,
        source: `observed/${part} event_loop_lag_max_ms`,
        value: typical,
        unit: 'ms',
        threshold: noticeableMs,
      },
      ...(utilization === undefined
        ? []
        : [
            {
              text: `the loop had work in ${percent(utilization)} of the time: it is not out of CPU, it is held`,
              source: `observed/${part} event_loop_utilization_ratio`,
              value: utilization,
              unit: 'ratio',
            },
          ]),
      ...(held === undefined || profile === undefined ? [] : profileEvidence(profile, held.blame)),
    ],
    fix:
      held?.sync === true
        ? `Use the asynchronous form of ${held.blame.callee || held.blame.function}, which works on the thread pool, or do it in a worker thread.`
        : 'Cut the work into pieces with a pause between them, or move it to a worker thread.',
    prove: facts.prove('event-loop-blocked'),
    share: null,
  })
}

/** CPU of the targets for a request. */
function perRequestMs({ targets, load }: RunFacts): number {
  const cores = targets.reduce((sum, { cpuCores }) => sum + (cpuCores ?? 0), 0)
  return load.requestsPerS === 0 ? 0 : (cores / load.requestsPerS) * 1000
}

function lagOf(facts: RunFacts, part: string): Column | undefined {
  const { observed } = facts.evidence
  return (observed.one('node', 'event_loop_lag_max_ms', part) ?? observed.one('node', 'event_loop_lag_p99_ms', part))
    ?.values
}

/** A synchronous call first: it holds the loop by its nature, however small its share. */
function holder(profile: BlamedProfile): { blame: BlamedProfile['blames'][number]; sync: boolean } | undefined {
  const sync = profile.blames.find(
    ({ callee, share }) => synchronous.test(callee.split('.').at(-1) ?? '') && share >= leastShare / 2,
  )
  if (sync !== undefined) return { blame: sync, sync: true }
  const [first] = profile.blames
  return first !== undefined && first.share >= leastShare ? { blame: first, sync: false } : undefined
}

import { blameOf } from '../blame.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { bytes, makeFinding, ms, percent } from '../finding.js'
import { maximum, mean, shareAbove } from '../measure.js'
import { placeOf, placeText, profileEvidence } from './app-cpu.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Of the time in which Node's loop was busy, and of all time. */
const nodeShare = 0.2
const nodeOfAll = 0.04
/** Of Go's CPU: up to a quarter is what its collector takes while it runs, by design. */
const goShare = 0.25
const longPauseMs = 100
const often = 0.1
/** A collector's share of hardly any CPU is nobody's concern. */
const leastCores = 0.1
/** Different stacks in a CPU profile, for it to speak. */
const fewestSamples = 10

export const gcPressure: Rule = {
  name: 'gc-pressure',
  kinds: ['gc-pressure'],
  explains: `Time in garbage collection: ${nodeShare * 100} % of the busy time in Node, ${goShare * 100} % of the CPU in Go (by a CPU profile where there is one), or pauses of ${longPauseMs} ms in ${often * 100} % of the seconds; names the allocating function by a profile of allocations or CPU.`,
  async assess(facts) {
    const { observed } = facts.evidence
    const parts = observed.parts.filter((part) => /^(node|go)(-\d+)?$/.test(part))
    if (parts.length === 0)
      return notAssessed('no runtime with a garbage collector was observed (Node or Go, --target-pid)')
    const findings = []
    for (const part of parts) {
      const finding = await assessPart(facts, part)
      if (finding !== undefined) findings.push(finding)
    }
    const shares = parts.map(
      (part) => mean(observed.list(part.replace(/-\d+$/, ''), 'gc_ratio', part)[0]?.values, facts.mask) ?? 0,
    )
    return found(findings, `collections took ${percent(Math.max(...shares))} of the time`)
  },
}

async function assessPart(facts: RunFacts, part: string): Promise<ReturnType<typeof makeFinding> | undefined> {
  const { evidence, mask } = facts
  const { observed } = evidence
  const kind = part.replace(/-\d+$/, '')
  const ratio = observed.list(kind, 'gc_ratio', part)[0]
  const pauses = observed.list(kind, kind === 'go' ? 'gc_pause_max_ms' : 'gc_max_ms', part)[0]
  const ofTime = mean(ratio?.values, mask)
  const longOften = shareAbove(pauses?.values, longPauseMs, mask) ?? 0
  const limit = kind === 'go' ? goShare : nodeShare
  const cores = facts.targets.find(({ runtimePart }) => runtimePart === part)?.cpuCores
  const cpuProfile = await blameOf(evidence.profiles, ['cpu'])
  const busy = mean(observed.one('node', 'event_loop_utilization_ratio', part)?.values, mask)
  // A profile counts CPU; the runtimes' own numbers are of time that others may have had (Node), or of a whole life (Go).
  const profiled = cpuProfile !== undefined && cpuProfile.samples >= fewestSamples ? cpuProfile.gcShare : undefined
  const share =
    profiled ??
    (kind === 'go'
      ? ofTime
      : ofTime === undefined || busy === undefined || busy === 0
        ? undefined
        : Math.min(1, ofTime / busy))
  const isMuch =
    share !== undefined &&
    share >= limit &&
    (kind === 'go' ? cores === undefined || cores >= leastCores : (ofTime ?? 0) >= nodeOfAll)
  // Pauses are of the wall clock: others on the machine make them long.
  const isLong = longOften >= often && (share ?? 1) >= limit / 2 && facts.hosts.busyWithOthers === undefined
  if (!isMuch && !isLong) return undefined
  const profile =
    (await blameOf(evidence.profiles, ['alloc', 'allocation', 'heap'])) ??
    (await blameOf(evidence.profiles, ['cpu'], withoutCollector))
  const hot = profile?.blames.find((one) => one.share >= 0.2)
  const fit = ratio === undefined ? undefined : fitToEndpoint(evidence, ratio.values, mask, hot?.function ?? '')
  const at = fit === undefined ? {} : { endpoint: fit.endpoint.name }
  const allocated = mean(observed.list('go', 'alloc_bytes_per_s', part)[0]?.values, mask)
  const perRequest =
    allocated === undefined || facts.load.requestsPerS === 0 ? undefined : allocated / facts.load.requestsPerS
  const worst = maximum(pauses?.values, mask)
  return makeFinding({
    rule: 'gc-pressure',
    kind: 'gc-pressure',
    severity: facts.severity(share ?? null),
    confidence: (hot === undefined ? 0.75 : 0.85) + (share !== undefined && share >= 2 * limit ? 0.1 : 0),
    title: `Collecting garbage takes ${percent(share ?? 0)} of the ${kind === 'go' ? "target's CPU" : "event loop's busy time"}${worst === undefined ? '' : `, up to ${ms(worst)} at once`}${hot === undefined ? '' : `; ${hot.function}${placeText(hot)} makes most of it`}`,
    where: hot === undefined ? { resource: 'heap', ...at } : { ...placeOf(hot), ...at },
    evidence: [
      ...(share === undefined || ratio === undefined
        ? []
        : [
            {
              text: `${percent(share)} of the ${kind === 'go' ? 'CPU' : 'busy time'} was spent in collections`,
              source: ratio.source,
              value: share,
              unit: 'ratio',
              threshold: limit,
            },
          ]),
      ...(worst === undefined || pauses === undefined
        ? []
        : [
            {
              text: `the longest pause was ${ms(worst)}; pauses of more than ${longPauseMs} ms in ${percent(longOften)} of the seconds`,
              source: pauses.source,
              value: worst,
              unit: 'ms',
              threshold: longPauseMs,
            },
          ]),
      ...(perRequest === undefined
        ? []
        : [
            {
              text: `a request allocates ${bytes(perRequest)}`,
              source: `observed/${part} alloc_bytes_per_s`,
              value: perRequest,
              unit: 'bytes',
            },
          ]),
      ...(hot === undefined || profile === undefined ? [] : profileEvidence(profile, hot)),
    ],
    fix: `Allocate less${hot === undefined ? '' : ` in ${hot.function}`}: plain arrays and numbers instead of many small objects, buffers that are used again, streams instead of whole results; keep less alive that every collection has to walk.`,
    prove: facts.prove('gc-pressure'),
    share: share ?? null,
  })
}

/** The collector's own work says nothing of who makes the garbage. */
function withoutCollector(stack: readonly { readonly name: string }[]): boolean {
  return !stack.some(({ name }) => /^\(garbage collector\)$|^runtime\.gc/.test(name))
}

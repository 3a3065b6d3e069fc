import { blameOf } from '../blame.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { bytes, makeFinding, ms, percent } from '../finding.js'
import { maximum, mean, shareAbove } from '../measure.js'
import { placeOf, placeText, profileEvidence } from './app-cpu.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Share of the time of a Node process in collections; of Go's CPU, whose collector runs beside the program. */
const nodeShare = 0.08
const goShare = 0.12
const longPauseMs = 100
const often = 0.1
/** A collector's share of hardly any CPU is nobody's concern. */
const leastCores = 0.1
/** Different stacks in a CPU profile, for it to speak. */
const fewestSamples = 10

export const gcPressure: Rule = {
  name: 'gc-pressure',
  kinds: ['gc-pressure'],
  explains: `Time in garbage collection: ${nodeShare * 100} % of the time in Node, ${goShare * 100} % of the CPU in Go, or pauses of ${longPauseMs} ms in ${often * 100} % of the seconds; a CPU profile, where there is one, has to show at least half as much; names the allocating function by a profile of allocations or CPU.`,
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
  const share = mean(ratio?.values, mask)
  const longOften = shareAbove(pauses?.values, longPauseMs, mask) ?? 0
  const limit = kind === 'go' ? goShare : nodeShare
  const cores = facts.targets.find(({ runtimePart }) => runtimePart === part)?.cpuCores
  const isMuch = share !== undefined && share >= limit && (cores === undefined || cores >= leastCores)
  if (!isMuch && longOften < often) return undefined
  // The runtimes count collections by the wall clock: on a machine that is short of cores they last, and cost nothing.
  const cpu = await blameOf(evidence.profiles, ['cpu'])
  if (cpu !== undefined && cpu.samples >= fewestSamples && cpu.gcShare < limit / 2) return undefined
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
    title: `Collecting garbage takes ${percent(share ?? 0)} of the ${kind === 'go' ? "target's CPU" : 'time'}${worst === undefined ? '' : `, up to ${ms(worst)} at once`}${hot === undefined ? '' : `; ${hot.function}${placeText(hot)} makes most of it`}`,
    where: hot === undefined ? { resource: 'heap', ...at } : { ...placeOf(hot), ...at },
    evidence: [
      ...(share === undefined || ratio === undefined
        ? []
        : [
            {
              text: `${percent(share)} of the ${kind === 'go' ? 'CPU' : 'time'} was spent in collections`,
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

import type { Blame, BlamedProfile } from '../blame.js'
import { blameOf } from '../blame.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, ms, number, percent } from '../finding.js'
import { stretchOf } from '../measure.js'
import type { TargetFacts } from '../target-facts.js'
import { found, notAssessed, type Rule } from './rule.js'

/** Of the cores that the runtime can use, the mission's line for a CPU profile. */
const busyCpu = 0.7
/** A request that costs less CPU than this is the cost of serving at all, not of what was written. */
const leastCostMs = 1
/** The same without a profile that shows where it goes. */
const surelyCostlyMs = 5
const hotShare = 0.25

export const appCpu: Rule = {
  name: 'app-cpu',
  kinds: ['app-cpu'],
  explains: `CPU of the target against the cores it can use (one for Node and for Python under its lock, GOMAXPROCS or the quota otherwise), from ${busyCpu * 100} %, and CPU per request; names the own function that a CPU profile finds in the stacks most (${hotShare * 100} % and more). A server that is merely asked very often has no such function and is let alone.`,
  async assess(facts) {
    const watched = facts.targets.filter(({ cpuUse }) => cpuUse !== undefined)
    if (watched.length === 0) return notAssessed('the CPU of the target was not observed (--target-pid)')
    const findings = []
    for (const target of watched) {
      const finding = await assessTarget(facts, target)
      if (finding !== undefined) findings.push(finding)
    }
    const most = Math.max(...watched.map(({ cpuUse }) => cpuUse ?? 0))
    return found(findings, `the target used ${percent(most)} of the CPU it can use`)
  },
}

async function assessTarget(facts: RunFacts, target: TargetFacts): Promise<ReturnType<typeof makeFinding> | undefined> {
  const { evidence, mask, load } = facts
  const { cpuUse = 0, cpuCores = 0, usableCores } = target
  const costMs = load.requestsPerS === 0 ? 0 : (cpuCores / load.requestsPerS) * 1000
  // Pinned to fewer cores than the machine has: its threads always wait for one.
  const waits = (target.runDelay ?? 0) > 0.5 && cpuCores > 0.8
  if (cpuUse < busyCpu && !waits) return undefined
  const profile = await blameOf(evidence.profiles, ['cpu'])
  const hot = profile === undefined ? undefined : hottest(profile)
  const isCostly = profile === undefined ? costMs >= surelyCostlyMs : costMs * (hot?.share ?? 0) >= leastCostMs
  if (!isCostly || (profile !== undefined && hot === undefined)) return undefined
  const fit = target.cpu === undefined ? undefined : fitToEndpoint(evidence, target.cpu, mask, hot?.function ?? '')
  const share = hot === undefined ? null : hot.share
  const span = target.cpu === undefined ? undefined : stretchOf(target.cpu, evidence.binS, mask)
  const where = hot === undefined ? { resource: 'target cpu' } : placeOf(hot)
  return makeFinding({
    rule: 'app-cpu',
    kind: 'app-cpu',
    severity: facts.severity(cpuUse),
    confidence:
      (hot === undefined ? 0.6 : 0.75 + 0.25 * hot.share) - (facts.hosts.busyWithOthers === undefined ? 0 : 0.1),
    title:
      hot === undefined
        ? `The target's CPU is the limit: ${percent(Math.max(cpuUse, waits ? 1 : 0))} of ${cores(usableCores)}, ${ms(costMs)} of CPU per request`
        : `${hot.function}${placeText(hot)} takes ${percent(hot.share)} of the target's CPU, which is ${percent(Math.max(cpuUse, waits ? 1 : 0))} busy`,
    where: { ...where, ...(fit === undefined ? {} : { endpoint: fit.endpoint.name }) },
    evidence: [
      {
        text: `CPU in use: ${number(cpuCores)} cores of ${cores(usableCores)} that it can use${waits ? ', and its threads wait for a core all the time' : ''}`,
        source: `observed/${target.part} ${target.runtime === 'node' ? 'main_thread_cpu_ratio' : 'cpu_cores'}`,
        value: cpuUse,
        unit: 'ratio',
        threshold: busyCpu,
        ...span,
      },
      {
        text: `a request costs ${ms(costMs)} of CPU`,
        source: `observed/${target.part} cpu_cores`,
        value: costMs,
        unit: 'ms/request',
        threshold: hot === undefined ? surelyCostlyMs : leastCostMs,
      },
      ...(hot === undefined || profile === undefined ? [] : profileEvidence(profile, hot)),
    ],
    fix:
      hot === undefined
        ? 'Take a CPU profile (perfwright profile --pid N --kind cpu, or run --profile auto) and make the function at its top cheaper.'
        : `Make ${hot.function} cheaper: a better algorithm or data structure, a kept result, or less of it per request${hot.callee === '' ? '' : ` (most of it is spent in ${hot.callee})`}; then add cores or processes.`,
    prove: facts.prove('app-cpu'),
    share,
  })
}

/** The own function in which most of the time is; two halves of one job in one file count together. */
function hottest(profile: BlamedProfile): Blame | undefined {
  const [first] = profile.blames
  if (first === undefined || profile.samples < 10) return undefined
  if (first.share >= hotShare) return first
  const together = profile.blames.filter(({ file }) => file === first.file).reduce((sum, { share }) => sum + share, 0)
  return together >= 2 * hotShare && first.share >= hotShare / 2 ? first : undefined
}

export function placeOf(blame: Blame): { function: string; file?: string; line?: number } {
  return {
    function: blame.function,
    ...(blame.file === '' ? {} : { file: blame.file }),
    ...(blame.line > 0 ? { line: blame.line } : {}),
  }
}

export function placeText(blame: Blame): string {
  if (blame.file === '') return ''
  return ` (${blame.file.split('/').slice(-2).join('/')}${blame.line > 0 ? `:${blame.line}` : ''})`
}

export function profileEvidence(
  profile: BlamedProfile,
  hot: Blame,
): { text: string; source: string; value: number; unit: string; fromS?: number; toS?: number }[] {
  const { ref } = profile
  const others = profile.blames
    .filter((one) => one !== hot && one.share >= 0.05)
    .slice(0, 3)
    .map((one) => `${one.function} ${percent(one.share)}`)
  return [
    {
      text: `${percent(hot.share)} of the ${ref.kind} profile is in ${hot.function}${hot.callee === '' ? '' : `, most of it in ${hot.callee}`}${others.length === 0 ? '' : `; then ${others.join(', ')}`}`,
      source: ref.source,
      value: hot.share,
      unit: 'ratio',
      ...(ref.fromS === undefined ? {} : { fromS: ref.fromS }),
      ...(ref.toS === undefined ? {} : { toS: ref.toS }),
    },
  ]
}

function cores(count: number): string {
  return count === 1 ? 'one core' : `${number(count)} cores`
}

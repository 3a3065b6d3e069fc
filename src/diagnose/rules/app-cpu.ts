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
  const profile = await blameOf(evidence.profiles, ['cpu'])
  const found = profile === undefined ? undefined : hottest(profile)
  const hot = found?.blame
  // Threads that wait for a core would use it: others are on it, or there are fewer than the machine has.
  const demand = cpuUse + (target.runDelay ?? 0) / usableCores
  const isOneJob = found !== undefined && found.share >= 0.5
  // On a machine that others hold, waiting for a core says nothing about the target, unless one job is most of what it does.
  const waits =
    demand >= (isOneJob ? 0.6 : 0.95) &&
    cpuUse >= (found === undefined ? 0.35 : 0.1) &&
    (isOneJob || facts.hosts.busyWithOthers === undefined)
  if (cpuUse < busyCpu && !waits) return undefined
  const isCostly = profile === undefined ? costMs >= surelyCostlyMs : costMs * (found?.share ?? 0) >= leastCostMs
  if (!isCostly || (profile !== undefined && found === undefined)) return undefined
  const fit = target.cpu === undefined ? undefined : fitToEndpoint(evidence, target.cpu, mask, hot?.function ?? '')
  const share = found === undefined ? null : found.share
  const span = target.cpu === undefined ? undefined : stretchOf(target.cpu, evidence.binS, mask)
  const where = hot === undefined ? { resource: 'target cpu' } : placeOf(hot)
  return makeFinding({
    rule: 'app-cpu',
    kind: 'app-cpu',
    severity: facts.severity(cpuUse),
    confidence:
      (found === undefined ? 0.6 : 0.75 + 0.25 * found.share) - (facts.hosts.busyWithOthers === undefined ? 0 : 0.1),
    title:
      hot === undefined
        ? `The target's CPU is the limit: ${percent(Math.max(cpuUse, waits ? 1 : 0))} of ${cores(usableCores)}, ${ms(costMs)} of CPU per request`
        : `${hot.function}${placeText(hot)} takes ${percent(share ?? 0)} of the target's CPU, which is ${percent(Math.max(cpuUse, waits ? 1 : 0))} busy`,
    where: {
      ...where,
      ...(hot === undefined || hot.callee === '' ? {} : { resource: `calls of ${hot.callee}` }),
      ...(fit === undefined ? {} : { endpoint: fit.endpoint.name }),
    },
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

/**
 * Where the work is: the functions of the file with most of it, and of those that have much the deepest, which the others
 * call. Compilers inline, so that one job's time stands under several names.
 */
function hottest(profile: BlamedProfile): { blame: Blame; share: number } | undefined {
  const [first] = profile.blames
  if (first === undefined || profile.samples < 10) return undefined
  const job = profile.blames.filter(({ file }) => file === first.file)
  const share = job.reduce((sum, one) => sum + one.share, 0)
  if (share < hotShare) return undefined
  const [deepest = first] = job
    .filter((one) => one.share >= 0.6 * first.share && one.function !== '(anonymous)')
    .sort((a, b) => b.depth - a.depth)
  return { blame: deepest, share }
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

/**
 * On how many threads a run's VUs are spread. A second thread costs some 60 ms of start and 15 MB, and brings something
 * only when the first is busy: so every worker gets a fair amount of work, and a small run stays on one.
 */
import { availableParallelism, hostname, networkInterfaces } from 'node:os'
import type { Scenario } from '#config/types.js'

/** A worker is added for every so many VUs, or so many iterations a second of arrival-rate scenarios. */
const VUS_PER_WORKER = 25
const ARRIVALS_PER_WORKER = 1000

export interface WorkerChoice {
  /** `--workers`, `PW_WORKERS`: taken as it is, but for VUs, of which every worker needs one. */
  readonly asked: number | undefined
  readonly scenarios: Readonly<Record<string, Scenario>>
  /** VUs of this instance at most. */
  readonly maxVus: number
  /** Share of the test that is this instance's, for rates. */
  readonly part: number
  /** Texts in which the target's address may stand: the script, its environment, `hosts`. */
  readonly texts: readonly string[]
}

export function chooseWorkers(choice: WorkerChoice, cores: number = availableParallelism()): number {
  const most = Math.max(1, choice.maxVus)
  if (choice.asked !== undefined) return Math.min(choice.asked, most)
  // A target on this machine needs a core of its own, or the generator measures itself.
  const free = Math.max(1, cores - (namesThisMachine(choice.texts) ? 1 : 0))
  const byVus = Math.floor(choice.maxVus / VUS_PER_WORKER)
  const byRate = Math.floor((highestRatePerS(choice.scenarios) * choice.part) / ARRIVALS_PER_WORKER)
  return Math.max(1, Math.min(free, Math.max(byVus, byRate), most))
}

/** All scenarios at once, at the highest rate of each. */
function highestRatePerS(scenarios: WorkerChoice['scenarios']): number {
  return Object.values(scenarios).reduce((sum, scenario) => {
    if (scenario.executor === 'constant-arrival-rate') return sum + (scenario.rate * 1e9) / scenario.timeUnitNs
    if (scenario.executor !== 'ramping-arrival-rate') return sum
    const most = Math.max(scenario.startRate, ...scenario.stages.map(({ target }) => target))
    return sum + (most * 1e9) / scenario.timeUnitNs
  }, 0)
}

/** True when a text has an address (`http://localhost:8080`, `"127.0.0.1"`) of this machine: loopback, its name, its IPs. */
export function namesThisMachine(texts: readonly string[]): boolean {
  const own = [hostname(), ...Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((i) => i.address))]
    .filter((name) => name.length > 3)
    .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const pattern = new RegExp(
    String.raw`(?:^|//|[@'"\`\s])(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|${own.join('|')})(?=$|[:/'"\`\s])`,
  )
  return texts.some((text) => pattern.test(text))
}

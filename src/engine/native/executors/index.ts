/** Executors by name, the plan of VUs, and the numbers of iterations. */
import { type Share, WHOLE } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { constantArrivalRate } from './constant-arrival-rate.js'
import { constantVus } from './constant-vus.js'
import { externallyControlled } from './externally-controlled.js'
import { perVuIterations } from './per-vu-iterations.js'
import { rampingArrivalRate } from './ramping-arrival-rate.js'
import { rampingVus } from './ramping-vus.js'
import { sharedIterations } from './shared-iterations.js'
import type { Executor } from './types.js'

export type { ControlledExecutor } from './externally-controlled.js'
export { iterationNumbers } from './iteration-numbers.js'
export { executionRequirements, planVus, type VuPlan } from './plan.js'

/** One executor for one run of the scenario; `own` is this instance's share of the test (the whole by default). */
export function createExecutor(scenario: Scenario, own: Share = WHOLE): Executor {
  switch (scenario.executor) {
    case 'shared-iterations':
      return sharedIterations(scenario, own)
    case 'per-vu-iterations':
      return perVuIterations(scenario, own)
    case 'constant-vus':
      return constantVus(scenario, own)
    case 'ramping-vus':
      return rampingVus(scenario, own)
    case 'constant-arrival-rate':
      return constantArrivalRate(scenario, own)
    case 'ramping-arrival-rate':
      return rampingArrivalRate(scenario, own)
    case 'externally-controlled':
      return externallyControlled(scenario, own)
  }
}

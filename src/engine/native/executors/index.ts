/** Executors by name, the plan of VUs, and the numbers of iterations. */
import { WHOLE } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { constantArrivalRate } from './constant-arrival-rate.js'
import { constantVus } from './constant-vus.js'
import { type Crew, soloCrew } from './crew.js'
import { externallyControlled } from './externally-controlled.js'
import { perVuIterations } from './per-vu-iterations.js'
import { rampingArrivalRate } from './ramping-arrival-rate.js'
import { rampingVus } from './ramping-vus.js'
import { sharedIterations } from './shared-iterations.js'
import type { Executor } from './types.js'

export type { ControlledExecutor } from './externally-controlled.js'
export { iterationNumbers } from './iteration-numbers.js'
export { executionRequirements, type CrewPlan, planCrew, planVus, vuIdsOf, type VuPlan } from './plan.js'

/** One executor for one run of the scenario; alone, and of the whole test, by default. */
export function createExecutor(scenario: Scenario, crew: Crew = soloCrew(WHOLE)): Executor {
  switch (scenario.executor) {
    case 'shared-iterations':
      return sharedIterations(scenario, crew)
    case 'per-vu-iterations':
      return perVuIterations(scenario, crew)
    case 'constant-vus':
      return constantVus(scenario, crew)
    case 'ramping-vus':
      return rampingVus(scenario, crew)
    case 'constant-arrival-rate':
      return constantArrivalRate(scenario, crew)
    case 'ramping-arrival-rate':
      return rampingArrivalRate(scenario, crew)
    case 'externally-controlled':
      return externallyControlled(scenario, crew)
  }
}

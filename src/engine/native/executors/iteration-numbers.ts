import type { Share } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import type { Crew } from './crew.js'

/** Numbers of the iterations of one scenario, in the order in which they start. */
export interface IterationNumbers {
  /** `exec.scenario.iterationInInstance` of the iteration that starts now; each call counts one on. */
  next(): number
  /** `exec.scenario.iterationInTest` that goes with it: this instance's stripe of the whole test. */
  inTest(inInstance: number): number
}

/** k6 stripes iterations by the VUs that each instance really has, where iterations are spread over VUs. */
export function iterationNumbers(
  scenario: Scenario,
  { instance, board }: Pick<Crew, 'instance' | 'board'>,
): IterationNumbers {
  const stripe = stripeOf(scenario, instance) ?? instance
  return {
    next: () => board.numbered.next(),
    inTest: (inInstance) => stripe.globalIndex(inInstance),
  }
}

function stripeOf(scenario: Scenario, instance: Share): Share | undefined {
  switch (scenario.executor) {
    case 'shared-iterations':
      return instance.resegment(scenario.vus)
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate':
      return instance.resegment(scenario.maxVUs)
    default:
      return instance
  }
}

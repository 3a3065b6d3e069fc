import { makeFinding } from '../finding.js'
import { fine, type Rule } from './rule.js'

export const injectorSaturated: Rule = {
  name: 'injector-saturated',
  kinds: ['injector-saturated'],
  explains:
    "The run's trust verdict: load threads that were busy all the time, late event loops, collections, descriptors or ports that ran out. It comes first: what was measured holds the injector's own queue, so findings that rest on latency alone are lowered.",
  assess(facts) {
    const { injector } = facts.hosts
    if (injector === undefined) return fine('the load generator kept up')
    return {
      findings: [
        makeFinding({
          rule: 'injector-saturated',
          kind: 'injector-saturated',
          severity: injector.sure ? 'warning' : 'info',
          confidence: injector.sure ? 0.95 : 0.6,
          title: injector.sure
            ? 'The load generator was the limit: latencies hold its own queue'
            : 'The load generator was busy: latencies may hold some of its own queue',
          where: { resource: 'injector' },
          evidence: [
            {
              text: injector.text,
              source: 'observed/injector cpu_ratio',
              ...(injector.value === undefined ? {} : { value: injector.value, unit: 'ratio', threshold: 0.95 }),
            },
          ],
          fix: 'Give it more cores (--workers), lighten the script (parse less, discardResponseBodies), or share the load among machines (--execution-segment); then measure again.',
          prove: facts.prove('injector-saturated'),
          share: null,
        }),
      ],
    }
  },
}

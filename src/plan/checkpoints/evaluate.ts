/** The three checkpoints of a run: is the data enough, was the injector, are third parties stand-ins. */
import type { Checkpoint } from '#record/analysis.js'
import type { CheckpointInput } from './types.js'
import { testDataCheckpoint } from './test-data.js'
import { thirdPartiesCheckpoint } from './third-parties.js'

export function evaluateCheckpoints(input: CheckpointInput): readonly Checkpoint[] {
  return [
    testDataCheckpoint(input.testData),
    injectorCheckpoint(input.trust),
    thirdPartiesCheckpoint(input.thirdParties),
  ]
}

function injectorCheckpoint(trust: CheckpointInput['trust']): Checkpoint {
  if (trust === undefined)
    return {
      id: 'injector',
      verdict: 'not-checked',
      text: 'The run ended before the injector was judged.',
      details: [],
    }
  const { verdict, reasons } = trust
  if (verdict === 'trustworthy')
    return { id: 'injector', verdict: 'ok', text: 'The injector kept up with the load.', details: [] }
  return {
    id: 'injector',
    verdict: verdict === 'doubtful' ? 'warning' : 'failed',
    text: reasons[0] ?? 'The injector did not keep up.',
    details: reasons.slice(1),
  }
}

/** What a run says to the question of its test type. Methods and their error rates: docs/statistics.md. */
import type { Analysis, RunRecord } from '#record/index.js'
import type { Evidence } from '../evidence.js'
import { answerOf } from './answer.js'
import { capacityOf } from './capacity.js'
import { loadShapes, totalShape } from './load-shape.js'
import { objectivesOf } from './objectives.js'
import { recoveryOf } from './recovery.js'
import { steadyOf } from './steady.js'
import { stagesOf, testTypeOf } from './test-type.js'
import { trendsOf } from './trends.js'

export type ByTestType = Pick<
  Analysis,
  | 'testType'
  | 'stages'
  | 'steady'
  | 'warmupS'
  | 'answer'
  | 'objectives'
  | 'capacity'
  | 'trends'
  | 'recovery'
  | 'caveats'
>

/** @param record  of the evidence: objectives are read from its sketches, which the evidence's columns no longer hold */
export async function analyseByTestType(evidence: Evidence, record: RunRecord): Promise<ByTestType> {
  const shapes = loadShapes(evidence)
  const total = totalShape(shapes)
  const testType = testTypeOf(evidence.run.testType, total)
  const isLadder = testType === 'stress' || testType === 'breakpoint'
  // A ladder or a spike has no steady state that would stand for the run.
  const steady =
    isLadder || testType === 'spike' ? { stretch: null, warmupS: null, caveats: [] } : steadyOf(evidence, total)
  const known = {
    testType,
    stages: stagesOf(shapes),
    steady: steady.stretch,
    warmupS: steady.warmupS,
    objectives: await objectivesOf(evidence, record),
    capacity: isLadder ? capacityOf(evidence, total) : null,
    trends: trendsOf(evidence, steady.stretch),
    recovery: testType === 'spike' ? recoveryOf(evidence, total) : null,
  }
  return {
    ...known,
    answer: answerOf(evidence, known),
    caveats: [...steady.caveats, ...caveatsOf(evidence, shapes, total)],
  }
}

function caveatsOf(
  evidence: Evidence,
  shapes: ReturnType<typeof loadShapes>,
  total: ReturnType<typeof totalShape>,
): string[] {
  const caveats: string[] = []
  if (total === undefined) caveats.push('The options of this run name no scenario, so its stages are not known.')
  if (new Set(shapes.map(({ unit }) => unit)).size > 1) {
    caveats.push(
      `Some scenarios count VUs and others iterations a second: test type and steady stretch are read from those in ${total?.unit}.`,
    )
  }
  const byHand = shapes.filter(({ planned }) => !planned).map(({ scenario }) => scenario)
  if (byHand.length > 0) caveats.push(`VUs of ${byHand.join(', ')} were set by hand: its stages are what was measured.`)
  if (evidence.observed.all.every(({ kind }) => kind === 'injector')) {
    caveats.push('Only the load was observed: what grew in the target or came to its limit is not known.')
  }
  return caveats
}

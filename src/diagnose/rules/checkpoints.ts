/** The plan's checkpoints as findings. */
import type { Checkpoint } from '#record/analysis.js'
import type { RunFacts } from '../facts.js'
import { clean, makeFinding } from '../finding.js'
import { fine, notAssessed, type Rule, type RuleAnswer } from './rule.js'

export const thirdParties: Rule = {
  name: 'unmocked-third-party',
  kinds: ['unmocked-third-party'],
  explains: 'Hosts outside of the declared targets that script or target talk to (checkpoint "third-parties").',
  assess: (facts) =>
    fromCheckpoint(facts, 'third-parties', (checkpoint) => {
      const [host] =
        /[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/i.exec(`${checkpoint.details.join(' ')} ${checkpoint.text}`) ?? []
      return {
        kind: 'unmocked-third-party',
        where: { resource: 'third parties', ...(host === undefined ? {} : { host }) },
        fix: 'Put a stand-in with a real latency in its place (perfwright mock), or allow the host in the plan if it is yours.',
      }
    }),
}

export const testData: Rule = {
  name: 'test-data-too-small',
  kinds: ['test-data-too-small'],
  explains: 'Distinct values that the script uses against rows and caches (checkpoint "test-data").',
  assess: (facts) =>
    fromCheckpoint(facts, 'test-data', (checkpoint) => {
      const endpoint = facts.endpoints.find(({ name }) =>
        [checkpoint.text, ...checkpoint.details].some((text) => text.includes(name)),
      )
      const [only] = facts.endpoints
      const at =
        endpoint ?? (only !== undefined && only.requestsPerS > 0.9 * facts.load.requestsPerS ? only : undefined)
      return {
        kind: 'test-data-too-small',
        where: { resource: 'test data', ...(at === undefined ? {} : { endpoint: at.name }) },
        fix: 'Feed the script with as many distinct values as production asks for (a CSV of real ids), and fill the tables to a comparable size: else the run measures a cache.',
      }
    }),
}

function fromCheckpoint(
  facts: RunFacts,
  id: Checkpoint['id'],
  say: (checkpoint: Checkpoint) => {
    kind: 'unmocked-third-party' | 'test-data-too-small'
    where: Parameters<typeof makeFinding>[0]['where']
    fix: string
  },
): RuleAnswer {
  const checkpoint = facts.analysis.checkpoints.find((one) => one.id === id)
  if (checkpoint === undefined || checkpoint.verdict === 'not-checked') {
    return notAssessed(
      checkpoint === undefined || checkpoint.text === ''
        ? 'the checkpoint was not checked in this run'
        : clean(checkpoint.text),
    )
  }
  if (checkpoint.verdict === 'ok') return fine(clean(checkpoint.text))
  const { kind, where, fix } = say(checkpoint)
  return {
    findings: [
      makeFinding({
        rule: kind,
        kind,
        severity: 'warning',
        confidence: checkpoint.verdict === 'failed' ? 0.9 : 0.75,
        title: checkpoint.text,
        where,
        evidence: [
          { text: checkpoint.text, source: `checkpoint ${id}` },
          ...checkpoint.details.slice(0, 5).map((text) => ({ text, source: `checkpoint ${id}` })),
        ],
        fix,
        prove: facts.prove(kind),
        share: null,
      }),
    ],
  }
}

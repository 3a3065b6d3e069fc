/** Asks every adviser in turn; one that fails leaves the others their say. */
import { PerfwrightError } from '#base/errors.js'
import { clean } from '#diagnose/finding.js'
import { advisors } from './index.js'
import type { Capture } from './probe/capture.js'
import type { Advice, AdviseInput } from './types.js'

export interface AdviseResult {
  readonly advice: readonly Advice[]
  readonly fine: readonly Remark[]
  readonly notAssessed: readonly Remark[]
}

export interface Remark {
  readonly advisor: string
  readonly text: string
}

/** @param only  names of the advisers to ask; undefined = all */
export async function advise(input: AdviseInput, only?: readonly string[]): Promise<AdviseResult> {
  const advice = new Map<string, Advice>()
  const fine: Remark[] = []
  const notAssessed: Remark[] = []
  for (const { name, load } of advisors) {
    if (only !== undefined && !only.includes(name)) continue
    if (input.signal.aborted) break
    try {
      const answer = await (await load()).advise(input)
      // Two advisers may see one fault; the one that tried its mend knows more.
      for (const one of answer.advice) if (betterThan(one, advice.get(one.id))) advice.set(one.id, one)
      fine.push(...answer.fine.map((text) => ({ advisor: name, text: clean(text) })))
      notAssessed.push(...answer.notAssessed.map((text) => ({ advisor: name, text: clean(text) })))
    } catch (error) {
      if (!(error instanceof PerfwrightError)) throw error
      notAssessed.push({ advisor: name, text: clean(`${error.code} ${error.message} ${error.fix ?? ''}`.trim()) })
    }
  }
  for (const text of doubts(input.capture)) notAssessed.push({ advisor: 'probe', text: clean(text) })
  return { advice: [...advice.values()].sort(byWeight), fine, notAssessed }
}

/** What the probe could not see: without it silence would look like health. */
function doubts(capture: Capture | undefined): string[] {
  if (capture === undefined) return []
  const given = capture.requests.filter(({ varied }) => varied === undefined)
  const refused = new Map(given.filter(({ status }) => status >= 400).map((one) => [one.endpoint, one.status]))
  return [
    ...[...refused].map(
      ([endpoint, status]) =>
        `${endpoint} answered ${status}, so nothing can be said of it (--login, --header, --body)`,
    ),
    ...capture.unread,
  ]
}

const states = ['refuted', 'observed', 'predicted', 'verified']
const severities = ['info', 'warning', 'critical']

function betterThan(one: Advice, other: Advice | undefined): boolean {
  const rank = ({ advice }: Advice): number => states.indexOf(advice.verification.state)
  return other === undefined || rank(one) > rank(other)
}

function byWeight(a: Advice, b: Advice): number {
  return severities.indexOf(b.severity) - severities.indexOf(a.severity) || (b.share ?? 0) - (a.share ?? 0)
}

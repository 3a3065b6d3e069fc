/** Verdicts that k6's users ask for and k6 does not give: a run whose checks or iterations fail exits 0 there. */
import type { CheckCount } from '#metrics/index.js'

export interface FailOnVerdict {
  readonly ok: boolean
  /** One sentence; empty when ok. */
  readonly reason: string
}

/** `--fail-on-check`: every check must have passed every time. */
export function failOnCheck(checks: readonly CheckCount[]): FailOnVerdict {
  const failing = checks.filter((check) => check.fails > 0)
  if (failing.length === 0) return PASSED
  const fails = failing.reduce((sum, check) => sum + check.fails, 0)
  const names = failing.slice(0, 5).map((check) => `'${check.name}'`)
  if (failing.length > names.length) names.push(`${failing.length - names.length} more`)
  return { ok: false, reason: `${fails} of the checks failed: ${names.join(', ')}` }
}

/** `--fail-on-error`: no iteration may have thrown and no request may have gone unanswered. */
export function failOnError(counts: {
  readonly iterationsThrown: number
  readonly requestsUnanswered: number
}): FailOnVerdict {
  const reasons: string[] = []
  if (counts.iterationsThrown > 0) reasons.push(`${counts.iterationsThrown} iterations ended by an exception`)
  if (counts.requestsUnanswered > 0) reasons.push(`${counts.requestsUnanswered} requests got no response`)
  return reasons.length === 0 ? PASSED : { ok: false, reason: reasons.join(' and ') }
}

const PASSED: FailOnVerdict = { ok: true, reason: '' }

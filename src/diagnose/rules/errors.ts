import type { Finding } from '#record/findings.js'
import type { FailureKind } from '../evidence.js'
import type { RunFacts } from '../facts.js'
import { makeFinding, number, percent } from '../finding.js'
import { found, type Rule } from './rule.js'

/** Of an endpoint's requests. */
const limitedShare = 0.01
const burstShare = 0.05
const steadyShare = 0.01
const fewest = 5

export const rateLimited: Rule = {
  name: 'rate-limited',
  kinds: ['rate-limited'],
  explains: `Answers 429, and 503 with Retry-After: ${limitedShare * 100} % of an endpoint's requests and at least ${fewest}.`,
  assess(facts) {
    const findings = facts.endpoints.flatMap(({ name, endpoint }): Finding[] => {
      const limited = facts.evidence.failures.filter((one) => one.endpoint === name && isLimit(facts, one))
      const count = limited.reduce((sum, one) => sum + one.count, 0)
      const share = count / Math.max(1, endpoint.total.requests)
      if (count < fewest || share < limitedShare) return []
      const retryAfter = facts.evidence.events.find(
        ({ type, detail }) => type === 'request-error' && detail.endpoint === name && detail.retryAfter !== undefined,
      )?.detail.retryAfter
      const statuses = [...new Set(limited.map(({ status }) => status))].join(' and ')
      return [
        makeFinding({
          rule: 'rate-limited',
          kind: 'rate-limited',
          severity: facts.severity(share),
          confidence: limited.some(({ status }) => status === '429') ? 0.95 : 0.85,
          title: `${name}: ${percent(share)} of the requests were turned away by a rate limit (status ${statuses})`,
          where: { endpoint: name },
          evidence: [
            {
              text: `${number(count)} of ${number(endpoint.total.requests)} requests were answered ${statuses}${retryAfter === undefined ? '' : `, with "Retry-After: ${String(retryAfter)}"`}`,
              source: 'series http_req_failed',
              value: share,
              unit: 'ratio',
              threshold: limitedShare,
              ...spanOf(facts, limited),
            },
          ],
          fix: 'If the limit is meant, test below it or let the script wait as Retry-After says; else raise it for the load generator or in general.',
          prove: facts.prove('rate-limited'),
          share,
        }),
      ]
    })
    return found(findings, 'no request was turned away by a rate limit')
  },
}

export const errorBurst: Rule = {
  name: 'error-burst',
  kinds: ['error-burst'],
  explains: `Failed requests that are no rate limit: ${burstShare * 100} % of an endpoint's requests in some stretch (at least ${fewest}), or ${steadyShare * 100} % of them over the whole run.`,
  assess(facts) {
    const findings = facts.endpoints.flatMap(({ name, endpoint }): Finding[] => {
      const failures = facts.evidence.failures.filter(
        (one) => one.endpoint === name && !isLimit(facts, one) && !isRefused(one),
      )
      const count = failures.reduce((sum, one) => sum + one.count, 0)
      const share = count / Math.max(1, endpoint.total.requests)
      const burst = burstOf(facts, failures, endpoint.columns.requestsPerS)
      if (count < fewest || (share < steadyShare && burst === undefined)) return []
      const cluster = facts.analysis.errors.find(({ endpoints }) => endpoints.includes(name))
      const isBurst = burst !== undefined && burst.toS - burst.fromS < 0.6 * facts.evidence.durationS
      const span = burst ?? spanOf(facts, failures)
      const when = isBurst ? ` from ${number(burst.fromS)} s to ${number(burst.toS)} s` : ' throughout the run'
      return [
        makeFinding({
          rule: 'error-burst',
          kind: 'error-burst',
          severity: facts.severity(Math.max(share, burst?.share ?? 0)),
          confidence: 0.95,
          title: `${name}: ${percent(isBurst ? burst.share : share)} of the requests failed${when}${cluster === undefined ? '' : ` (${cluster.cause})`}`,
          where: { endpoint: name },
          evidence: [
            {
              text: `${number(count)} of ${number(endpoint.total.requests)} requests failed${isBurst ? `, ${percent(burst.share)} of those between ${number(burst.fromS)} s and ${number(burst.toS)} s` : ''}`,
              source: 'series http_req_failed',
              value: isBurst ? burst.share : share,
              unit: 'ratio',
              threshold: isBurst ? burstShare : steadyShare,
              ...span,
            },
            ...(cluster?.example?.response === null || cluster?.example?.response === undefined
              ? []
              : [{ text: `for example: ${cluster.example.response.slice(0, 200)}`, source: 'events request-error' }]),
          ],
          fix: 'Read the example and the log of the target at that moment; what else moved is listed with the bad windows.',
          prove: facts.prove('error-burst'),
          share,
        }),
      ]
    })
    return found(findings, 'hardly any request failed')
  },
}

/** Never sent: we ourselves refused to ask a paid service, and the checkpoint says so. */
function isRefused({ errorCode, error }: FailureKind): boolean {
  return errorCode === '1111' && error.startsWith('refused: ')
}

function isLimit(facts: RunFacts, { status, endpoint }: FailureKind): boolean {
  if (status === '429') return true
  if (status !== '503') return false
  return facts.evidence.events.some(
    ({ type, detail }) =>
      type === 'request-error' &&
      detail.endpoint === endpoint &&
      detail.status === 503 &&
      detail.retryAfter !== undefined,
  )
}

/** The stretch with failures well above none, when a share of its requests failed. */
function burstOf(
  facts: RunFacts,
  failures: readonly FailureKind[],
  requestsPerS: Float64Array,
): { fromS: number; toS: number; share: number } | undefined {
  const { binS, binCount } = facts.evidence
  const failed = new Float64Array(binCount)
  for (const { perS } of failures)
    for (let i = 0; i < binCount; i++) failed[i] = (failed[i] as number) + (perS[i] as number)
  let best: { fromS: number; toS: number; share: number; count: number } | undefined
  // Stretches of bins with failures, a gap of two bins apart.
  for (let i = 0; i < binCount; i++) {
    if (!((failed[i] as number) > 0)) continue
    let [last, bad, all] = [i, 0, 0]
    for (let j = i; j < binCount && j - last <= 2; j++) {
      if ((failed[j] as number) > 0) last = j
    }
    for (let j = i; j <= last; j++) {
      bad += (failed[j] as number) * binS
      all += Math.max(requestsPerS[j] || 0, failed[j] as number) * binS
    }
    if (bad >= fewest && bad / all >= burstShare && bad > (best?.count ?? 0)) {
      best = { fromS: i * binS, toS: (last + 1) * binS, share: bad / all, count: bad }
    }
    i = last
  }
  return best
}

function spanOf(facts: RunFacts, failures: readonly FailureKind[]): { fromS?: number; toS?: number } {
  const { binS } = facts.evidence
  const bins = failures.flatMap(({ perS }) => [...perS.keys()].filter((i) => (perS[i] as number) > 0))
  return bins.length === 0
    ? {}
    : { fromS: bins.reduce((a, b) => Math.min(a, b)) * binS, toS: (bins.reduce((a, b) => Math.max(a, b)) + 1) * binS }
}

/**
 * The arithmetic of error budgets. `burn rate` 1 spends the whole budget in exactly the window.
 * Source: Google, The Site Reliability Workbook, chapter 2 "Implementing SLOs" and chapter 5 "Alerting on SLOs".
 */
export interface Budget {
  readonly total: number
  readonly bad: number
  /** Bad events that the target allows among so many. */
  readonly allowed: number
  /** Share of the budget left, below 0 when it is overspent; null without events. */
  readonly remaining: number | null
  /** Bad share over the share that may be bad; null without events, infinite where none may be. */
  readonly burnRate: number | null
}

/** @param target  share of good events, 0..1 */
export function budgetOf(target: number, bad: number, total: number): Budget {
  const share = allowedShare(target)
  const allowed = share * total
  if (total === 0) return { total, bad, allowed, remaining: null, burnRate: null }
  const burnRate = bad === 0 ? 0 : bad / total / share
  return { total, bad, allowed, remaining: bad === 0 ? 1 : 1 - bad / allowed, burnRate }
}

/** 1 - 0.999 is 0.0010000000000000009; the promise is 0.001. */
export function allowedShare(target: number): number {
  return Number((1 - target).toPrecision(12))
}

/** Days until the whole budget of the window is spent at this rate; null when it is not being spent. */
export function exhaustedInDays(burnRate: number, windowDays: number): number | null {
  return burnRate <= 0 ? null : windowDays / burnRate
}

/** Burn rate that spends this share of the budget within so many hours. */
export function burnRateOf(budgetShare: number, hours: number, windowDays: number): number {
  return Number(((budgetShare * windowDays * 24) / hours).toPrecision(12))
}

/**
 * Seconds until an alert on this burn rate over this window fires, once errors begin; null when they are too few to.
 * @param errorShare  of the events while it lasts
 */
export function detectionS(target: number, burnRate: number, windowS: number, errorShare: number): number | null {
  const wait = (allowedShare(target) / errorShare) * windowS * burnRate
  return errorShare > 0 && wait <= windowS ? wait : null
}

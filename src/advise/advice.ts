/** Advice as all advisers make it: ids that stay the same from run to run, texts without control characters. */
import { type FindingInit, makeFinding } from '#diagnose/finding.js'
import type { AdviceDetails } from '#record/index.js'
import type { Advice, AdvisorAnswer } from './types.js'

export interface AdviceInit extends Omit<FindingInit, 'rule'> {
  /** The adviser's name. */
  readonly advisor: string
  readonly advice: AdviceDetails
}

export function makeAdvice({ advisor, advice, ...finding }: AdviceInit): Advice {
  return { ...makeFinding({ ...finding, rule: advisor }), rule: `advise/${advisor}`, advice }
}

export const nothing: AdvisorAnswer = { advice: [], fine: [], notAssessed: [] }

export function notAssessed(why: string): AdvisorAnswer {
  return { ...nothing, notAssessed: [why] }
}

/** Advice, or the word that all is well. */
export function answer(advice: readonly Advice[], otherwise: string): AdvisorAnswer {
  return advice.length > 0 ? { ...nothing, advice } : { ...nothing, fine: [otherwise] }
}

/** What a rule is: it reads the evidence, and answers what it found, that all is well, or why it cannot tell. */
import type { Finding, FindingKind } from '#record/findings.js'
import type { RunFacts } from '../facts.js'

export interface Rule {
  /** Also the name for `--rule`: `pool-exhausted`. */
  readonly name: string
  readonly kinds: readonly FindingKind[]
  /** What it looks at and when it speaks, for `--explain`. */
  readonly explains: string
  assess(facts: RunFacts): Promise<RuleAnswer> | RuleAnswer
}

export interface RuleAnswer {
  readonly findings: readonly Finding[]
  /** With no finding: what was looked at and is well, with its number. */
  readonly fine?: string
  /** With no finding: what was missing to tell. */
  readonly notAssessed?: string
}

export function fine(text: string): RuleAnswer {
  return { findings: [], fine: text }
}

export function notAssessed(why: string): RuleAnswer {
  return { findings: [], notAssessed: why }
}

/** Findings, or the word that all is well. */
export function found(findings: readonly Finding[], otherwise: string): RuleAnswer {
  return findings.length > 0 ? { findings } : fine(otherwise)
}

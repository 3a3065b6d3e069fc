import type { FaultPair } from '../manifest.mjs'

export interface JudgedFinding {
  readonly kind: string
  readonly severity: string
  readonly where: Readonly<Record<string, unknown>>
}
export interface JudgedSide {
  readonly findings: readonly JudgedFinding[]
  readonly error?: string
}
export function judge(
  pair: Pick<FaultPair, 'kind' | 'place' | 'also'>,
  faulty: JudgedSide,
  healthy: JudgedSide,
): {
  readonly found: boolean
  readonly why: string
  readonly right: readonly JudgedFinding[]
  readonly wrong: readonly { readonly side: 'faulty' | 'healthy'; readonly finding: JudgedFinding }[]
}

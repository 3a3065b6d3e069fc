import type { BadWindow, Stage } from '#record/analysis.js'
import type { Evidence } from './evidence.js'

export function badWindows(_evidence: Evidence, _stages: readonly Stage[]): readonly BadWindow[] {
  return []
}

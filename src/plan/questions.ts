/** From what somebody wants to know to the type of the test, and from the kind of service to its objectives. */
import type { TestType } from '#record/analysis.js'
import type { PlanSlo, Question, ServiceType } from './schema.js'

export interface QuestionWords {
  readonly question: Question
  readonly asks: string
  readonly type: TestType
}

/** The decision tree. */
export const decisionTree: readonly QuestionWords[] = [
  { question: 'expected', asks: 'Can it handle the expected traffic?', type: 'load' },
  { question: 'capacity', asks: 'What is the most that it can do, and how does it fail beyond?', type: 'stress' },
  { question: 'stability', asks: 'Does it stay stable over hours?', type: 'soak' },
  { question: 'spike', asks: 'Does it survive a sudden spike, and come back?', type: 'spike' },
  { question: 'works', asks: 'Does it work at all?', type: 'smoke' },
]

/**
 * @param knowsTraffic  False where nobody said what to expect: a search for the limit then has no peak to step around, and
 *   climbs until something breaks.
 */
export function typeFor(question: Question, knowsTraffic: boolean): TestType {
  if (question === 'capacity' && !knowsTraffic) return 'breakpoint'
  return decisionTree.find((row) => row.question === question)?.type ?? 'load'
}

export function questionFor(type: TestType): Question {
  if (type === 'breakpoint') return 'capacity'
  return decisionTree.find((row) => row.type === type)?.question ?? 'expected'
}

/** p95, p99 and availability that such a service is usually held to. */
export const sloByService: Readonly<Record<ServiceType, Required<PlanSlo>>> = {
  'user-facing-api': { p95: '200ms', p99: '500ms', availability: '99.9%' },
  'internal-api': { p95: '100ms', p99: '300ms', availability: '99.5%' },
  database: { p95: '50ms', p99: '100ms', availability: '99.99%' },
  'background-job': { p95: '5s', p99: '10s', availability: '99%' },
  'real-time-api': { p95: '50ms', p99: '100ms', availability: '99.95%' },
}

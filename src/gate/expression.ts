import { parseGoFloat } from '#metrics/index.js'

/**
 * Threshold expressions: `aggregation operator number`, for example `p(99.9) < 300`.
 * Source: grafana.com/docs/k6, "Thresholds", and what k6 v2.2 accepts and refuses, tried one by one.
 */
export interface ThresholdExpression {
  readonly aggregation: Aggregation
  /** The left side as it was written: `p(99.9)`. */
  readonly label: string
  readonly operator: Operator
  readonly value: number
}

export type AggregationMethod = 'value' | 'count' | 'rate' | 'avg' | 'min' | 'med' | 'max' | 'p'
export interface Aggregation {
  readonly method: AggregationMethod
  /** The N of `p(N)`, 0..100. */
  readonly percentile: number
}

/** In the order in which k6 looks for them: the first that occurs anywhere with text behind it wins. */
const OPERATORS = ['<=', '<', '>=', '>', '===', '==', '!='] as const
export type Operator = (typeof OPERATORS)[number]

const METHODS: readonly AggregationMethod[] = ['value', 'count', 'rate', 'avg', 'min', 'med', 'max', 'p']

/** @returns the expression, or k6's words on what is wrong with it (its spelling included) */
export function parseExpression(source: string): ThresholdExpression | { readonly problem: string } {
  const scanned = scan(source)
  if (scanned === undefined) {
    return { problem: `failed parsing threshold expression ${quoted(source)}; reason: malformed threshold expression` }
  }
  const aggregation = parseAggregation(scanned.left)
  if (typeof aggregation === 'string') {
    return { problem: `failed parsing threshold expression's ${quoted(source)} left hand side; reason: ${aggregation}` }
  }
  const value = parseGoFloat(scanned.right)
  if (typeof value === 'string') {
    const reason = `strconv.ParseFloat: parsing ${quoted(scanned.right)}: ${value}`
    return { problem: `failed parsing threshold expresion's ${quoted(source)} right hand side; reason: ${reason}` }
  }
  return { aggregation, label: scanned.left, operator: scanned.operator, value }
}

/** True when `left operator right`; NaN compares as in any IEEE arithmetic. */
export function holds(left: number, operator: Operator, right: number): boolean {
  switch (operator) {
    case '<=':
      return left <= right
    case '<':
      return left < right
    case '>=':
      return left >= right
    case '>':
      return left > right
    case '===':
    case '==':
      return left === right
    case '!=':
      return left !== right
  }
}

function scan(source: string): { left: string; operator: Operator; right: string } | undefined {
  for (const operator of OPERATORS) {
    const at = source.indexOf(operator)
    if (at < 0 || at + operator.length === source.length) continue
    return { left: source.slice(0, at).trim(), operator, right: source.slice(at + operator.length).trim() }
  }
  return undefined
}

function parseAggregation(text: string): Aggregation | string {
  const method = METHODS.find((known) => known === text)
  // A bare `p` is accepted by k6 and means p(0).
  if (method !== undefined) return { method, percentile: 0 }
  if (!text.startsWith('p(') || !text.endsWith(')')) return 'failed parsing method from expression'
  const inner = text.slice(2, -1)
  const percentile = parseGoFloat(inner)
  if (typeof percentile === 'string') {
    return `malformed percentile value; reason: strconv.ParseFloat: parsing ${quoted(inner)}: ${percentile}`
  }
  if (!(percentile >= 0 && percentile <= 100)) {
    return 'malformed percentile value, provide a number between 0 and 100'
  }
  return { method: 'p', percentile }
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

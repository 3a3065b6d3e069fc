/**
 * CPU of a request of each endpoint from outside, in any language: the CPU of the process second by second is the sum
 * over endpoints of requests x cost, and of what it costs to be idle. Non-negative least squares (Lawson and Hanson
 * 1974, here by coordinate descent). An estimate: it rests on the endpoints' rates going up and down independently.
 */

export interface CostSecond {
  /** CPU of the process in this second, seconds. */
  readonly cpuS: number
  /** Requests that ended in it, by endpoint. */
  readonly requests: ReadonlyMap<string, number>
}

export interface EndpointCost {
  readonly endpoint: string
  readonly requests: number
  /** Microseconds; null where its rate moved with another's, so that they cannot be told apart. */
  readonly cpuUsPerRequest: number | null
}

/** Endpoints that are told apart; the rest counts as background. */
const maxEndpoints = 30
const fewSeconds = 10
/** Variance inflation above which a cost is noise: 1 / (1 - R2) of its rate on the others'. */
const maxInflation = 10

export function endpointCosts(seconds: readonly CostSecond[]): EndpointCost[] {
  const totals = new Map<string, number>()
  for (const { requests } of seconds)
    for (const [endpoint, count] of requests) totals.set(endpoint, (totals.get(endpoint) ?? 0) + count)
  const endpoints = [...totals.entries()].sort((a, b) => b[1] - a[1]).slice(0, maxEndpoints)
  if (seconds.length < fewSeconds) {
    return endpoints.map(([endpoint, requests]) => ({ endpoint, requests, cpuUsPerRequest: null }))
  }
  const columns = endpoints.map(([endpoint]) => seconds.map(({ requests }) => requests.get(endpoint) ?? 0))
  const design = [...columns, seconds.map(() => 1)]
  const costs = nonNegativeLeastSquares(
    design,
    seconds.map(({ cpuS }) => cpuS),
  )
  return endpoints.map(([endpoint, requests], i) => {
    const apart = endpoints.length === 1 ? varies(columns[i] as number[]) : inflation(design, i) <= maxInflation
    return { endpoint, requests, cpuUsPerRequest: apart ? (costs[i] as number) * 1e6 : null }
  })
}

/** @param columns  one array of equal length for each unknown */
export function nonNegativeLeastSquares(columns: readonly (readonly number[])[], y: readonly number[]): number[] {
  const gram = columns.map((a) => columns.map((b) => dot(a, b)))
  const right = columns.map((a) => dot(a, y))
  const x = columns.map(() => 0)
  for (let pass = 0; pass < 5000; pass++) {
    let moved = 0
    for (const [i, row] of gram.entries()) {
      const own = row[i] as number
      if (own === 0) continue
      const next = Math.max(0, (x[i] as number) + ((right[i] as number) - dot(row, x)) / own)
      moved = Math.max(moved, Math.abs(next - (x[i] as number)) * Math.sqrt(own))
      x[i] = next
    }
    if (moved < 1e-12) break
  }
  return x
}

/** How much the other columns' likeness inflates the variance of this one's coefficient. */
function inflation(columns: readonly (readonly number[])[], index: number): number {
  const y = columns[index] as readonly number[]
  const others = columns.filter((_, i) => i !== index)
  const spread = squares(y, () => mean(y))
  if (spread === 0) return Number.POSITIVE_INFINITY
  const weights = leastSquares(others, y)
  const left = squares(y, (i) =>
    others.reduce((sum, column, k) => sum + (column[i] as number) * (weights[k] as number), 0),
  )
  return left <= 0 ? Number.POSITIVE_INFINITY : spread / left
}

/** Gauss-Seidel on the normal equations, with a touch of ridge so that equal columns do not blow up. */
function leastSquares(columns: readonly (readonly number[])[], y: readonly number[]): number[] {
  const x = columns.map(() => 0)
  const gram = columns.map((a) => columns.map((b) => dot(a, b)))
  const right = columns.map((a) => dot(a, y))
  for (let pass = 0; pass < 500; pass++) {
    for (const [i, row] of gram.entries()) {
      const own = (row[i] as number) * (1 + 1e-9)
      if (own > 0) x[i] = (x[i] as number) + ((right[i] as number) - dot(row, x)) / own
    }
  }
  return x
}

function varies(values: readonly number[]): boolean {
  return squares(values, () => mean(values)) > 0
}

function squares(values: readonly number[], expected: (i: number) => number): number {
  return values.reduce((sum, value, i) => sum + (value - expected(i)) ** 2, 0)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

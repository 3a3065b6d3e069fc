/**
 * Which endpoint something belongs to, from outside: its amount per second is compared with the endpoints' rates second
 * by second. Rates that always go up and down together cannot be told apart by it; then words in names decide, or nobody.
 */
import type { Endpoint, Evidence } from './evidence.js'
import type { Column } from './grid.js'
import type { Mask } from './measure.js'
import { isRead, tablesIn } from './statements.js'

export interface EndpointFit {
  readonly endpoint: Endpoint
  /** Amount per request of this endpoint. */
  readonly perRequest: number
  /** Share of the amount's ups and downs that the endpoint's rate explains, 0..1. */
  readonly r2: number
  /** How it is known: it is the only endpoint of note, by its ups and downs, or by words that both names have. */
  readonly by: 'only' | 'rate' | 'words'
}

/** Requests that an endpoint must have to be fitted. */
const fewestRequests = 20
/** A fit has to explain so much, and more than the rate of all requests together. */
const leastR2 = 0.35
const leastLead = 0.05
/** Endpoints whose fits differ by less are not told apart by it. */
const alike = 0.2

/**
 * @param amount  per second
 * @param words   a statement or a name, whose words may also be in the endpoint's
 * @param eachMs  how long one of them takes: a request that is shorter cannot wait for it
 * @returns undefined when it cannot be tied to one endpoint
 */
export function fitToEndpoint(
  evidence: Evidence,
  amount: Column,
  mask: Mask,
  words = '',
  eachMs = 0,
): EndpointFit | undefined {
  const endpoints = evidence.endpoints.filter(
    ({ total }) => total.requests >= fewestRequests && (total.latency.quantile(0.9) ?? 0) >= eachMs,
  )
  const all = evidence.endpoints.reduce((sum, { total }) => sum + total.requests, 0)
  const total = totals(amount, mask)
  if (endpoints.length === 0 || total.count === 0) return undefined
  const ratio = (endpoint: Endpoint): number => {
    const rate = totals(endpoint.columns.requestsPerS, mask)
    return rate.sum === 0 ? 0 : total.sum / total.count / (rate.sum / rate.count)
  }
  const [first] = endpoints.toSorted((a, b) => b.total.requests - a.total.requests) as [Endpoint]
  if (first.total.requests >= 0.9 * all) return { endpoint: first, perRequest: ratio(first), r2: 1, by: 'only' }
  // Ramps tell endpoints apart better than a steady stretch does, so all of the run counts here.
  const fits = endpoints
    .map((endpoint) => ({ endpoint, ...throughOrigin(amount, endpoint.columns.requestsPerS) }))
    .sort((a, b) => b.r2 - a.r2)
  const best = fits[0] as (typeof fits)[number]
  const whole = throughOrigin(amount, evidence.load.requestsPerS).r2
  const perRequest = ({ endpoint, slope }: (typeof fits)[number]): number => {
    const most = ratio(endpoint)
    return slope >= 0.5 * most ? most : slope
  }
  if (best.r2 >= leastR2 && best.r2 >= whole + leastLead) {
    // Requests that follow each other closely have one rate: then words tell, and whether both read or both write.
    const near = fits.filter(({ r2 }) => r2 >= best.r2 - alike)
    const [chosen = best] = byWords(near, words)
    return { endpoint: chosen.endpoint, perRequest: perRequest(chosen), r2: chosen.r2, by: 'rate' }
  }
  // What another endpoint explains far better is not this one's, whatever it is called.
  const [named, ...others] = byWords(
    fits.filter(({ r2 }) => r2 >= best.r2 - 2 * alike),
    words,
  )
  return named === undefined || others.length > 0
    ? undefined
    : { endpoint: named.endpoint, perRequest: perRequest(named), r2: Math.max(0, named.r2), by: 'words' }
}

/**
 * Least squares of y = k x, where y's seconds may begin up to one second after x's: collectors read at their own moment.
 * R2 is about the mean, so a model that only has the level right explains nothing.
 */
function throughOrigin(y: Column, x: Column): { slope: number; r2: number } {
  let best = { slope: 0, r2: Number.NEGATIVE_INFINITY }
  for (const shift of [0, 0.25, 0.5, 0.75, 1]) {
    let [n, xx, xy, sy, syy] = [0, 0, 0, 0, 0]
    for (let i = 1; i < y.length; i++) {
      // An endpoint without a reading in a second had no request in it.
      const [now, before, value] = [x[i] || 0, x[i - 1] || 0, y[i] as number]
      if (value !== value) continue
      const rate = (1 - shift) * now + shift * before
      n++
      xx += rate * rate
      xy += rate * value
      sy += value
      syy += value * value
    }
    const spread = syy - (sy * sy) / Math.max(1, n)
    if (n < 5 || xx === 0 || spread <= 1e-9 * syy) continue
    const slope = xy / xx
    const left = syy - 2 * slope * xy + slope * slope * xx
    const r2 = 1 - left / spread
    if (r2 > best.r2) best = { slope, r2 }
  }
  return best
}

interface Fit {
  readonly endpoint: Endpoint
  readonly slope: number
  readonly r2: number
}

/**
 * Those whose names share most words with a text, in their order; none when no name shares any. The first table of a
 * statement counts twice, and reading or writing alike half.
 */
function byWords(fits: readonly Fit[], text: string): Fit[] {
  const tables = tablesIn(text)
  const weights = new Map<string, number>()
  for (const [i, name] of (tables.length > 0 ? tables : [text]).entries()) {
    for (const word of stems(name))
      weights.set(word, Math.max(weights.get(word) ?? 0, i === 0 && tables.length > 1 ? 2 : 1))
  }
  const writes = !isRead(text)
  const scored = fits.map((fit) => {
    const shared = stems(fit.endpoint.name).reduce((sum, word) => sum + (weights.get(word) ?? 0), 0)
    const method = tables.length > 0 && /^(POST|PUT|PATCH|DELETE) /.test(fit.endpoint.name) === writes ? 0.5 : 0
    return { fit, score: shared === 0 ? 0 : shared + method }
  })
  const most = Math.max(0, ...scored.map(({ score }) => score))
  return most === 0 ? [] : scored.filter(({ score }) => score === most).map(({ fit }) => fit)
}

/** `GET /order-lines/:id` has order, line; `orders` has order. */
function stems(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z]{3,}/g) ?? []
  return [
    ...new Set(words.filter((word) => !common.has(word)).map((word) => word.replace(/ies$/, 'y').replace(/s$/, ''))),
  ]
}

const common = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'http', 'https', 'api', 'the', 'for'])

function totals(column: Column, mask: Mask): { sum: number; count: number } {
  let [sum, count] = [0, 0]
  for (let i = 0; i < column.length; i++) {
    const value = column[i] as number
    if (value !== value || !mask(i)) continue
    sum += value
    count++
  }
  return { sum, count }
}

/**
 * Which endpoint something belongs to, from outside: its amount per second is compared with the endpoints' rates second
 * by second. Rates that always go up and down together cannot be told apart by it; then words in names decide, or nobody.
 */
import type { Endpoint, Evidence } from './evidence.js'
import type { Column } from './grid.js'
import type { Mask } from './measure.js'

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
const fewestRequests = 10
/** A fit has to explain so much, and so much more than the rate of all requests together. */
const leastR2 = 0.5
const leastLead = 0.1

/**
 * @param amount  per second
 * @param words   a statement or a name, whose words may also be in the endpoint's
 * @returns undefined when it cannot be tied to one endpoint
 */
export function fitToEndpoint(evidence: Evidence, amount: Column, mask: Mask, words = ''): EndpointFit | undefined {
  const endpoints = evidence.endpoints.filter(({ total }) => total.requests >= fewestRequests)
  const all = evidence.endpoints.reduce((sum, { total }) => sum + total.requests, 0)
  const total = totals(amount, mask)
  if (endpoints.length === 0 || total.count === 0) return undefined
  const ratio = (endpoint: Endpoint): number => {
    const rate = totals(endpoint.columns.requestsPerS, mask)
    return rate.sum === 0 ? 0 : total.sum / total.count / (rate.sum / rate.count)
  }
  const [first] = endpoints.toSorted((a, b) => b.total.requests - a.total.requests) as [Endpoint]
  if (first.total.requests >= 0.9 * all) return { endpoint: first, perRequest: ratio(first), r2: 1, by: 'only' }
  const fits = endpoints
    .map((endpoint) => ({ endpoint, ...throughOrigin(amount, endpoint.columns.requestsPerS, mask) }))
    .sort((a, b) => b.r2 - a.r2)
  const best = fits[0] as (typeof fits)[number]
  const second = fits[1]?.r2 ?? 0
  const whole = throughOrigin(amount, evidence.load.requestsPerS, mask).r2
  if (best.r2 >= leastR2 && best.r2 >= whole + leastLead && best.r2 >= second + leastLead / 2) {
    return { endpoint: best.endpoint, perRequest: best.slope, r2: best.r2, by: 'rate' }
  }
  const named = byWords(endpoints, words)
  if (named === undefined) return undefined
  const fit = fits.find(({ endpoint }) => endpoint === named)
  // What another endpoint explains far better is not this one's, whatever it is called.
  return fit !== undefined && fit.r2 >= best.r2 - 0.3
    ? { endpoint: named, perRequest: ratio(named), r2: Math.max(0, fit.r2), by: 'words' }
    : undefined
}

/**
 * Least squares of y = k x, where y's seconds may begin up to one second after x's: collectors read at their own moment.
 * R2 is about the mean, so a model that only has the level right explains nothing.
 */
function throughOrigin(y: Column, x: Column, mask: Mask): { slope: number; r2: number } {
  let best = { slope: 0, r2: Number.NEGATIVE_INFINITY }
  for (const shift of [0, 0.25, 0.5, 0.75, 1]) {
    let [n, xx, xy, sy, syy] = [0, 0, 0, 0, 0]
    for (let i = 1; i < y.length; i++) {
      const [now, before, value] = [x[i] as number, x[i - 1] as number, y[i] as number]
      if (now !== now || before !== before || value !== value || !mask(i)) continue
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

/** The endpoint that shares most words with the text, when no other shares as many. */
function byWords(endpoints: readonly Endpoint[], text: string): Endpoint | undefined {
  const words = stems(text)
  if (words.size === 0) return undefined
  const scored = endpoints
    .map((endpoint) => ({ endpoint, score: [...stems(endpoint.name)].filter((word) => words.has(word)).length }))
    .sort((a, b) => b.score - a.score)
  const [best, second] = scored
  return best !== undefined && best.score > 0 && best.score > (second?.score ?? 0) ? best.endpoint : undefined
}

/** `GET /order-lines/:id` has order, line; `orders` has order. */
function stems(text: string): Set<string> {
  const words = text.toLowerCase().match(/[a-z]{3,}/g) ?? []
  return new Set(words.filter((word) => !common.has(word)).map((word) => word.replace(/ies$/, 'y').replace(/s$/, '')))
}

const common = new Set(
  'get post put patch delete head http https api the and from where select order limit offset insert into values update set with join left inner group having count sum min max distinct case when then else end not null all any for returning'.split(
    ' ',
  ),
)

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

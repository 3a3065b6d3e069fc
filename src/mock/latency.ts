/** How long a stand-in takes to answer. */
import type { Random } from '#base/random.js'
import { seconds } from '#plan/units.js'

/** Times in Go's notation; `recorded` in milliseconds. */
export type Latency =
  | string
  | { readonly uniform: readonly [string, string] }
  | { readonly mean: string; readonly sd: string }
  | { readonly median: string; readonly p99: string }
  | { readonly recorded: readonly number[] }

/** @returns milliseconds, at least 0 */
export type LatencySampler = () => number

/** Standard normal quantile of 0.99. */
const z99 = 2.3263478740408408

/**
 * Fixed, uniform, normal (cut at 0), lognormal by its median and p99 (what answers over a network look like: a body and a
 * long tail), or as recorded (drawn between neighbours of the sorted values).
 */
export function latencySampler(latency: Latency, random: Random): LatencySampler {
  if (typeof latency === 'string') {
    const ms = seconds(latency) * 1000
    return () => ms
  }
  if ('uniform' in latency) {
    const [low, high] = latency.uniform.map((text) => seconds(text) * 1000) as [number, number]
    return () => low + random() * (high - low)
  }
  if ('mean' in latency) {
    const [mean, sd] = [seconds(latency.mean) * 1000, seconds(latency.sd) * 1000]
    return () => Math.max(0, mean + sd * normal(random))
  }
  if ('median' in latency) {
    const [median, p99] = [seconds(latency.median) * 1000, seconds(latency.p99) * 1000]
    const [mu, sigma] = [Math.log(median), Math.log(p99 / median) / z99]
    return () => Math.exp(mu + sigma * normal(random))
  }
  const sorted = latency.recorded.toSorted((a, b) => a - b)
  return () => {
    const at = random() * (sorted.length - 1)
    const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0]
    return low + (at - Math.floor(at)) * (high - low)
  }
}

/** Box and Muller, 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

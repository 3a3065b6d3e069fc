/** Words of k6's progress lines. */
import { formatDuration, formatFixedDuration } from '#base/duration.js'
import type { ScenarioProgress } from './types.js'

/** 0..1, never beyond. */
export function share(done: number, total: number): number {
  return total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
}

export function count(n: number, unit: string): string {
  return `${n} ${unit}`
}

/** As wide as the largest value will be, so that the line does not jump: with zeros, as k6 pads. */
export function padded(n: number, max: number): string {
  return String(n).padStart(String(max).length, '0')
}

/** `05.0s/10s` while it runs, `10s` afterwards. */
export function elapsedLabel(spentNs: number, durationNs: number): string {
  const whole = formatDuration(durationNs)
  return spentNs > durationNs ? whole : `${formatFixedDuration(Math.max(0, spentNs), durationNs)}/${whole}`
}

/** `300.00 iters/s`, as wide as the highest rate. */
export function rateLabel(perS: number, maxPerS: number): string {
  return `${perS.toFixed(2).padStart(maxPerS.toFixed(2).length, '0')} iters/s`
}

/** Progress of an executor that ends after so many iterations, or at its maxDuration if that comes first. */
export function iterationProgress(
  of: { readonly done: number; readonly total: number; readonly vus: number; readonly words: string },
  spentNs: number,
  maxDurationNs: number,
): ScenarioProgress {
  return {
    done: spentNs > maxDurationNs ? 1 : share(of.done, of.total),
    labels: [
      count(of.vus, 'VUs'),
      elapsedLabel(spentNs, maxDurationNs),
      `${padded(of.done, of.total)}/${of.total} ${of.words}`,
    ],
    askedPerS: undefined,
  }
}

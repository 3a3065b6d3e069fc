// The little statistics that the benchmark tables need.

export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const mid = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2
}

/** Least squares of [x, y] points: slope with its 95 % interval, errors taken as independent. */
export function regression(points) {
  const n = points.length
  const mx = points.reduce((sum, [x]) => sum + x, 0) / n
  const my = points.reduce((sum, [, y]) => sum + y, 0) / n
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx
  const error = Math.sqrt(
    points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0) / Math.max(1, n - 2) / sxx,
  )
  return { slope, low: slope - 1.96 * error, high: slope + 1.96 * error }
}

export function format(value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** 'median [min-max]', or '-' when there is nothing to show. */
export function showSpread(s, digits = 0) {
  return s === undefined ? '-' : `${format(s.median, digits)} [${format(s.min, digits)}-${format(s.max, digits)}]`
}

/** Median of paired ratios with its 95 % bootstrap interval (percentile, 10,000 resamples, the same draws every time). */
export function pairedInterval(ratios) {
  let state = 20261123
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const medians = Array.from({ length: 10_000 }, () =>
    median(ratios.map(() => ratios[Math.floor(random() * ratios.length)])),
  ).sort((a, b) => a - b)
  return { middle: median(ratios), low: medians[250], high: medians[9750] }
}

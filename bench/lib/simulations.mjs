// Noise with a known truth, for `npm run bench -- statistics` and the tests that hold its bounds.

/** Standard normal values (Box and Muller 1958). */
export function gaussian(random) {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** First-order autoregressive noise of standard deviation 1 that began long ago; a random walk of unit steps at rho 1. */
export function autoregressive(n, rho, normal) {
  const step = rho < 1 ? Math.sqrt(1 - rho * rho) : 1
  let value = rho < 1 ? normal() : 0
  return Array.from({ length: n }, () => {
    value = rho * value + step * normal()
    return value
  })
}

/**
 * How often noise alone is called growth, and how often growth of the size that the method itself states is found.
 * @param stats  src/stats/index.js or what dist has of it
 */
export function leakTest(stats, { n, rho, runs, powerRuns, random, level = 0.01 }) {
  const normal = gaussian(random)
  const x = Array.from({ length: n }, (_, i) => i)
  const counts = { alarms: 0, byBlocks: 0, found: 0, missed: 0 }
  const detectable = []
  for (let run = 0; run < runs; run++) {
    const noise = autoregressive(n, rho, normal)
    const growth = stats.growthOf(x, noise, level)
    if (growth === undefined) continue
    if (growth.method === 'blocks') counts.byBlocks++
    detectable.push(growth.detectable * n)
    if (stats.isMoving(growth, level)) counts.alarms++
    if (run >= powerRuns) continue
    const leak = noise.map((value, i) => value + growth.detectable * i)
    const grown = stats.growthOf(x, leak, level)
    if (stats.isMoving(grown, level)) counts.found++
    else counts.missed++
  }
  return {
    n,
    rho,
    runs,
    alarms: counts.alarms / runs,
    byBlocks: counts.byBlocks / runs,
    power: counts.found / Math.max(1, counts.found + counts.missed),
    detectable: stats.median(detectable),
  }
}

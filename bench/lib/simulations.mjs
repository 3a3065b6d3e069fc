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

/** Throughput of a closed system of `servers` with exponential service and think times (machine repairman, exact). */
export function closedThroughput(n, servers, serviceS, thinkS) {
  if (thinkS === 0) return Math.min(n, servers) / serviceS
  // Chances of k at the servers, up to a factor; by recurrence, scaled as it goes.
  let weight = 1
  let [all, busy] = [1, 0]
  for (let k = 1; k <= n; k++) {
    weight *= ((n - k + 1) * serviceS) / (thinkS * Math.min(k, servers))
    all += weight
    busy += Math.min(k, servers) * weight
  }
  return busy / all / serviceS
}

/** Erlang's C: chance that an arrival of an open M/M/c system waits, and the mean time in the system. */
export function openQueue(arrivalsPerS, servers, serviceS) {
  const offered = arrivalsPerS * serviceS
  if (offered >= servers) return { waits: 1, timeS: Number.POSITIVE_INFINITY }
  let blocking = 1
  for (let k = 1; k <= servers; k++) blocking = (offered * blocking) / (k + offered * blocking)
  const waits = blocking / (1 - (offered / servers) * (1 - blocking))
  return { waits, timeS: serviceS + (waits * serviceS) / (servers - offered) }
}

/**
 * How often a knee is reported, and how often its interval holds the true one.
 * @param throughputAt  the truth
 * @param truth         the true knee
 */
export function kneeTest(stats, { loads, throughputAt, truth, noise, runs, random, rounds = 200 }) {
  const normal = gaussian(random)
  const counts = { reached: 0, held: 0, cannotTell: 0 }
  const found = []
  for (let run = 0; run < runs; run++) {
    const points = loads.map((load) => ({ load, throughput: throughputAt(load) * Math.exp(noise * normal()) }))
    const knee = stats.findKnee(points, rounds, run + 1)
    if (knee.verdict === 'cannot-tell') counts.cannotTell++
    if (knee.verdict !== 'reached') continue
    counts.reached++
    found.push(knee.at)
    if (knee.low <= truth && truth <= knee.high) counts.held++
  }
  return {
    reached: counts.reached / runs,
    cannotTell: counts.cannotTell / runs,
    held: counts.reached === 0 ? undefined : counts.held / counts.reached,
    median: stats.median(found),
  }
}

/** Seconds of a run whose response times share slow moods: log-normal requests around an autoregressive level. */
export function moodySeconds({ seconds, perSecond, rho, mood, spread }, normal) {
  return autoregressive(seconds, rho, normal).map((level) =>
    Array.from({ length: perSecond }, () => 100 * Math.exp(mood * level + spread * normal())),
  )
}

/** How often the interval of a quantile holds the true one, over runs whose seconds are correlated. */
export function quantileTest(stats, { q, runs, random, zOfQ, ...shape }) {
  const normal = gaussian(random)
  const truth = 100 * Math.exp(zOfQ * Math.hypot(shape.mood, shape.spread))
  const counts = { ours: 0, binomial: 0 }
  for (let run = 0; run < runs; run++) {
    const seconds = moodySeconds(shape, normal)
    const parts = seconds.map((values) => {
      const sketch = new stats.Sketch()
      for (const value of values) sketch.add(value)
      return sketch
    })
    const ours = stats.sketchQuantileInterval(parts, q)
    if (ours.low <= truth && truth <= ours.high) counts.ours++
    const plain = stats.quantileInterval(seconds.flat(), q)
    if (plain.low <= truth && truth <= plain.high) counts.binomial++
  }
  return { held: counts.ours / runs, binomial: counts.binomial / runs }
}

/** Where MSER-5 cuts a series with an exponential warm-up, and whether the halves test sees what is left. */
export function warmUpTest(stats, { n, tau, size, rho, runs, random }) {
  const normal = gaussian(random)
  const cuts = []
  let flagged = 0
  for (let run = 0; run < runs; run++) {
    const noise = autoregressive(n, rho, normal)
    const values = noise.map((value, i) => value + (tau === 0 ? 0 : size * Math.exp(-i / tau)))
    const { cut } = stats.mser5(values)
    cuts.push(cut)
    if (stats.halvesDiffer(values) < 0.01) flagged++
  }
  return { cut: stats.median(cuts), flagged: flagged / runs }
}

/** How often a history without a change shows one, and how often a step is found within two values of its place. */
export function changeTest(stats, { n, step, runs, random }) {
  const normal = gaussian(random)
  const at = Math.floor(n / 2)
  let [any, right] = [0, 0]
  for (let run = 0; run < runs; run++) {
    const values = Array.from({ length: n }, (_, i) => 100 + 4 * normal() + (i >= at ? step : 0))
    const found = stats.changePoints(values, { seed: run + 1 })
    if (found.length > 0) any++
    if (found.some((change) => Math.abs(change.at - at) <= 2)) right++
  }
  return { any: any / runs, right: right / runs }
}

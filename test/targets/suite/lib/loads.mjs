// Shapes of load, as the manifest uses them. A request is a path, or { path, method, base }.

const asked = (requests) => requests.map((request) => (typeof request === 'string' ? { path: request } : request))
const gracefulStop = '2s'

/** So many users, one after the other request, with a pause. */
export function users(vus, seconds, pauseMs, ...requests) {
  return {
    seconds,
    scenarios: { users: { executor: 'constant-vus', vus, duration: `${seconds}s`, gracefulStop } },
    journeys: { users: { pauseMs, requests: asked(requests) } },
  }
}

/** So many iterations a second, whatever the target does. */
export function rate(perS, seconds, ...requests) {
  return {
    seconds,
    scenarios: {
      arrivals: {
        executor: 'constant-arrival-rate',
        rate: perS,
        timeUnit: '1s',
        duration: `${seconds}s`,
        preAllocatedVUs: 60,
        maxVUs: 300,
        gracefulStop,
      },
    },
    journeys: { arrivals: { pauseMs: 0, requests: asked(requests) } },
  }
}

/** A ladder: each rate for `stepS` seconds. */
export function ladder(rates, stepS, ...requests) {
  return {
    seconds: rates.length * stepS,
    scenarios: {
      ladder: {
        executor: 'ramping-arrival-rate',
        startRate: rates[0],
        timeUnit: '1s',
        preAllocatedVUs: 100,
        maxVUs: 600,
        stages: rates.flatMap((target) => [
          { duration: '0s', target },
          { duration: `${stepS}s`, target },
        ]),
        gracefulStop,
      },
    },
    journeys: { ladder: { pauseMs: 0, requests: asked(requests) } },
  }
}

/** `base` iterations a second, a spike of `peak` between two stretches of it. */
export function spike({ base, peak, beforeS, spikeS, afterS }, ...requests) {
  const stage = (duration, target) => ({ duration: `${duration}s`, target })
  return {
    seconds: beforeS + spikeS + afterS + 2,
    scenarios: {
      spike: {
        executor: 'ramping-arrival-rate',
        startRate: base,
        timeUnit: '1s',
        preAllocatedVUs: 100,
        maxVUs: 3000,
        stages: [stage(beforeS, base), stage(1, peak), stage(spikeS, peak), stage(1, base), stage(afterS, base)],
        gracefulStop,
      },
    },
    journeys: { spike: { pauseMs: 0, requests: asked(requests) } },
  }
}

/** Loads side by side, each with its own users. */
export function together(loads) {
  const joined = { seconds: 0, scenarios: {}, journeys: {} }
  for (const [name, load] of Object.entries(loads)) {
    const [scenario] = Object.keys(load.scenarios)
    joined.seconds = Math.max(joined.seconds, load.seconds)
    joined.scenarios[name] = load.scenarios[scenario]
    joined.journeys[name] = load.journeys[scenario]
  }
  return joined
}

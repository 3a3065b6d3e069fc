/** From expected use to a load, by Little's law, with every number that it goes through. */
import type { PlanTraffic } from './schema.js'
import { figure, seconds, timeText } from './units.js'

export interface LoadModel {
  /** Requests a second at the peak and on average, in the tested environment. */
  readonly peakRps: number
  readonly averageRps: number
  /** Users at the same time at the peak. */
  readonly concurrentUsers: number
  /** Iterations of the script a second at the peak. */
  readonly journeysPerS: number
  /** Expected length of one iteration. */
  readonly journeyS: number
  /** VUs that the peak needs even when answers take ten times what is assumed. */
  readonly maxVus: number
  /** The derivation, a line a step. */
  readonly steps: readonly string[]
}

export type TrafficAssumptions = Required<{
  readonly [key in 'sessionsPerUser' | 'peakFactor' | 'requestsPerJourney']: number
}> & { readonly session: string; readonly thinkTime: string }

/** What is assumed where nothing was said; each is written into the plan, to be corrected. */
export const assumed: TrafficAssumptions = {
  sessionsPerUser: 1,
  session: '5m',
  thinkTime: '3s',
  // The busiest hour of a day of a service used in one region carries 2 to 4 times the average.
  peakFactor: 3,
  requestsPerJourney: 5,
}

const headroom = 1.2
/** Answers this many times slower than assumed still find a free VU. */
const slowdown = 10
const dayS = 86_400

/** True when the plan says how much to expect. */
export function knowsTraffic(traffic: PlanTraffic): boolean {
  return traffic.usersPerDay !== undefined || traffic.peakRps !== undefined
}

/**
 * Little's law, L = lambda W: users at a time = sessions begun a second x length of a session; each sends a request every
 * (think time + response time) seconds.
 * @param traffic       with `usersPerDay` or `peakRps`; the latter wins
 * @param scalingFactor of the tested environment; the load is scaled by it, because production's would break a smaller one
 *   whatever the software is like
 */
export function loadModel(traffic: PlanTraffic, responseS: number, scalingFactor = 1): LoadModel {
  const { usersPerDay, peakRps: saidRps } = traffic
  const sessionsPerUser = traffic.sessionsPerUser ?? assumed.sessionsPerUser
  const sessionS = seconds(traffic.session ?? assumed.session)
  const thinkS = seconds(traffic.thinkTime ?? assumed.thinkTime)
  const peakFactor = traffic.peakFactor ?? assumed.peakFactor
  const perJourney = traffic.requestsPerJourney ?? assumed.requestsPerJourney
  const everyS = thinkS + responseS
  const steps: string[] = []
  let productionRps: number
  let users: number
  if (saidRps !== undefined) {
    productionRps = saidRps
    users = saidRps * everyS
    steps.push(
      `peak: ${figure(saidRps)} requests/s, as given`,
      `users at a time, L = lambda W: ${figure(saidRps)}/s x (${timeText(thinkS)} think time + ${timeText(responseS)} response time) = ${figure(users)}`,
    )
  } else if (usersPerDay !== undefined) {
    const perS = (usersPerDay * sessionsPerUser) / dayS
    const peakPerS = perS * peakFactor
    users = peakPerS * sessionS
    productionRps = users / everyS
    steps.push(
      `sessions: ${figure(usersPerDay)} users a day x ${figure(sessionsPerUser)} / 86,400 s = ${figure(perS)}/s on average`,
      `peak: x ${figure(peakFactor)} (peak factor) = ${figure(peakPerS)} sessions/s`,
      `users at a time, L = lambda W: ${figure(peakPerS)}/s x ${timeText(sessionS)} = ${figure(users)}`,
      `requests: ${figure(users)} users / (${timeText(thinkS)} think time + ${timeText(responseS)} response time) = ${figure(productionRps)}/s`,
    )
  } else throw new RangeError('neither usersPerDay nor peakRps is given')
  const peakRps = productionRps * scalingFactor
  if (scalingFactor !== 1)
    steps.push(
      `this environment: x ${figure(scalingFactor)} (scaling factor) = ${figure(peakRps)} requests/s, ${figure(users * scalingFactor)} users`,
    )
  const journeysPerS = peakRps / perJourney
  const journeyS = perJourney * everyS
  const concurrentUsers = journeysPerS * journeyS
  const maxVus = Math.ceil(journeysPerS * perJourney * (thinkS + slowdown * responseS) * headroom)
  steps.push(
    `journeys: ${figure(peakRps)} requests/s / ${perJourney} requests each = ${figure(journeysPerS)}/s, each about ${timeText(journeyS)} long`,
    `VUs, L = lambda W: ${figure(journeysPerS)}/s x ${timeText(journeyS)} = ${figure(concurrentUsers)}; up to ${maxVus} for answers ${slowdown} times slower`,
  )
  return {
    peakRps,
    averageRps: peakRps / peakFactor,
    concurrentUsers,
    journeysPerS,
    journeyS,
    maxVus: Math.max(1, maxVus),
    steps,
  }
}

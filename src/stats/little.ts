/**
 * Little's law (1961): what is in the system = arrival rate x time in it, whatever the distributions.
 * @returns  measured number in flight over rate x time; 1 = the three agree; undefined where nothing arrived
 */
export function littleRatio(inFlight: number, arrivalsPerS: number, timeMs: number): number | undefined {
  const expected = (arrivalsPerS * timeMs) / 1000
  return expected > 0 ? inFlight / expected : undefined
}

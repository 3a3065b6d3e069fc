import type { Evidence } from '../../evidence.js'

/** As much of a run as its stages are told from. */
export function makeEvidence(
  scenarios: Record<string, unknown>,
  durationS: number,
  vus: readonly number[] = [],
): Evidence {
  return {
    run: { options: { scenarios } },
    durationS,
    binS: 1,
    binCount: vus.length,
    load: { vus: Float64Array.from(vus) },
  } as unknown as Evidence
}

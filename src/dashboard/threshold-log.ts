/** Thresholds as the gate judged them last, with the room that is left and the stretches in which they did not hold. */
import type { ThresholdGate } from '#gate/index.js'
import type { ThresholdState } from './wire.js'

type Results = ThresholdGate['last']['results']
/** Stretches of one threshold that are kept. */
const MAX_STRETCHES = 200

export class ThresholdLog {
  readonly #bad = new Map<string, [number, number | null][]>()

  states(results: Results, elapsedS: number): ThresholdState[] {
    return results.flatMap(({ name, results: of }) =>
      of.map(({ source, aggregation, ok, value, spec }) => {
        const { operator, limit } = rightSide(source)
        return {
          metric: name,
          source,
          aggregation,
          operator,
          limit,
          ok,
          value: value ?? null,
          margin: value === undefined ? null : marginOf(value, { operator, limit }),
          abortOnFail: spec.abortOnFail,
          bad: this.#follow(`${name} ${source}`, ok, elapsedS),
        }
      }),
    )
  }

  #follow(key: string, ok: boolean, elapsedS: number): readonly (readonly [number, number | null])[] {
    const stretches = this.#bad.get(key) ?? []
    this.#bad.set(key, stretches)
    const last = stretches.at(-1)
    const isOpen = last !== undefined && last[1] === null
    const at = Math.round(elapsedS * 10) / 10
    if (!ok && !isOpen && stretches.length < MAX_STRETCHES) stretches.push([at, null])
    else if (ok && isOpen) last[1] = at
    return stretches
  }
}

/** `p(95)<200` -> `<`, 200. The gate has parsed it before, so that it is one. */
export function rightSide(source: string): { readonly operator: string; readonly limit: number } {
  const [, operator = '', limit = ''] = /(<=|>=|===|==|!=|<|>)\s*([^<>=!]+)$/.exec(source.trim()) ?? []
  return { operator, limit: Number(limit) }
}

/** Room left as a share of the limit; negative when it is crossed, null where it makes no sense. */
export function marginOf(
  value: number,
  { operator, limit }: { readonly operator: string; readonly limit: number },
): number | null {
  if (limit === 0 || !Number.isFinite(limit)) return null
  if (operator.startsWith('<')) return (limit - value) / Math.abs(limit)
  if (operator.startsWith('>')) return (value - limit) / Math.abs(limit)
  return null
}

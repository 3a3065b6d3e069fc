/**
 * Least value of a function without derivatives (Nelder and Mead 1965, with the coefficients of Lagarias et al. 1998),
 * begun anew once from where it ended, which leaves the collapsed simplex that it is known for.
 * @param steps  size of the first simplex in each direction
 */
export function minimize(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  steps: readonly number[],
  rounds = 400,
): { readonly x: readonly number[]; readonly value: number } {
  const first = descend(f, start, steps, rounds)
  return descend(
    f,
    first.x,
    steps.map((step) => step / 5),
    rounds,
  )
}

interface Corner {
  readonly x: readonly number[]
  readonly value: number
}

function descend(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  steps: readonly number[],
  rounds: number,
): Corner {
  const corner = (x: readonly number[]): Corner => {
    const value = f(x)
    return { x, value: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value }
  }
  let corners = [
    corner(start),
    ...steps.map((step, i) => corner(start.map((value, j) => (i === j ? value + step : value)))),
  ]
  const size = start.length
  for (let round = 0; round < rounds; round++) {
    corners = corners.sort((a, b) => a.value - b.value)
    const best = corners[0]!
    const worst = corners[size]!
    if (worst.value - best.value <= 1e-14 * (Math.abs(best.value) + 1e-300)) break
    const centre = start.map((_, i) => corners.slice(0, size).reduce((sum, { x }) => sum + x[i]!, 0) / size)
    const towards = (factor: number): Corner => corner(centre.map((c, i) => c + factor * (worst.x[i]! - c)))
    const reflected = towards(-1)
    let next: Corner | undefined
    if (reflected.value < best.value) {
      const expanded = towards(-2)
      next = expanded.value < reflected.value ? expanded : reflected
    } else if (reflected.value < corners[size - 1]!.value) next = reflected
    else {
      const contracted = towards(reflected.value < worst.value ? -0.5 : 0.5)
      if (contracted.value < Math.min(reflected.value, worst.value)) next = contracted
    }
    if (next !== undefined) corners[size] = next
    else corners = corners.map(({ x }, i) => (i === 0 ? best : corner(x.map((v, j) => (v + best.x[j]!) / 2))))
  }
  return corners.reduce((least, candidate) => (candidate.value < least.value ? candidate : least))
}

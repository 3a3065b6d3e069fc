// cacheable-read: the same totals over all orders for everybody, computed for every request.
import { database, faulty } from './context.mjs'

let kept
let keptAt = Number.NEGATIVE_INFINITY

export function totals() {
  return faulty('cacheable-read') ? computeTotals() : keptTotals()
}

async function computeTotals() {
  const { rows } = await database().query(
    'select status, count(*) as orders, sum(total_cents) as cents from orders group by status order by status',
  )
  return rows
}

async function keptTotals() {
  if (performance.now() - keptAt > 60_000) {
    keptAt = performance.now()
    kept = computeTotals()
  }
  return kept
}

// error-burst: the table of rates is replaced some time after the first request, and is not there meanwhile.
import { faulty } from './context.mjs'

const table = new Map([
  ['EUR', 1],
  ['USD', 1.08],
])
let firstAt

export function rates(query) {
  firstAt ??= performance.now()
  const currency = query.get('currency') ?? 'USD'
  return { rate: faulty('error-burst') ? readReplacedTable(currency) : readTable(currency) }
}

function readTable(currency) {
  return table.get(currency) ?? null
}

function readReplacedTable(currency) {
  const second = (performance.now() - firstAt) / 1000
  if (second > 7 && second < 11) throw new Error('rates are stale: ENOENT rates-today.json')
  return readTable(currency)
}

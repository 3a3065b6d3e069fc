// over-fetching: whole rows of sixty related products, descriptions included, for a page that shows names and prices.
import { database, faulty, whole } from './context.mjs'

export function product(query) {
  const id = whole(query, 'id', 1)
  return faulty('over-fetching') ? loadWholeRows(id) : loadShownColumns(id)
}

async function loadWholeRows(id) {
  const { rows } = await database().query('select * from products where id between $1 and $1 + 59', [id])
  return rows
}

async function loadShownColumns(id) {
  const { rows } = await database().query('select id, name, price_cents from products where id between $1 and $1 + 5', [
    id,
  ])
  return rows
}

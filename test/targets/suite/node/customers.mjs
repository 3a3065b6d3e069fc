// missing-index: the fault is in the database, where the index on email is dropped; here is who asks.
import { database, whole } from './context.mjs'

export async function customerByEmail(query) {
  const { rows } = await database().query('select id, name from customers where email = $1', [query.get('email')])
  return rows
}

/** test-data-too-small: the fault is the script's, which asks for the same few customers. */
export async function customer(query) {
  const { rows } = await database().query('select id, name, city from customers where id = $1', [whole(query, 'id', 1)])
  return rows
}

// n-plus-one on Redis: a round trip for every item of the cart.
import { faulty, redis, whole } from './context.mjs'

export async function cart(query) {
  const first = whole(query, 'id', 1) % 4_000
  const keys = Array.from({ length: 40 }, (_, i) => `item:${1 + first + i}`)
  return faulty('n-plus-one-redis') ? readItemsOneByOne(keys) : readItemsAtOnce(keys)
}

async function readItemsOneByOne(keys) {
  const client = await redis()
  const items = []
  for (const key of keys) items.push(await client.get(key))
  return items
}

async function readItemsAtOnce(keys) {
  const client = await redis()
  return client.mget(keys)
}

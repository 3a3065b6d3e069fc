/**
 * The planted faults. Each is the real defect, in one function of its own next to its healthy twin, so that a profile,
 * a query log or a heap snapshot shows it where a person would look for it. With no fault on, the shop is healthy.
 */
export interface Fault {
  readonly name: FaultName
  /** The endpoint whose numbers move. */
  readonly endpoint: string
  /** Functions that hold the defect, `file: function`. */
  readonly where: string
  /** The finding kind that a diagnosis should report. */
  readonly findingKind: string
  readonly defect: string
  readonly fix: string
}

export const faultNames = [
  'n-plus-one',
  'missing-index',
  'offset-pagination',
  'over-fetching',
  'blocking-sync',
  'memory-leak',
  'small-pool',
  'slow-third-party',
  'no-cache',
] as const
export type FaultName = (typeof faultNames)[number]

export const faults: readonly Fault[] = [
  {
    name: 'n-plus-one',
    endpoint: 'GET /orders',
    where: 'app/orders.ts: loadLinesOneByOne',
    findingKind: 'n-plus-one',
    defect: 'One query for the list of orders, then one more for the lines of every order.',
    fix: 'One query for all lines: where order_id = any($1) (loadLinesAtOnce).',
  },
  {
    name: 'missing-index',
    endpoint: 'GET /search',
    where: 'database/schema.ts: index products_name_prefix; statement in app/search.ts: searchProducts',
    findingKind: 'missing-index',
    defect: 'The index on lower(name) is dropped: every search reads the whole product table.',
    fix: 'create index products_name_prefix on products (lower(name) text_pattern_ops).',
  },
  {
    name: 'offset-pagination',
    endpoint: 'GET /products',
    where: 'app/browse.ts: pageByOffset',
    findingKind: 'offset-pagination',
    defect: 'LIMIT 20 OFFSET n: the database reads and throws away n rows, so deep pages cost more and more.',
    fix: 'Keyset pagination: where (price_cents, id) > ($1, $2) (pageByKeyset).',
  },
  {
    name: 'over-fetching',
    endpoint: 'GET /products/:id',
    where: 'app/product.ts: loadEverything',
    findingKind: 'over-fetching',
    defect: 'select * of the product and of 60 related ones, descriptions included, all of it sent to the client.',
    fix: 'Only the columns that the page shows, six related products (loadProductPage).',
  },
  {
    name: 'blocking-sync',
    endpoint: 'POST /login',
    where: 'app/login.ts: hashPasswordBlocking',
    findingKind: 'event-loop-blocked',
    defect: 'pbkdf2Sync on the event loop: every other request waits until the hash is done.',
    fix: 'The asynchronous pbkdf2, which runs on the thread pool (hashPassword).',
  },
  {
    name: 'memory-leak',
    endpoint: 'POST /cart',
    where: 'app/cart.ts: rememberForEver (array cartEvents)',
    findingKind: 'memory-leak',
    defect: 'Every change of a cart is appended to a module-level array that nothing ever trims.',
    fix: 'A bounded ring of the newest entries (rememberRecent).',
  },
  {
    name: 'small-pool',
    endpoint: 'every endpoint that reads the database',
    where: 'app/connection.ts: poolSize',
    findingKind: 'pool-exhausted',
    defect: 'Two database connections, each held for a whole request: requests queue for a connection.',
    fix: 'A pool as large as the concurrency that is to be served (16).',
  },
  {
    name: 'slow-third-party',
    endpoint: 'POST /orders',
    where: 'payment-server.ts: answerLate; called from app/payment.ts: chargeCard',
    findingKind: 'slow-dependency',
    defect: 'The payment provider takes 900 ms instead of 40 ms, and the shop waits for it.',
    fix: 'Take the order at once and charge in the background, or a provider, a time limit and a retry that fit.',
  },
  {
    name: 'no-cache',
    endpoint: 'GET /categories',
    where: 'app/categories.ts: countEveryTime',
    findingKind: 'cacheable-read',
    defect: 'The same aggregate over all products is computed for every request.',
    fix: 'Keep the answer in the process for 30 s (countCached, app/cache.ts).',
  },
]

/**
 * @param list  names separated by commas; `all`; empty or `none` for the healthy shop
 * @throws Error that names the unknown fault and the known ones
 */
export function parseFaults(list: string): ReadonlySet<FaultName> {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'none')
  if (names.includes('all')) return new Set(faultNames)
  for (const name of names) {
    if (!(faultNames as readonly string[]).includes(name)) {
      throw new Error(`unknown fault "${name}"; the faults are ${faultNames.join(', ')}, all`)
    }
  }
  return new Set(names as FaultName[])
}

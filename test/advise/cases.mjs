// The cases of the acceptance: what is started, what is asked, what must be found.
import { join } from 'node:path'

const service = {
  node: ({ suite }) => `node ${join(suite, 'node', 'server.mjs')}`,
  python: ({ suite }) => `python3 ${join(suite, 'python', 'server.py')}`,
  go: ({ goBinary }) => goBinary,
}

/** A service of the fault suite, asked at `paths` through the proxies. */
const suiteCase = ({
  name,
  language,
  fault,
  paths,
  kind,
  more = () => [],
  check = () => undefined,
  database = 'postgres',
  hasDatabase = true,
  isExtra = false,
}) => ({
  name,
  isExtra,
  prepare: ({ faulty, port, world }) => ({
    args: [
      ...(hasDatabase ? ['--db', world[database].url] : []),
      '--target-cmd',
      service[language](world),
      '--source',
      join(world.suite, language),
      ...paths.flatMap((path) => ['--url', `http://127.0.0.1:${port}${path}`]),
      ...more({ port, world }),
    ],
    env: {
      FAULT: faulty ? fault : '',
      DATABASE_URL: `${world.postgres.url}?sslmode=disable`,
      REDIS_URL: world.redis.url,
    },
  }),
  check: (answer) => {
    const found = answer.advice.find((one) => one.kind === kind)
    return found === undefined ? `no ${kind}: ${JSON.stringify(answer.notAssessed)}` : check(found)
  },
  healthy: (answer) => {
    const found = answer.advice.find((one) => one.severity !== 'info')
    return found === undefined ? undefined : `false alarm: ${found.title}`
  },
})

const verified = (found, pattern) =>
  found.advice.verification.state !== 'verified'
    ? `not verified: ${found.advice.verification.how}`
    : pattern.test(JSON.stringify(found))
      ? undefined
      : `does not hold ${pattern}`

/** The demo shop with its database as a process of its own, so that the proxy stands between them. */
const demoCase = ({ name, faults, urls, more = () => [], kinds, check = () => undefined }) => ({
  name,
  prepare: async ({ faulty, port, world }) => {
    const database = await world.shopDatabase()
    const base = `http://127.0.0.1:${port}`
    return {
      args: [
        '--db',
        database,
        '--target-cmd',
        `node ${join(world.root, 'dist', 'demo', 'shop-server.js')} --port ${port} --products 20000 --faults '${faulty ? faults : ''}'`,
        '--source',
        join(world.root, 'src', 'demo'),
        '--login',
        `POST ${base}/login {"username":"user0007","password":"perfwright-demo"}`,
        ...urls(faulty).flatMap((path) => ['--url', `${base}${path}`]),
        ...more({ port, world }),
      ],
      env: { SHOP_DATABASE_URL: database },
    }
  },
  check: (answer) => {
    const missing = kinds.filter((kind) => !answer.advice.some((one) => one.kind === kind && one.severity !== 'info'))
    return missing.length > 0
      ? `no ${missing.join(', ')}: ${JSON.stringify(answer.notAssessed)}`
      : check(Object.fromEntries(kinds.map((kind) => [kind, answer.advice.find((one) => one.kind === kind)])))
  },
  healthy: (answer) => {
    const found = answer.advice.find((one) => one.severity !== 'info')
    return found === undefined ? undefined : `false alarm: ${found.title}`
  },
})

/** The service of this folder. */
const ownCase = ({ name, path, kind, databases = () => [], more = () => [], env = () => ({}), check, expect }) => ({
  name,
  expect,
  prepare: async ({ faulty, port, world }) => ({
    args: [
      ...databases(world).flatMap((uri) => ['--db', uri]),
      '--target-cmd',
      `node ${join(world.root, 'test', 'advise', 'target.mjs')}`,
      '--source',
      join(world.root, 'test', 'advise'),
      '--url',
      `http://127.0.0.1:${port}${path}`,
      ...more({ port, world }),
    ],
    env: { FAULT: faulty ? name : '', DATABASE_URL: world.postgres.url, ...env({ port, world }) },
  }),
  check: (answer) => {
    const found = answer.advice.find((one) => one.kind === kind)
    return found === undefined ? `no ${kind}: ${JSON.stringify(answer.notAssessed)}` : check(found)
  },
  healthy: (answer) => {
    const found = answer.advice.find((one) => one.kind === kind)
    return found === undefined ? undefined : `false alarm: ${found.title}`
  },
})

export const cases = [
  ownCase({
    name: 'mariadb-n-plus-one',
    path: '/mysql?limit=10',
    kind: 'n-plus-one',
    databases: (world) => [world.mariadb.url],
    env: ({ world }) => ({ MARIADB_URL: world.mariadb.url }),
    check: (found) =>
      verified(
        found,
        /select id, name from customers where id in \(\?\).*proves a query for each row|proves a query for each row.*in \(\?\)/,
      ),
  }),
  ownCase({
    name: 'http-n-plus-one',
    path: '/prices?n=12',
    kind: 'n-plus-one',
    more: ({ port }) => ['--calls', `http://127.0.0.1:${port + 1}`],
    env: ({ port }) => ({ PRICES_PORT: String(port + 1), PRICES_URL: `http://127.0.0.1:${port + 1}` }),
    check: (found) => (/price\/:id 12 times in one request/.test(found.title) ? undefined : found.title),
  }),
  ownCase({
    name: 'serial-statements',
    path: '/page?customer=77',
    kind: 'slow-dependency',
    databases: (world) => [world.postgres.url],
    check: (found) => (/Promise.all/.test(JSON.stringify(found.advice.changes)) ? undefined : 'no change'),
  }),
  ownCase({
    name: 'never-through-the-proxy',
    path: '/nothing',
    databases: (world) => [world.postgres.url],
    expect: { status: 34, stderr: /PW_WIRE_UNUSED/ },
  }),
  ownCase({
    name: 'insists-on-tls',
    path: '/tls',
    databases: (world) => [world.postgres.url],
    expect: { status: 34, stderr: /PW_WIRE_TLS/ },
  }),

  demoCase({
    name: 'demo-shop',
    faults: 'n-plus-one,offset-pagination,over-fetching',
    urls: (faulty) => [
      '/orders?limit=10',
      ...(faulty ? ['/products?cursor=o0', '/products?cursor=o15000'] : ['/products']),
      '/products/77',
    ],
    kinds: ['n-plus-one', 'offset-pagination', 'over-fetching'],
    check: (found) =>
      verified(found['n-plus-one'], /loadLinesOneByOne/) ??
      verified(found['offset-pagination'], /\(price_cents, id\) > \(\$1, \$2\)/) ??
      (/proves a query for each row/.test(JSON.stringify(found['n-plus-one'].evidence))
        ? undefined
        : 'the loop is not proven by size'),
  }),

  suiteCase({
    name: 'node-n-plus-one',
    language: 'node',
    fault: 'n-plus-one',
    paths: ['/orders?customer=77'],
    kind: 'n-plus-one',
    check: (found) => verified(found, /order_id = any\(\$1\).*loadLinesOneByOne|loadLinesOneByOne.*any\(\$1\)/),
  }),
  suiteCase({
    name: 'python-n-plus-one',
    language: 'python',
    fault: 'n-plus-one',
    paths: ['/orders?from=100'],
    kind: 'n-plus-one',
    check: (found) => verified(found, /customers where id = any/),
  }),
  suiteCase({
    name: 'go-n-plus-one',
    language: 'go',
    fault: 'n-plus-one',
    paths: ['/orders?customer=77'],
    kind: 'n-plus-one',
    check: (found) => verified(found, /any\(\$1\)/),
  }),
  suiteCase({
    name: 'python-offset-pagination',
    language: 'python',
    fault: 'offset-pagination',
    paths: ['/pages?page=1'],
    kind: 'offset-pagination',
    check: (found) => verified(found, /where orders.id >|where id >/),
  }),
  suiteCase({
    name: 'go-offset-pagination',
    language: 'go',
    isExtra: true,
    fault: 'offset-pagination',
    paths: ['/pages?page=1'],
    kind: 'offset-pagination',
    check: (found) => verified(found, /keysOf/),
  }),
  ...['node', 'python'].map((language) =>
    suiteCase({
      name: `${language}-n-plus-one-redis`,
      language,
      isExtra: language === 'python',
      fault: 'n-plus-one-redis',
      paths: ['/cart?id=7'],
      kind: 'n-plus-one',
      database: 'redis',
      check: (found) => verified(found, /mget\(keys\)/),
    }),
  ),
  ...[
    ['node', '/totals', /group by status/],
    ['python', '/catalog', /group by category/],
  ].map(([language, path, place]) =>
    suiteCase({
      name: `${language}-cacheable-read`,
      language,
      isExtra: language === 'python',
      fault: 'cacheable-read',
      paths: [path],
      kind: 'cacheable-read',
      more: ({ port, world }) => [
        '--load',
        join(world.root, 'test', 'advise', 'load.js'),
        '--load-args',
        `--no-observe -e TARGET=http://127.0.0.1:${port}${path}`,
        '--scratch',
        world.redis.url,
      ],
      check: (found) => verified(found, place),
    }),
  ),
  suiteCase({
    name: 'node-over-fetching',
    language: 'node',
    fault: 'over-fetching',
    paths: ['/product?id=7'],
    kind: 'over-fetching',
    check: (found) =>
      /description, specification/.test(found.title) && /loadWholeRows/.test(JSON.stringify(found.where))
        ? undefined
        : `not its columns or its place: ${found.title}`,
  }),
  suiteCase({
    name: 'node-event-loop-blocked',
    language: 'node',
    fault: 'event-loop-blocked',
    paths: ['/export'],
    kind: 'event-loop-blocked',
    check: (found) => (/gzipSync/.test(JSON.stringify(found)) ? undefined : 'does not name the call'),
    // The export is a file of 8 MB that is packed on purpose.
    hasDatabase: false,
  }),
]

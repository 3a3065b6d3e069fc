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
  more = [],
  check = () => undefined,
  database = 'postgres',
}) => ({
  name,
  prepare: ({ faulty, port, world }) => ({
    args: [
      '--db',
      world[database].url,
      '--target-cmd',
      service[language](world),
      '--source',
      join(world.suite, language),
      ...paths.flatMap((path) => ['--url', `http://127.0.0.1:${port}${path}`]),
      ...more,
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
    const found = answer.advice.find((one) => one.kind === kind)
    return found === undefined ? undefined : `false alarm: ${found.title}`
  },
})

const verified = (found, pattern) =>
  found.advice.verification.state !== 'verified'
    ? `not verified: ${found.advice.verification.how}`
    : pattern.test(JSON.stringify(found))
      ? undefined
      : `does not hold ${pattern}`

export const cases = [
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
]

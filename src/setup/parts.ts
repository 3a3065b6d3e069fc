/**
 * What perfwright can use beyond Node: for each part, how it is found, what it adds and how to get it. Nothing here is needed
 * for a run of a script.
 */
export interface Part {
  readonly name: string
  readonly group: 'engines' | 'profiling' | 'databases' | 'pages' | 'messages' | 'formats'
  /** What works with it, and not without. */
  readonly adds: string
  readonly get: string
  readonly find: Find
}

export type Find =
  /** On the PATH, in a variable, or in one of these places (`*` is any folder). */
  | {
      readonly program: readonly string[]
      readonly variable?: string
      readonly places?: readonly string[]
      readonly versionFlag?: string
    }
  /** A package of npm. */
  | { readonly package: string }
  /** A module of the Python on the PATH. */
  | { readonly python: string }

export const parts: readonly Part[] = [
  {
    name: 'k6',
    group: 'engines',
    adds: 'run --engine k6: scripts with extensions, a second opinion',
    get: 'go install go.k6.io/k6@latest, or a package of grafana.com/docs/k6',
    find: { program: ['k6'], variable: 'PW_K6', versionFlag: 'version' },
  },
  {
    name: 'Locust',
    group: 'engines',
    adds: 'run locustfile.py',
    get: 'pip install locust',
    find: { python: 'locust' },
  },
  {
    name: 'py-spy',
    group: 'profiling',
    adds: 'profiles of Python programs',
    get: 'pip install py-spy',
    find: { program: ['py-spy'], variable: 'PW_PYSPY' },
  },
  {
    name: 'Go',
    group: 'profiling',
    adds: 'source lines of Go profiles by go tool pprof; building the real k6',
    get: 'go.dev/dl, or apt-get install golang',
    find: { program: ['go'], versionFlag: 'version' },
  },
  {
    name: 'perf',
    group: 'profiling',
    adds: 'profiles of any native program on Linux, read by profile convert',
    get: 'apt-get install linux-perf',
    find: { program: ['perf'] },
  },
  {
    name: 'pprof-format',
    group: 'profiling',
    adds: 'profile: reading and writing pprof files',
    get: 'npm install pprof-format',
    find: { package: 'pprof-format' },
  },
  {
    name: 'ws',
    group: 'profiling',
    adds: 'profile: the inspector of Node programs',
    get: 'npm install ws',
    find: { package: 'ws' },
  },
  {
    name: 'pg',
    group: 'databases',
    adds: '--observe postgres://...',
    get: 'npm install pg',
    find: { package: 'pg' },
  },
  {
    name: 'mysql2',
    group: 'databases',
    adds: '--observe mysql://...',
    get: 'npm install mysql2',
    find: { package: 'mysql2' },
  },
  {
    name: 'mongodb',
    group: 'databases',
    adds: '--observe mongodb://...',
    get: 'npm install mongodb',
    find: { package: 'mongodb' },
  },
  {
    name: 'ioredis',
    group: 'databases',
    adds: '--observe redis://..., and k6/experimental/redis in scripts',
    get: 'npm install ioredis',
    find: { package: 'ioredis' },
  },
  {
    name: 'libpg-query',
    group: 'databases',
    adds: 'advise: index advice from the statements of PostgreSQL',
    get: 'npm install libpg-query',
    find: { package: 'libpg-query' },
  },
  {
    name: '@electric-sql/pglite',
    group: 'databases',
    adds: 'the demo shop',
    get: 'npm install @electric-sql/pglite',
    find: { package: '@electric-sql/pglite' },
  },
  {
    name: 'Chromium',
    group: 'pages',
    adds: 'vitals, and k6/browser in scripts',
    get: 'apt-get install chromium, or set CHROME_PATH',
    find: {
      program: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
      variable: 'CHROME_PATH',
      places: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    },
  },
  {
    name: 'web-vitals',
    group: 'pages',
    adds: 'vitals',
    get: 'npm install web-vitals',
    find: { package: 'web-vitals' },
  },
  {
    name: 'playwright-core',
    group: 'pages',
    adds: 'k6/browser in scripts',
    get: 'npm install playwright-core',
    find: { package: 'playwright-core' },
  },
  {
    name: 'nats-server',
    group: 'messages',
    adds: 'run --cluster on machines of your own',
    get: 'apt-get install nats-server, or go install github.com/nats-io/nats-server/v2@latest',
    find: { program: ['nats-server'], places: ['/usr/sbin/nats-server'] },
  },
  ...['transport-node', 'nats-core', 'jetstream', 'kv', 'obj'].map(
    (name): Part => ({
      name: `@nats-io/${name}`,
      group: 'messages',
      adds: 'run --cluster, cluster agent',
      get: `npm install @nats-io/${name}@~3.3.1`,
      find: { package: `@nats-io/${name}` },
    }),
  ),
  {
    name: '@modelcontextprotocol/sdk',
    group: 'messages',
    adds: 'mcp: the same verbs for coding agents',
    get: 'npm install @modelcontextprotocol/sdk',
    find: { package: '@modelcontextprotocol/sdk' },
  },
  {
    name: 'promtool',
    group: 'formats',
    adds: 'checking the alert rules that slo rules writes',
    get: 'apt-get install prometheus',
    find: { program: ['promtool'] },
  },
  {
    name: 'hyparquet-writer',
    group: 'formats',
    adds: 'Parquet: report --format parquet, --out parquet=FILE',
    get: 'npm install hyparquet-writer',
    find: { package: 'hyparquet-writer' },
  },
]

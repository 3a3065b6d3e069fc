// Which folder of src may import which. The one source: the linter's configuration, ARCHITECTURE.md's table (checked by
// test/tidy.test.ts) and the planted-violation test all come from here.
export const importTable = {
  base: [],
  stats: ['base'],
  metrics: ['base', 'stats'],
  config: ['base', 'stats', 'metrics'],
  record: ['base', 'stats', 'metrics', 'config'],
  script: ['base'],
  engine: ['base', 'stats', 'metrics', 'config', 'record', 'script'],
  output: ['base', 'stats', 'metrics', 'config', 'record'],
  gate: ['base', 'stats', 'metrics', 'config', 'record'],
  report: ['base', 'stats', 'metrics', 'config', 'record', 'gate', 'profile', 'diagnose'],
  demo: ['base'],
  profile: ['base', 'stats'],
  observe: ['base', 'stats', 'metrics', 'record', 'profile'],
  diagnose: ['base', 'stats', 'metrics', 'config', 'record', 'gate', 'profile'],
  wire: ['base', 'observe'],
  advise: ['base', 'stats', 'metrics', 'record', 'observe', 'diagnose', 'wire'],
  duet: ['base', 'stats', 'record', 'observe', 'profile'],
  history: ['base', 'stats', 'record', 'gate'],
  plan: ['base', 'stats', 'config', 'metrics', 'record', 'gate'],
  setup: ['base', 'record'],
  mcp: ['base'],
  slo: ['base', 'stats', 'metrics', 'config', 'record', 'gate', 'diagnose', 'plan'],
  mock: ['base', 'plan', 'convert'],
  cluster: ['base', 'stats', 'metrics', 'config', 'record', 'engine'],
  web: ['base', 'record', 'report', 'profile', 'dashboard'],
  convert: ['base'],
  api: ['base', 'stats', 'metrics', 'config', 'record', 'script', 'engine', 'output', 'gate', 'report'],
  control: ['base', 'stats', 'metrics', 'config', 'gate', 'api'],
  dashboard: ['base', 'stats', 'metrics', 'config', 'record', 'gate', 'report', 'profile', 'api', 'control'],
  cli: [
    'base',
    'stats',
    'metrics',
    'config',
    'record',
    'script',
    'engine',
    'output',
    'gate',
    'report',
    'demo',
    'profile',
    'convert',
    'control',
    'observe',
    'diagnose',
    'wire',
    'advise',
    'duet',
    'history',
    'plan',
    'setup',
    'mcp',
    'slo',
    'mock',
    'cluster',
    'dashboard',
    'api',
  ],
}

/** The linter's configuration as an object. */
export function oxlintConfig() {
  const overrides = Object.entries(importTable).map(([folder, allowed]) => ({
    files: [`src/${folder}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['#*/**', ...allowed.map((name) => `!#${name}/**`), `!#${folder}/**`],
              message: `src/${folder} may import only: ${allowed.join(', ') || 'nothing of src'} (scripts/import-table.mjs).`,
            },
            {
              // Climbing out of the folder by a relative path would go round the table.
              group: ['../../../../../**', `**/src/**`],
              message: 'Across folders import by #folder/file.js.',
            },
          ],
        },
      ],
    },
  }))
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'import', 'unicorn', 'promise'],
    categories: { correctness: 'error', suspicious: 'error' },
    rules: {
      'typescript/no-floating-promises': 'error',
      'typescript/no-misused-promises': 'error',
      'import/no-cycle': 'error',
      'no-underscore-dangle': 'off',
      'unicorn/no-array-sort': 'off',
      'unicorn/no-array-reverse': 'off',
      'unicorn/consistent-function-scoping': 'off',
      // An assertion that the checker finds superfluous today documents a border all the same.
      'typescript/no-unnecessary-type-assertion': 'off',
      'typescript/no-unnecessary-type-conversion': 'off',
      // Numbers and strings of the wire are compared by code unit on purpose.
      'typescript/require-array-sort-compare': 'off',
      // Bytes of protocols and terminals are matched by their codes.
      'no-control-regex': 'off',
      'unicorn/no-new-array': 'off',
      'typescript/no-extraneous-class': 'off',
      'typescript/unbound-method': 'off',
      // For windows of a browser, not for ports of a worker.
      'unicorn/require-post-message-target-origin': 'off',
      // The engine's own promises and callbacks meet on purpose at the border to scripts.
      'promise/no-callback-in-promise': 'off',
      'promise/no-promise-in-callback': 'off',
      'promise/always-return': 'off',
      'typescript/no-this-alias': 'off',
      'typescript/restrict-template-expressions': 'off',
      'no-await-in-loop': 'off',
      'no-shadow': 'off',
      'typescript/no-unsafe-type-assertion': 'off',
      'typescript/consistent-return': 'off',
      // A script's values are turned into text as JavaScript does it.
      'typescript/no-base-to-string': 'off',
    },
    ignorePatterns: ['dist/**', 'examples/**', 'test/conformance/scripts/**', 'src/script/jslib/modules/**'],
    overrides,
  }
}

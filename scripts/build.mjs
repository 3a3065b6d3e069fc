// src -> dist. Types by the TypeScript compiler, code by esbuild: the modules of each entry in few files, because a cold
// start that resolves two hundred small modules takes longer than the whole rest (docs/adr/0002-bundled-dist.md).
import { spawnSync } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundleJslib } from './bundle-jslib.mjs'
import { bundleWeb } from './bundle-web.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
// Built beside and swapped in, so that a build that fails leaves the last good one standing.
const fresh = join(root, '.dist-new')
rmSync(fresh, { recursive: true, force: true })

/** What is run by itself or imported from outside; everything else lands in shared chunks. */
const entries = [
  'cli/main',
  'engine/native/worker/entry',
  'demo/shop-server',
  'demo/database-server',
  'demo/payment-server',
  'api/index',
  'record/index',
  'stats/index',
]

await build({
  absWorkingDir: root,
  entryPoints: entries.map((entry) => `src/${entry}.ts`),
  outbase: 'src',
  outdir: '.dist-new',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  conditions: ['source'],
  packages: 'external',
  chunkNames: 'chunks/[name]-[hash]',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
})

await bundleJslib(join(fresh, 'jslib'))
await bundleWeb(join(fresh, 'web'))

const tsc = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.json',
    '--emitDeclarationOnly',
    '--outDir',
    fresh,
  ],
  { cwd: root, stdio: 'inherit' },
)
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
rmSync(join(root, 'dist'), { recursive: true, force: true })
renameSync(fresh, join(root, 'dist'))

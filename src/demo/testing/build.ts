/** The demo's processes run JavaScript; tests make it from the sources as they are, not from a `dist` that may be old. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const demoFolder = fileURLToPath(new URL('..', import.meta.url))

/** @returns the folder with shop-server.js, database-server.js and payment-server.js */
export async function buildDemo(): Promise<string> {
  // Below node_modules, so that the packages are found from there.
  const outdir = join(demoFolder, '..', '..', 'node_modules', '.cache', `perfwright-demo-${process.pid}`)
  await build({
    entryPoints: ['shop-server.ts', 'database-server.ts', 'payment-server.ts'].map((file) => join(demoFolder, file)),
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    conditions: ['source'],
    alias: { '#base/clock.js': join(demoFolder, '..', 'base', 'clock.ts') },
    outExtension: { '.js': '.js' },
  })
  return outdir
}

// src/plan/schema.ts -> schemas/plan.schema.json, for editors. A test says when it is due.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
// Inside the package, so that what it imports is found.
const dir = mkdtempSync(join(root, '.schema-'))
try {
  const outfile = join(dir, 'schema.mjs')
  await build({
    absWorkingDir: root,
    entryPoints: ['src/plan/schema.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    conditions: ['source'],
    outfile,
  })
  const { planJsonSchema } = await import(pathToFileURL(outfile).href)
  writeFileSync(join(root, 'schemas', 'plan.schema.json'), `${JSON.stringify(planJsonSchema(), null, 2)}\n`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}

// src -> dist: the TypeScript compiler, then the files that are data and not TypeScript.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const tsc = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)

/** Folders below src whose files are read at run time as they are. */
const assets = []
for (const folder of assets) {
  const from = join(root, 'src', folder)
  if (existsSync(from)) cpSync(from, join(root, 'dist', folder), { recursive: true })
}

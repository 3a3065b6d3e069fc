// The whole of the static checks: generated configuration up to date, lint with types, format, dead code, both type checks.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oxlintConfig } from './import-table.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const file = join(root, '.oxlintrc.json')
const text = `${JSON.stringify(oxlintConfig(), null, 2)}\n`
if (process.argv.includes('--write') || !existsSync(file)) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('.oxlintrc.json differs from scripts/import-table.mjs. Run: npm run lint -- --write\n')
  process.exit(1)
}

let failed = 0
for (const [name, args] of [
  ['oxlint', ['--type-aware', '--deny-warnings', 'src', 'test', 'bench', 'scripts', 'bin']],
  ['biome', ['format', '.']],
  ['tsc', ['-p', 'tsconfig.json', '--noEmit']],
  ['tsc', ['-p', 'tsconfig.test.json']],
  ['tsc', ['-p', 'src/web/tsconfig.json']],
  ['knip', []],
]) {
  const { status } = spawnSync(join(root, 'node_modules', '.bin', name), args, { cwd: root, stdio: 'inherit' })
  process.stderr.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} ${args.join(' ')}\n`)
  if (status !== 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1

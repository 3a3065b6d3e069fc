#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(main)) await import(main.href)
else {
  // A checkout without a build: say so instead of a module-not-found stack.
  process.stderr.write('perfwright is not built yet. Run: npm run build   (or npm run demo, which builds by itself)\n')
  process.exitCode = 2
}

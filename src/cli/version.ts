import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#base/package-root.js'

/** The package's own version. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
  return manifest.version
}

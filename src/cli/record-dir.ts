/** Which record a person means: a folder, or `latest`. */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Folder names begin with the time, so the last one is the newest. Undefined when there is none. */
export function recordDirOf(given: string, cwd: string): string | undefined {
  if (given !== 'latest') {
    const below = join(cwd, '.perfwright', 'runs', given)
    return !existsSync(resolve(cwd, given)) && existsSync(below) ? below : resolve(cwd, given)
  }
  const name = recordNames(cwd).at(-1)
  return name === undefined ? undefined : join(cwd, '.perfwright', 'runs', name)
}

/** Oldest first. */
export function recordNames(cwd: string): readonly string[] {
  try {
    return readdirSync(join(cwd, '.perfwright', 'runs'), { withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
      .sort(new Intl.Collator('en', { numeric: true }).compare)
  } catch {
    return []
  }
}

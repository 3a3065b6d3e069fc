/** The `--config` file. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { isObject } from './values.js'

export interface ConfigFile {
  /** For `consolidateOptions`. */
  readonly options: unknown
  /** Settings that are no script options: used where no flag or variable says otherwise. */
  readonly out: readonly string[]
  readonly linger: boolean | undefined
}

/**
 * Reads the file that was named, or k6's default one if there is such a file (`~/.config/k6/config.json`).
 * @throws PW_CONFIG_FILE in k6's words, exit 104
 */
export function readConfigFile(
  path: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ConfigFile {
  const file = path ?? defaultPath(env)
  if (path === undefined && !existsSync(file)) return { options: undefined, out: [], linger: undefined }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw unreadable(file, missing ? `stat ${file}: no such file or directory` : String(error), error)
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw unreadable(file, `couldn't parse the configuration from ${JSON.stringify(file)}: ${why}`, error)
  }
  if (!isObject(parsed)) {
    throw unreadable(file, `couldn't parse the configuration from ${JSON.stringify(file)}: not an object`)
  }
  const out = parsed['out']
  const linger = parsed['linger']
  return {
    options: parsed,
    out: Array.isArray(out) ? out.filter((o) => typeof o === 'string') : [],
    linger: typeof linger === 'boolean' ? linger : undefined,
  }
}

function defaultPath(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'k6', 'config.json')
}

function unreadable(file: string, why: string, cause?: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONFIG_FILE',
    message: `failed to load the configuration file from the local file system: ${why}`,
    where: file,
    fix: 'Give --config a JSON file of options, or leave it out.',
    exitCode: ExitCode.invalidConfig,
    cause,
  })
}

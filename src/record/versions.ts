/**
 * Past versions of `run.json`. `migrations[n]` turns a file of version n into one of version n + 1; a reader applies
 * them in turn, and then the schema of today. `test/museum/` holds a record of every version that was ever written.
 */
import { FORMAT_VERSION } from './types.js'

export type Migration = (run: Readonly<Record<string, unknown>>) => Record<string, unknown>

export const migrations: Readonly<Record<number, Migration>> = {}

/** Undefined when the version is none that this program can read. */
export function migrate(
  run: Readonly<Record<string, unknown>>,
  steps: Readonly<Record<number, Migration>> = migrations,
  current: number = FORMAT_VERSION,
): Record<string, unknown> | undefined {
  let version = run['formatVersion']
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > current) return undefined
  let out: Record<string, unknown> = { ...run }
  for (; version < current; version++) {
    const step = steps[version]
    if (step === undefined) return undefined
    out = { ...step(out), formatVersion: version + 1 }
  }
  return out
}

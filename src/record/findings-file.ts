/** `findings.json` and `analysis.json` beside a record: what a diagnosis said of it last. */
import { join } from 'node:path'
import type { Analysis } from './analysis.js'
import type { Disk } from './disk.js'
import { recordInvalid } from './errors.js'
import type { Finding } from './findings.js'
import { readJson } from './run-file.js'

const FINDINGS = 'findings.json'
const ANALYSIS = 'analysis.json'

/** @returns undefined when nothing has looked for any. @throws PW_RECORD_INVALID with every problem and its JSON path */
export async function readFindings(disk: Disk, dir: string): Promise<readonly Finding[] | undefined> {
  const path = join(dir, FINDINGS)
  if ((await disk.stat(path)) === undefined) return undefined
  const value = await readJson(disk, path)
  const { findingsSchema } = await import('./findings-schema.js')
  const { problemsOf } = await import('./schema.js')
  const checked = findingsSchema.safeParse(value)
  if (!checked.success) throw recordInvalid(path, problemsOf(checked.error))
  return checked.data
}

/** As `readFindings`, for `analysis.json`. */
export async function readAnalysis(disk: Disk, dir: string): Promise<Analysis | undefined> {
  const path = join(dir, ANALYSIS)
  if ((await disk.stat(path)) === undefined) return undefined
  const value = await readJson(disk, path)
  const { analysisSchema } = await import('./findings-schema.js')
  const { problemsOf } = await import('./schema.js')
  const checked = analysisSchema.safeParse(value)
  if (!checked.success) throw recordInvalid(path, problemsOf(checked.error))
  return checked.data
}

/** Puts them in place of what an earlier diagnosis left; a reader sees the old content or the new. */
export async function writeFindings(
  disk: Disk,
  dir: string,
  found: { readonly findings: readonly Finding[]; readonly analysis?: Analysis },
): Promise<void> {
  if (found.analysis !== undefined) await replace(disk, join(dir, ANALYSIS), found.analysis)
  await replace(disk, join(dir, FINDINGS), found.findings)
}

async function replace(disk: Disk, path: string, value: unknown): Promise<void> {
  await disk.writeFile(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`)
  await disk.rename(`${path}.tmp`, path)
}

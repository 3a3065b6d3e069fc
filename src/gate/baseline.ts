/** Baselines: runs that others are compared with, kept by name as facts, so that they outlive their records. */
import { join } from 'node:path'
import { z } from 'zod'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Disk } from '#record/index.js'
import type { RunFacts } from './run-facts.js'

export interface Baseline {
  readonly formatVersion: 1
  readonly name: string
  readonly setUnixMs: number
  readonly runs: readonly RunFacts[]
}

const valueSchema = z.object({
  name: z.string(),
  unit: z.enum(['ms', 'ratio', '1/s']),
  better: z.enum(['lower', 'higher']),
  value: z.number(),
  count: z.number(),
})
export const runFactsSchema: z.ZodType<RunFacts> = z.object({
  id: z.string(),
  name: z.string(),
  startedUnixMs: z.number(),
  commit: z.string().nullable(),
  machine: z.string(),
  machineText: z.string(),
  script: z.string(),
  test: z.string(),
  trust: z.enum(['trustworthy', 'doubtful', 'not-trustworthy']).nullable(),
  finished: z.boolean(),
  values: z.array(valueSchema),
})
const baselineSchema = z.object({
  formatVersion: z.literal(1),
  name: z.string(),
  setUnixMs: z.number(),
  runs: z.array(runFactsSchema).min(1),
})

/** Below a project's folder. */
export const baselineDir: string = join('.perfwright', 'baselines')

/** @throws PW_BASELINE_MISSING, PW_BASELINE_INVALID */
export async function readBaseline(disk: Disk, dir: string, name: string): Promise<Baseline> {
  const path = pathOf(dir, name)
  if ((await disk.stat(path)) === undefined) {
    const names = await baselineNames(disk, dir)
    throw failure(
      'PW_BASELINE_MISSING',
      `There is no baseline "${name}"${names.length === 0 ? '' : `; there are ${names.join(', ')}`}.`,
      `perfwright baseline set ${name} RECORD...`,
    )
  }
  const pieces: Uint8Array[] = []
  for await (const piece of disk.read(path)) pieces.push(piece)
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch (error) {
    throw failure(
      'PW_BASELINE_INVALID',
      `${path} is no JSON: ${(error as Error).message}`,
      `set it again: perfwright baseline set ${name} RECORD...`,
    )
  }
  const checked = baselineSchema.safeParse(value)
  if (!checked.success)
    throw failure(
      'PW_BASELINE_INVALID',
      `${path}: ${z.prettifyError(checked.error)}`,
      `set it again: perfwright baseline set ${name} RECORD...`,
    )
  return checked.data
}

/** A reader sees the old one or the new one. */
export async function writeBaseline(disk: Disk, dir: string, baseline: Baseline): Promise<void> {
  await disk.mkdir(dir)
  const path = pathOf(dir, baseline.name)
  await disk.writeFile(`${path}.tmp`, `${JSON.stringify(baseline, null, 2)}\n`)
  await disk.rename(`${path}.tmp`, path)
}

export async function baselineNames(disk: Disk, dir: string): Promise<readonly string[]> {
  return (await disk.list(dir)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))
}

function pathOf(dir: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,60}$/i.test(name))
    throw failure(
      'PW_BASELINE_MISSING',
      `"${name}" is no name of a baseline.`,
      'letters, digits, dot, dash, underscore',
    )
  return join(dir, `${name}.json`)
}

function failure(code: string, message: string, fix: string): PerfwrightError {
  return new PerfwrightError({ code, message, fix, exitCode: ExitCode.usage })
}

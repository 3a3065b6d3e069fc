import { createHash, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import type { Disk } from './disk.js'
import { gitCommit, injectorHost } from './environment.js'
import { redactCommandLine, redactData, redactUrl } from './redact.js'
import type { RunHeader, RunHost, ScriptIdentity } from './types.js'

export interface HeaderInput {
  /** The run's name; the script's when left out. */
  readonly name?: string | undefined
  readonly testType?: string | undefined
  readonly toolVersion: string
  readonly engine: { readonly name: string; readonly version: string }
  readonly script: {
    readonly path: string
    readonly sources: readonly { readonly url: string; readonly contents: string }[]
  }
  /** Consolidated options in k6's names: JSON data. */
  readonly options: Readonly<Record<string, unknown>>
  readonly commandLine: readonly string[]
  /** Other hosts than this one. */
  readonly hosts?: readonly RunHost[]
  readonly scalingFactor?: number | undefined
  /** The folder whose git commit is noted. */
  readonly cwd: string
  readonly startedUnixMs: number
  readonly disk?: Disk
}

/** Gathers what a record says of a run before its first request; secrets are redacted here. */
export async function describeRun(input: HeaderInput): Promise<RunHeader> {
  return {
    id: randomUUID(),
    name: input.name ?? scriptName(input.script.path),
    testType: input.testType ?? null,
    tool: { name: 'perfwright', version: input.toolVersion },
    engine: input.engine,
    script: identify(input.script),
    options: redactData(input.options) as Record<string, unknown>,
    commandLine: redactCommandLine(input.commandLine),
    environment: {
      hosts: [injectorHost(input.toolVersion), ...(input.hosts ?? [])],
      git: (await gitCommit(input.cwd, input.disk)) ?? null,
      scalingFactor: input.scalingFactor ?? null,
    },
    writer: { host: hostname(), pid: process.pid },
    startedUnixMs: input.startedUnixMs,
  }
}

function identify(script: HeaderInput['script']): ScriptIdentity {
  const sources = script.sources.map(({ url, contents }) => ({
    url: redactUrl(url),
    sha256: createHash('sha256').update(contents).digest('hex'),
    bytes: Buffer.byteLength(contents),
  }))
  // Over the hashes, in an order that does not hang on where the files lie or in what order they were bundled.
  const all = createHash('sha256')
  for (const hash of sources.map((source) => source.sha256).sort()) all.update(`${hash}\n`)
  return { path: redactUrl(script.path), sha256: all.digest('hex'), sources }
}

function scriptName(path: string): string {
  if (path === '-') return 'stdin'
  return basename(path).replace(/\.[cm]?[jt]s$/, '') || 'run'
}

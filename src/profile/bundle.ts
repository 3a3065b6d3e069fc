/** A profile as a folder: what the tool of origin gave, the pprof file, the page, and the facts around it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Profile } from './model.js'
import { sampleCount, total } from './model.js'
import { renderPage } from './page/render.js'
import type { ProfileKind, Taken } from './take/types.js'
import { writePprof } from './write/pprof.js'

/** `profile.json`, schema 1. Null = not known. Fields may be added. */
export interface BundleFacts {
  readonly schema: 1
  readonly kind: ProfileKind
  readonly runtime: Taken['runtime']
  readonly method: string
  readonly target: { readonly pid: number; readonly command?: string } | { readonly url: string }
  readonly startedUnixMs: number | null
  readonly durationNs: number | null
  readonly samples: number
  /** Of the main value, in its unit. */
  readonly sum: number
  readonly processCores: number | null
  /** Why it is shorter than asked. */
  readonly partial: string | null
  readonly notes: readonly string[]
  /** Of a profile that was taken during a run. */
  readonly run?: RunFacts
  /** Requests that ended meanwhile: `profile diff` compares costs of a request. */
  readonly requests?: number
}

export interface RunFacts {
  readonly id: string
  /** Seconds since the start of the load. */
  readonly fromS: number
  readonly toS: number
  /** `the steady state`, `errors from 41 s to 44 s`. */
  readonly why: string
  readonly lostChunks: number
  readonly endpoints: readonly {
    readonly endpoint: string
    readonly requests: number
    /** Estimated from the process's CPU second by second (non-negative least squares); null where it cannot be told. */
    readonly cpuUsPerRequest: number | null
  }[]
}

export interface Bundle {
  readonly profile: Profile
  readonly raw: Taken['raw']
  readonly title: string
  readonly facts: Omit<BundleFacts, 'schema' | 'startedUnixMs' | 'durationNs' | 'samples' | 'sum' | 'notes'> & {
    readonly notes?: readonly string[]
  }
}

/** @throws the disk's error */
export async function writeBundle(dir: string, bundle: Bundle): Promise<BundleFacts> {
  const { profile, raw, title } = bundle
  const facts: BundleFacts = {
    schema: 1,
    ...bundle.facts,
    startedUnixMs: profile.startedUnixMs ?? null,
    durationNs: profile.durationNs ?? null,
    samples: sampleCount(profile),
    sum: total(profile),
    notes: [...profile.notes, ...(bundle.facts.notes ?? [])],
  }
  await mkdir(join(dir, 'raw'), { recursive: true })
  await writeFile(join(dir, 'profile.pb.gz'), await writePprof(profile))
  await writeFile(join(dir, 'flame.html'), renderPage(profile, title))
  await writeFile(join(dir, 'profile.json'), `${JSON.stringify(facts, null, 2)}\n`)
  for (const { name, bytes } of raw) await writeFile(join(dir, 'raw', name), bytes)
  return facts
}

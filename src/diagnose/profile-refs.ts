/** Profiles that were taken during the run, read only when a rule asks for one. */
import { join } from 'node:path'
import { readProfile } from '#profile/read/index.js'
import type { Profile } from '#profile/model.js'
import { type Disk, nodeDisk } from '#record/index.js'

export interface ProfileRef {
  /** `cpu`, `heap`, `wall`, `goroutine`, `mutex`, ... as `profile.json` says it. */
  readonly kind: string
  readonly runtime: string
  /** `profiles/3`, in the record. */
  readonly source: string
  /** Seconds since the start of the load; undefined where the profile does not say it. */
  readonly fromS: number | undefined
  readonly toS: number | undefined
  /** Why it was taken, `steady` or what crossed which limit; '' where it does not say. */
  readonly why: string
  /** CPU of the process while it was taken, in cores. */
  readonly processCores: number | undefined
  /** @returns undefined when the file is gone or is no profile */
  read(): Promise<Profile | undefined>
}

const MAX_PROFILES = 1000
const MAX_FACTS_BYTES = 1 << 20
const MAX_PROFILE_BYTES = 64 << 20

export async function findProfiles(dir: string, startUnixMs: number, disk: Disk = nodeDisk): Promise<ProfileRef[]> {
  const root = join(dir, 'profiles')
  const refs: ProfileRef[] = []
  for (const name of (await disk.folders(root)).slice(0, MAX_PROFILES)) {
    const facts = await readFacts(disk, join(root, name, 'profile.json'))
    if (facts === undefined) continue
    const startedMs = numberOf(facts.startedUnixMs)
    // Of a profile that was taken during the run (`RunFacts`).
    const run = (typeof facts.run === 'object' && facts.run !== null ? facts.run : {}) as Record<string, unknown>
    const fromS = numberOf(run.fromS) ?? (startedMs === undefined ? undefined : (startedMs - startUnixMs) / 1000)
    const lengthS = (numberOf(facts.durationNs) ?? 0) / 1e9
    const toS = numberOf(run.toS) ?? (fromS === undefined ? undefined : fromS + lengthS)
    let profile: Promise<Profile | undefined> | undefined
    refs.push({
      kind: typeof facts.kind === 'string' ? facts.kind : '',
      runtime: typeof facts.runtime === 'string' ? facts.runtime : '',
      why: typeof run.why === 'string' ? run.why : '',
      source: `profiles/${name}`,
      fromS,
      toS,
      processCores: numberOf(facts.processCores),
      read: () => (profile ??= load(disk, join(root, name, 'profile.pb.gz'))),
    })
  }
  return refs
}

async function load(disk: Disk, path: string): Promise<Profile | undefined> {
  try {
    return await readProfile(await whole(disk, path, MAX_PROFILE_BYTES), path)
  } catch {
    // A profile that cannot be read is one witness less, no more.
    return undefined
  }
}

async function readFacts(disk: Disk, path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const value: unknown = JSON.parse((await whole(disk, path, MAX_FACTS_BYTES)).toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

async function whole(disk: Disk, path: string, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of disk.read(path)) {
    length += piece.length
    if (length > most) throw new RangeError(`${path} is larger than ${most >> 20} MB`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

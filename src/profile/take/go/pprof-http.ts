/**
 * Go's profiles from net/http/pprof (pkg.go.dev/net/http/pprof): CPU and the rest in chunks, as differences where the
 * endpoint keeps totals. An answer is judged by its bytes: a single-page app answers 200 to everything.
 */
import { concat } from '../../concat.js'
import type { Profile } from '../../model.js'
import { readProfile } from '../../read/index.js'
import { unusable } from '../errors.js'
import type { ProfileKind, TakeOptions, Taken } from '../types.js'

const chunkS = 5

/** Path below /debug/pprof/, and whether `seconds=` gives what happened in them. */
const endpoints: Readonly<
  Partial<Record<ProfileKind, { readonly path: string; readonly value: string; readonly delta: boolean }>>
> = {
  cpu: { path: 'profile', value: 'cpu', delta: true },
  heap: { path: 'heap', value: 'inuse_space', delta: false },
  alloc: { path: 'allocs', value: 'alloc_space', delta: true },
  goroutine: { path: 'goroutine', value: 'goroutine', delta: false },
  block: { path: 'block', value: 'delay', delta: true },
  lock: { path: 'mutex', value: 'delay', delta: true },
}

export const goKinds: readonly string[] = Object.keys(endpoints)

/** @param url  of the program, or of its /debug/pprof/ */
export async function takeGo(url: string, options: TakeOptions): Promise<Taken> {
  const endpoint = endpoints[options.kind]
  if (endpoint === undefined) {
    throw unusable(
      'PW_PROFILE_KIND',
      `Go has no profile of kind "${options.kind}".`,
      `use one of ${goKinds.join(', ')}`,
    )
  }
  const base = pprofBase(url)
  const raw: { name: string; bytes: Uint8Array }[] = []
  const profiles: Profile[] = []
  let partial: string | undefined
  let taken = 0
  const take = async (query: string): Promise<boolean> => {
    const address = new URL(`${endpoint.path}${query}`, base)
    const bytes = await fetchProfile(address, options.signal, taken > 0)
    if (typeof bytes === 'string') {
      partial = bytes
      return false
    }
    const name = `go-${endpoint.path}-${taken++}.pb.gz`
    const profile = withMain(await readProfile(bytes, String(address)), endpoint.value)
    if (options.onChunk === undefined) {
      raw.push({ name, bytes })
      profiles.push(profile)
      return true
    }
    const toUnixMs = options.clock.unixMs()
    const fromUnixMs = profile.startedUnixMs ?? toUnixMs
    options.onChunk({ profile, raw: [{ name, bytes }], fromUnixMs, toUnixMs })
    return true
  }
  if (!endpoint.delta) await take('')
  else {
    const everyS = Math.round((options.chunkMs ?? chunkS * 1000) / 1000)
    for (let left = Math.max(1, Math.round(options.durationMs / 1000)); left > 0; left -= everyS) {
      if (!(await take(`?seconds=${Math.min(everyS, left)}`))) break
    }
  }
  if (taken === 0)
    throw unusable(
      'PW_PROFILE_STOPPED',
      'The profile was stopped before anything was taken.',
      'let it run for at least one chunk of 5 s',
    )
  const joined = concat(profiles)
  const empty = joined.leaves.length === 0 && (options.kind === 'block' || options.kind === 'lock')
  return {
    profile: {
      ...joined,
      notes: empty
        ? [
            `No samples: either nothing was contended, or the rate is 0, Go's default. Switch it on: ${switchOn[options.kind as 'block' | 'lock']}`,
          ]
        : joined.notes,
    },
    runtime: 'go',
    method: `net/http/pprof ${endpoint.path}`,
    raw,
    partial,
  }
}

/** Go's files name the value to look at last; each kind has its own. */
function withMain(profile: Profile, value: string): Profile {
  const main = profile.valueTypes.findIndex(({ type }) => type === value)
  return main < 0 ? profile : { ...profile, mainValue: main }
}

const switchOn = {
  block: 'runtime.SetBlockProfileRate(10000)',
  lock: 'runtime.SetMutexProfileFraction(100)',
}

function pprofBase(url: string): URL {
  const base = new URL(url)
  if (!base.pathname.includes('/debug/pprof')) base.pathname = '/debug/pprof/'
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return base
}

/** The bytes of a profile; a sentence when the target went away after something had been taken. */
async function fetchProfile(address: URL, signal: AbortSignal, hasSome: boolean): Promise<Uint8Array | string> {
  let answer: Response
  let bytes: Uint8Array
  try {
    answer = await fetch(address, { signal, redirect: 'error' })
    bytes = new Uint8Array(await answer.arrayBuffer())
  } catch (error) {
    if (signal.aborted) return 'it was stopped'
    if (hasSome) return 'the process ended or stopped answering; the last chunk is lost'
    throw unusable(
      'PW_PROFILE_NO_PPROF',
      `Nothing answers at ${address.origin}: ${reason(error)}.`,
      'check the address; the program must run',
    )
  }
  if (answer.ok && bytes[0] === 0x1f && bytes[1] === 0x8b) return bytes
  const text = new TextDecoder().decode(bytes.subarray(0, 300))
  if (/already in use/.test(text)) {
    throw unusable(
      'PW_PROFILE_BUSY',
      'Another CPU profile of this program is being taken; Go takes one at a time.',
      'wait until it ends',
    )
  }
  throw unusable(
    'PW_PROFILE_NO_PPROF',
    `${address.origin} serves no pprof (status ${answer.status}, ${answer.headers.get('content-type') ?? 'no content type'}).`,
    'add to the program: import _ "net/http/pprof" and go http.ListenAndServe("127.0.0.1:6060", nil)',
  )
}

function reason(error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause
  return cause?.message || (error as Error).message
}

/**
 * What Python's cProfile writes (`python -m cProfile -o out.prof script.py`, `Profile.dump_stats`): for each function its calls, its
 * own time and that below it, and the same for each of its callers.
 * @see https://docs.python.org/3/library/profile.html
 */
import { unreadable } from '../errors.js'
import { type Profile, ProfileBuilder } from '../model.js'
import { type Marshalled, type MarshalledEntry, readMarshal } from './marshal.js'

const maxFunctions = 1_000_000

/** A table that begins with a dictionary: `{` with or without the bit of a reference. */
export function looksLikePstats(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7b || bytes[0] === 0xfb
}

/** @throws PW_PROFILE_UNREADABLE */
export function readPstats(bytes: Uint8Array, where: string): Profile {
  let table: Marshalled
  try {
    table = readMarshal(bytes)
  } catch (error) {
    throw unreadable(where, `it begins like a file of cProfile, but ${(error as Error).message}.`)
  }
  if (!isMap(table) || table.size === 0 || table.size > maxFunctions)
    throw unreadable(where, 'it is a table of Python, but none of cProfile.')
  const builder = new ProfileBuilder([
    { type: 'calls', unit: 'count' },
    { type: 'wall', unit: 'nanoseconds' },
  ])
  for (const { key, value } of table.values()) addFunction(builder, key, value, where)
  return builder.build({
    mainValue: 1,
    notes: [
      'cProfile keeps functions and their callers, no whole stacks: each function stands below the one that called it, two levels deep. Own times are exact; times below a function are in cProfile alone.',
    ],
  })
}

function addFunction(builder: ProfileBuilder, key: Marshalled, value: Marshalled, where: string): void {
  const name = functionOf(key)
  const [, calls, own, , callers] = isList(value) ? value : []
  if (name === undefined || typeof calls !== 'number' || typeof own !== 'number' || !isMap(callers))
    throw unreadable(where, `the entry of ${JSON.stringify(key)?.slice(0, 100)} is none of cProfile.`)
  const frame = builder.frame(name)
  let [leftCalls, leftS] = [calls, own]
  for (const one of callers.values()) {
    const caller = functionOf(one.key)
    const part = partOf(one)
    if (caller === undefined || part === undefined) continue
    leftCalls -= part.calls
    leftS -= part.ownS
    builder.sample(
      builder.stack([builder.frame(caller), frame]),
      [part.calls, nanoseconds(part.ownS)],
      builder.labelSet({}),
    )
  }
  // What nobody called: the program itself.
  if (leftCalls > 0 || nanoseconds(leftS) > 0) {
    builder.sample(
      builder.stack([frame]),
      [Math.max(0, leftCalls), Math.max(0, nanoseconds(leftS))],
      builder.labelSet({}),
    )
  }
}

/** Of a caller: `(calls without recursion, calls, own seconds, seconds below)`, or a bare count in old files. */
function partOf({ value }: MarshalledEntry): { readonly calls: number; readonly ownS: number } | undefined {
  if (typeof value === 'number') return { calls: value, ownS: 0 }
  const [, calls, own] = isList(value) ? value : []
  return typeof calls === 'number' && typeof own === 'number' ? { calls, ownS: own } : undefined
}

function functionOf(
  key: Marshalled,
): { readonly name: string; readonly file: string; readonly line: number } | undefined {
  const [file, line, name] = isList(key) ? key : []
  if (typeof file !== 'string' || typeof line !== 'number' || typeof name !== 'string') return undefined
  // Built-in functions have the file "~".
  return file === '~' ? { name: name.replace(/^<(.*)>$/, '$1'), file: '', line: 0 } : { name, file, line }
}

function nanoseconds(seconds: number): number {
  return Math.round(seconds * 1e9)
}

function isMap(value: Marshalled | undefined): value is ReadonlyMap<string, MarshalledEntry> {
  return value instanceof Map
}

function isList(value: Marshalled | undefined): value is readonly Marshalled[] {
  return Array.isArray(value)
}

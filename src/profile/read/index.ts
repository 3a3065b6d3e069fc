/** A profile file of any origin, told apart by its content; a name only breaks ties. */
import { unreadable } from '../errors.js'
import type { Profile } from '../model.js'
import { unpack } from './bytes.js'
import { readCollapsed } from './collapsed.js'
import { looksLikePerf, readPerf } from './perf.js'
import { readPprof } from './pprof.js'
import { looksLikePstats, readPstats } from './pstats.js'
import { readSpeedscope } from './speedscope.js'
import { readCpuProfile, readHeapProfile } from './v8.js'

/** V8 refuses longer strings. */
const maxText = 0x1fffffe8

/** @param where  file name, for errors @throws PW_PROFILE_UNREADABLE */
export async function readProfile(packed: Uint8Array, where: string): Promise<Profile> {
  const bytes = unpack(packed, where)
  if (bytes.length === 0) throw unreadable(where, 'it is empty.')
  if (!isText(bytes)) return looksLikePstats(bytes) ? readPstats(bytes, where) : readPprof(bytes, where)
  if (bytes.length > maxText)
    throw unreadable(where, `a text of more than ${maxText >> 20} MB; convert it to pprof first.`)
  const text = new TextDecoder().decode(bytes)
  if (/^\s*\{/.test(text)) return readJson(parse(text, where), where)
  return looksLikePerf(text) ? readPerf(text, where) : readCollapsed(text, where)
}

function readJson(json: unknown, where: string): Profile {
  if (typeof json === 'object' && json !== null) {
    if ('nodes' in json && 'startTime' in json) return readCpuProfile(json, where)
    if ('head' in json) return readHeapProfile(json, where)
    if ('shared' in json && 'profiles' in json) return readSpeedscope(json, where)
  }
  throw unreadable(where, 'it is JSON, but no .cpuprofile, .heapprofile or speedscope file.')
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable(where, `it begins as JSON and breaks off or goes wrong (${(error as Error).message}).`)
  }
}

/** Protobuf has control characters among its first bytes; none of the text formats has. */
function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 512).every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13)
}

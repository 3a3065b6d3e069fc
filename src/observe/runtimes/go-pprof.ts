/** What the pages of net/http/pprof say in their text form, `debug=1` (pkg.go.dev/runtime/pprof). */
import type { Reading } from '#record/observed.js'

const maxPlaces = 20

/** The index page of net/http/pprof: a table of counts and names. */
export function goroutineCount(page: string): number | undefined {
  const text = /<td>(\d+)<\/td><td><a href='?"?goroutine/.exec(page)?.[1]
  return text === undefined ? undefined : Number(text)
}

/** Goroutines by the first function of theirs that is not the runtime's. */
export function goroutinePlaces(text: string): Reading {
  const counts = new Map<string, number>()
  for (const block of text.split('\n\n')) {
    const count = /^(?:.*\n)?(\d+) @/.exec(block)?.[1]
    if (count === undefined) continue
    const frames = [...block.matchAll(/^#\s+0x[0-9a-f]+\s+(\S+?)\+0x/gm)].map(([, name]) => name as string)
    const place =
      frames.find((name) => !/^(runtime|internal|sync|syscall|time|net|io|bufio)[./]/.test(name)) ?? frames[0]
    if (place === undefined) continue
    const key = `${waitOf(frames)} ${place}`
    counts.set(key, (counts.get(key) ?? 0) + Number(count))
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, maxPlaces)
    .map(([key, value]) => ({ tags: tagsOf(key), value }))
}

function tagsOf(key: string): { function: string; waits: string } {
  const at = key.indexOf(' ')
  return { function: key.slice(at + 1), waits: key.slice(0, at) }
}

/** What the innermost frames wait for; the runtime's own are not in this form of the profile. */
function waitOf(frames: readonly string[]): string {
  if (frames.some((name) => /^database\/sql\.\(\*DB\)\.conn$|\(\*Pool\)\.(Acquire|Get)/.test(name))) return 'pool'
  const [first = ''] = frames
  // Since Go 1.24 the mutex is in internal/sync.
  if (/^(internal\/)?sync\.(\(\*(RW)?Mutex\)\.|runtime_Semacquire)/.test(first)) return 'lock'
  if (first === 'time.Sleep') return 'sleep'
  return /^(internal\/poll|net|syscall|os)\./.test(first) ? 'io' : 'other'
}

/** Sampled waits are scaled by the period, which the mutex profile names. */
export function waitedS(text: string): number | undefined {
  const perS = Number(/^cycles\/second=(\d+)/m.exec(text)?.[1])
  if (!(perS > 0)) return undefined
  let cycles = 0
  for (const [, count] of text.matchAll(/^(\d+) \d+ @/gm)) cycles += Number(count)
  return cycles / perS
}

/** Without a rate nothing is ever counted: that is not the same as no contention. */
export function isOff(text: string): boolean {
  const period = /^sampling period=(-?\d+)/m.exec(text)?.[1]
  if (period !== undefined) return Number(period) <= 0
  return !/^\d+ \d+ @/m.test(text)
}

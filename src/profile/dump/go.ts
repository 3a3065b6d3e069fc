import { type Dump, type DumpFrame, group, type OneStack } from './types.js'

/** A stuck service can have very many goroutines; the answer is cut there, and said to be. */
const maxBytes = 64 << 20

/** @param base  of the program's `/debug/pprof/` */
export async function dumpGo(base: string): Promise<Dump> {
  const answer = await fetch(new URL('goroutine?debug=2', base), { signal: AbortSignal.timeout(30_000) })
  const text = await answer.text()
  const stacks = parseGoroutines(text.slice(0, maxBytes))
  const notes = text.length > maxBytes ? [`only the first ${stacks.length} goroutines were read`] : []
  return { runtime: 'go', method: 'net/http/pprof goroutine?debug=2', groups: group(stacks), notes }
}

/** The text of a traceback (runtime.Stack): `goroutine 18 [chan receive, 3 minutes]:`, then call and place in turn. */
export function parseGoroutines(text: string): OneStack[] {
  const stacks: OneStack[] = []
  for (const block of text.split(/\n\n/)) {
    const lines = block.split('\n')
    const head = /^goroutine (\d+)(?: gp=\S+)?(?: m=\S+(?: mp=\S+)?)? \[([^\]]*)\]:/.exec(lines[0] ?? '')
    if (head === null) continue
    const stack: DumpFrame[] = []
    for (let i = 1; i + 1 < lines.length; i += 2) {
      const call = lines[i] ?? ''
      const place = /^\t(.*):(\d+)/.exec(lines[i + 1] ?? '')
      // Arguments are addresses, which differ between goroutines at the same place.
      const name = call
        .replace(/^created by /, '')
        .replace(/ in goroutine \d+$/, '')
        .replace(/\([^()]*\)$/, '')
      if (place === null) continue
      stack.push({
        name: call.startsWith('created by ') ? `created by ${name}` : name,
        file: place[1] ?? '',
        line: Number(place[2]),
      })
    }
    stacks.push({ name: '', state: head[2] ?? '', stack })
  }
  return stacks
}

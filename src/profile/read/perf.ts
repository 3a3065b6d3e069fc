/**
 * The text of `perf script` (man perf-script): a head line for each sample, its stack leaf first, an empty line.
 *
 *     node 4242/4243 [001] 12345.678901:     250000 cpu-clock:
 *                 55d0 foo+0x10 (/usr/bin/node)
 *                 7f11 [unknown] ([vdso])
 */
import { unreadable } from '../errors.js'
import { type Profile, ProfileBuilder } from '../model.js'

const head = /^(\S.*?)\s+(\d+)(?:\/(\d+))?\s+(?:\[\d+\]\s+)?(\d+\.\d+):\s+(?:(\d+)\s+)?(\S+?):/
const stackLine = /^\s+([0-9a-f]+)\s+(.*?)(?:\+0x[0-9a-f]+)?\s+\((.*)\)$/

export function looksLikePerf(text: string): boolean {
  return text.split('\n', 50).some((line) => head.test(line))
}

export function readPerf(text: string, where: string): Profile {
  const builder = new ProfileBuilder([
    { type: 'samples', unit: 'count' },
    { type: 'event', unit: 'count' },
  ])
  let current: { frames: number[]; period: number; labels: number } | undefined
  let events = ''
  let [good, bad, firstBad, number] = [0, 0, 0, 0]
  const flush = (): void => {
    if (current === undefined) return
    builder.sample(builder.stack(current.frames.reverse()), [1, current.period], current.labels)
    good++
    current = undefined
  }
  for (const line of text.split('\n')) {
    number++
    if (line.startsWith('#')) continue
    if (line.trim() === '') {
      flush()
      continue
    }
    const begins = head.exec(line)
    if (begins !== null) {
      flush()
      const [, command, pid, tid, , period, event] = begins
      events ||= event ?? ''
      const labels = builder.labelSet({ command: command ?? '', pid: Number(pid), tid: Number(tid ?? pid) })
      current = { frames: [], period: Number(period ?? 1), labels }
      continue
    }
    const frame = stackLine.exec(line)
    if (frame === null || current === undefined) {
      bad++
      firstBad ||= number
    } else {
      const [, address, symbol, module] = frame
      const name = symbol === '[unknown]' || symbol === '' ? `0x${address}` : (symbol as string)
      current.frames.push(builder.frame({ ...perfMap(name), module: module ?? '' }))
    }
  }
  flush()
  if (good === 0) throw unreadable(`${where}:${firstBad || 1}`, 'it holds no sample of `perf script`.')
  const notes = bad === 0 ? [] : [`${bad} lines are neither a sample nor a frame, the first is line ${firstBad}.`]
  return builder.build({ mainValue: 0, notes: events === '' ? notes : [`The event is ${events}.`, ...notes] })
}

/** Node's perf map (`node --perf-basic-prof`): `JS:*render /app/view.js:12:8`, with `~`, `^`, `*` for the compiler's tier. */
function perfMap(name: string): {
  readonly name: string
  readonly file?: string
  readonly line?: number
  readonly startLine?: number
} {
  const found = /^(?:JS|LazyCompile|Function|Script|Eval):[~^*+]?(\S*) (.+?):(\d+)(?::\d+)?$/.exec(name)
  if (found === null) return { name }
  const line = Number(found[3])
  return { name: found[1] || '(anonymous)', file: found[2] as string, line, startLine: line }
}

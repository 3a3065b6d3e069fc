/**
 * Collapsed stacks: `main;parse;read 42`, one stack a line, as Brendan Gregg's stackcollapse scripts, `py-spy record -f
 * raw`, async-profiler and perf tools write them.
 */
import { unreadable } from '../errors.js'
import { type Labels, type Profile, ProfileBuilder } from '../model.js'

export function readCollapsed(text: string, where: string): Profile {
  const builder = new ProfileBuilder([{ type: 'samples', unit: 'count' }])
  let bad = 0
  let firstBad = 0
  let good = 0
  let number = 0
  for (const line of text.split('\n')) {
    number++
    if (line.trim() === '' || line.startsWith('#')) continue
    const found = /^(.+?)\s+(\d+(?:\.\d+)?)\s*$/.exec(line)
    if (found === null) {
      bad++
      firstBad ||= number
      continue
    }
    const { frames, labels } = pySpyLabels((found[1] as string).split(';'))
    const node = builder.stack(frames.map((frame) => builder.frame(frameOf(frame))))
    builder.sample(node, [Number(found[2])], builder.labelSet(labels))
    good++
  }
  if (good === 0)
    throw unreadable(`${where}:${firstBad || 1}`, 'no line is a stack with a count ("main;parse;read 42").')
  const notes = bad === 0 ? [] : [`${bad} lines are no stacks with a count, the first is line ${firstBad}.`]
  return builder.build({ notes })
}

/** py-spy puts the process and the thread into frames of their own: `process 12:"python app.py"`, `thread (0x7f): main`. */
function pySpyLabels(frames: string[]): { readonly frames: string[]; readonly labels: Labels } {
  const labels: Record<string, string | number> = {}
  let from = 0
  const process = /^process (\d+):"(.*)"$/.exec(frames[0] ?? '')
  if (process !== null) {
    labels.pid = Number(process[1])
    from++
  }
  const thread = /^thread \((.+?)\)(?:: (.*))?$/.exec(frames[from] ?? '')
  if (thread !== null) {
    labels.thread = thread[2] ?? (thread[1] as string)
    from++
  }
  return { frames: from === 0 ? frames : frames.slice(from), labels }
}

/** py-spy writes `name (file.py:12)`, `name (file.py)`; V8's perf map and others just a name. */
function frameOf(text: string): { readonly name: string; readonly file?: string; readonly line?: number } {
  const found = /^(.+) \(([^()]+?)(?::(\d+))?\)$/.exec(text)
  if (found === null) return { name: text }
  const [, name, file, line] = found
  if (line === undefined && !/[./\\]/.test(file as string)) return { name: text }
  return { name: name as string, file: file as string, line: Number(line ?? 0) }
}

import { plain } from '../views/top-text.js'
import type { Dump } from './types.js'

const framesShown = 30

/** For a terminal: each stack once, with how many stand there. */
export function dumpText(dump: Dump): string {
  const unit = dump.runtime === 'node' ? 'ms' : dump.runtime === 'go' ? 'goroutines' : 'threads'
  const lines: string[] = []
  for (const { count, state, names, stack, holdsGil } of dump.groups) {
    const who = names.length === 0 ? '' : `  ${plain(names.join(', '))}${names.length < count ? ', ...' : ''}`
    const one = count === 1 && unit !== 'ms' ? unit.replace(/s$/, '') : unit
    lines.push(`${count} ${one}  [${plain(state)}${holdsGil ? ', holds the GIL' : ''}]${who}`)
    for (const { name, file, line } of stack.slice(0, framesShown)) {
      lines.push(`    ${plain(name)}${file === '' ? '' : `  ${plain(file)}${line > 0 ? `:${line}` : ''}`}`)
    }
    if (stack.length > framesShown) lines.push(`    ... ${stack.length - framesShown} more frames`)
    lines.push('')
  }
  if (dump.groups.length === 0) lines.push('no stacks: nothing ran', '')
  for (const note of dump.notes) lines.push(plain(note))
  lines.push(dump.method)
  return `${lines.join('\n')}\n`
}

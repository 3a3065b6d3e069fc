/**
 * Reads a command line by a declared table of flags, in the dialect that k6's users know: `--name value`, `--name=value`,
 * `-n value`, `-nvalue`, `-abn value`, flags and arguments in any order, `--` before arguments that look like flags.
 */
import { ExitCode, PerfwrightError } from '#base/errors.js'

export interface Flag {
  readonly name: string
  readonly short?: string
  /**
   * What it takes. `list` may be repeated and holds commas; `each` may be repeated and is taken whole;
   * `optional` stands alone for its `alone` value or takes one after `=`.
   */
  readonly takes: 'nothing' | 'text' | 'int' | 'list' | 'each' | 'optional'
  readonly alone?: string
  /** Placeholder in the help: `--stage DUR:TARGET`. */
  readonly arg?: string
  readonly help: string
  readonly group: string
  /** Works but is not listed. */
  readonly hidden?: boolean
}

/** Flags that were given: last value for single ones, all values in order for repeatable ones. */
export interface ParsedFlags {
  readonly values: ReadonlyMap<string, FlagValue>
  readonly args: readonly string[]
}
export type FlagValue = boolean | string | readonly string[]

/** @throws PW_CLI_FLAG in k6's words, exit 255, with the nearest flag as a mend */
export function parseFlags(table: readonly Flag[], argv: readonly string[]): ParsedFlags {
  const byName = new Map(table.map((f) => [f.name, f]))
  const byShort = new Map(table.flatMap((f) => (f.short === undefined ? [] : [[f.short, f] as const])))
  const values = new Map<string, FlagValue>()
  const args: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? ''
    if (arg === '--') {
      args.push(...argv.slice(i + 1))
      break
    }
    if (arg === '-' || !arg.startsWith('-')) args.push(arg)
    else if (arg.startsWith('--')) {
      const eq = arg.indexOf('=')
      const name = eq < 0 ? arg.slice(2) : arg.slice(2, eq)
      const flag = byName.get(name)
      if (flag === undefined) throw flagError(`unknown flag: --${name}`, nearest(name, table))
      if (eq >= 0) put(values, flag, arg.slice(eq + 1))
      else if (flag.takes === 'nothing') put(values, flag, 'true')
      else if (flag.takes === 'optional') put(values, flag, flag.alone ?? '')
      else if (i + 1 >= argv.length) throw flagError(`flag needs an argument: --${name}`)
      else put(values, flag, argv[++i] ?? '')
    } else {
      for (let rest = arg.slice(1); rest !== ''; ) {
        const letter = rest[0] ?? ''
        const flag = byShort.get(letter)
        if (flag === undefined) throw flagError(`unknown shorthand flag: '${letter}' in ${arg}`, nearest(letter, table))
        rest = rest.slice(1)
        if (rest.startsWith('=')) {
          put(values, flag, rest.slice(1))
          break
        }
        if (flag.takes === 'nothing') put(values, flag, 'true')
        else if (rest !== '') {
          put(values, flag, rest)
          break
        } else if (i + 1 >= argv.length) throw flagError(`flag needs an argument: '${letter}' in ${arg}`)
        else put(values, flag, argv[++i] ?? '')
      }
    }
  }
  return { values, args }
}

/** How the flag is named in messages: `-u, --vus`. */
export function flagTitle(flag: Flag): string {
  return flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`
}

export function flagError(message: string, fix?: string): PerfwrightError {
  return new PerfwrightError({ code: 'PW_CLI_FLAG', message, fix, exitCode: ExitCode.k6Usage })
}

/** Flags by group, one per line, help texts in one column. */
export function flagHelp(table: readonly Flag[], width = 110): string {
  const shown = table.filter((f) => !f.hidden)
  const lefts = new Map(shown.map((f) => [f, left(f)]))
  const column = Math.min(40, Math.max(...[...lefts.values()].map((l) => l.length)) + 2)
  const lines: string[] = []
  for (const group of new Set(shown.map((f) => f.group))) {
    lines.push('', `${group}:`)
    for (const flag of shown.filter((f) => f.group === group)) {
      const head = lefts.get(flag) ?? ''
      const text = wrap(flag.help, width - column)
      if (head.length + 1 > column) lines.push(head)
      for (const [n, line] of text.entries()) {
        lines.push((n === 0 && head.length + 1 <= column ? head : '').padEnd(column) + line)
      }
    }
  }
  return lines.join('\n')
}

function left(flag: Flag): string {
  const arg = flag.arg === undefined ? '' : flag.takes === 'optional' ? `[=${flag.arg}]` : ` ${flag.arg}`
  return `  ${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${arg}`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function put(values: Map<string, FlagValue>, flag: Flag, text: string): void {
  if (flag.takes === 'nothing') {
    const value = BOOLS.get(text)
    if (value === undefined) {
      throw flagError(
        `invalid argument ${JSON.stringify(text)} for "${flagTitle(flag)}" flag: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
      )
    }
    values.set(flag.name, value)
  } else if (flag.takes === 'list' || flag.takes === 'each') {
    const before = values.get(flag.name)
    const more = flag.takes === 'each' ? [text] : text === '' ? [] : text.split(',')
    values.set(flag.name, [...(Array.isArray(before) ? before : []), ...more])
  } else {
    if (flag.takes === 'int' && !(/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)))) {
      const why = /^[+-]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax'
      throw flagError(
        `invalid argument ${JSON.stringify(text)} for "${flagTitle(flag)}" flag: strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`,
      )
    }
    values.set(flag.name, text)
  }
}

/** What Go's ParseBool takes. */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((t) => [t, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((t) => [t, false] as const),
])

function nearest(name: string, table: readonly Flag[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const flag of table) {
    const distance = flag.name.startsWith(name) && name.length > 2 ? 1 : editDistance(name, flag.name)
    if (distance < bestDistance) {
      best = flag.name
      bestDistance = distance
    }
  }
  return best === undefined ? 'See perfwright run --help.' : `Did you mean --${best}?`
}

/** Levenshtein's; names are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

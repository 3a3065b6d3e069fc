/** The flags that say what a duet runs: shared by `duet`, `prove`, `calibrate` and `gate`. */
import { parseDuration } from '#base/duration.js'
import { usage } from '#duet/index.js'
import { type Flag, type ParsedFlags, parseFlags } from '../flag-table.js'

export interface DuetFlags {
  readonly help: boolean
  readonly json: boolean
  readonly format: 'text' | 'md'
  readonly output: string | undefined
  readonly script: string | undefined
  readonly a: string | undefined
  readonly b: string | undefined
  readonly aUrl: string | undefined
  readonly bUrl: string | undefined
  readonly urls: readonly string[]
  readonly requestsFile: string | undefined
  readonly saveRequests: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly baseEnv: string
  readonly duets: number
  readonly most: number
  readonly measuredMs: number
  readonly warmUpMs: number
  readonly lanes: number
  readonly interleaved: boolean
  readonly margin: number
  readonly level: number
  readonly seed: number
  readonly keep: string | undefined
}

export const DUET_FLAGS: readonly Flag[] = [
  { name: 'a', takes: 'text', arg: 'CMD', group: 'Sides', help: 'starts the version before; gets a free port as PORT' },
  { name: 'b', takes: 'text', arg: 'CMD', group: 'Sides', help: 'starts the version after' },
  {
    name: 'a-url',
    takes: 'text',
    arg: 'URL',
    group: 'Sides',
    help: 'where a listens, if not on PORT; alone: a server that runs already',
  },
  { name: 'b-url', takes: 'text', arg: 'URL', group: 'Sides', help: 'the same for b' },
  {
    name: 'url',
    takes: 'each',
    arg: 'PATH',
    group: 'Requests',
    help: "'/items?page={1..50}' or 'POST /orders' (repeatable)",
  },
  { name: 'requests', takes: 'text', arg: 'FILE', group: 'Requests', help: 'requests that --save-requests wrote' },
  { name: 'save-requests', takes: 'text', arg: 'FILE', group: 'Requests', help: 'keep what the script sent' },
  {
    name: 'env',
    short: 'e',
    takes: 'each',
    arg: 'NAME=VALUE',
    group: 'Requests',
    help: "variable of the script's __ENV (repeatable)",
  },
  {
    name: 'base-env',
    takes: 'text',
    arg: 'NAME',
    group: 'Requests',
    help: 'the variable that names the target to the script (default BASE_URL)',
  },
  { name: 'duets', short: 'n', takes: 'int', arg: 'N', group: 'Measuring', help: 'how many, even (default 8)' },
  { name: 'max', takes: 'int', arg: 'N', group: 'Measuring', help: 'go on to so many while it cannot tell' },
  {
    name: 'each',
    takes: 'text',
    arg: 'TIME',
    group: 'Measuring',
    help: 'measured time of a duet (default 1s; slow targets get up to five times as long)',
  },
  {
    name: 'warm-up',
    takes: 'text',
    arg: 'TIME',
    group: 'Measuring',
    help: 'before that, with the same load (default 500ms)',
  },
  { name: 'in-flight', takes: 'int', arg: 'N', group: 'Measuring', help: 'pairs of requests at once (default 1)' },
  {
    name: 'interleave',
    takes: 'nothing',
    group: 'Measuring',
    help: 'the two cannot run at once: one after the other, a b b a (needs more duets)',
  },
  { name: 'margin', takes: 'text', arg: 'PERCENT', group: 'Verdict', help: 'smallest change that matters (default 5)' },
  { name: 'level', takes: 'text', arg: 'PERCENT', group: 'Verdict', help: 'false alarms put up with (default 2)' },
  { name: 'seed', takes: 'int', arg: 'N', group: 'Measuring', help: 'of the requests (default 1)' },
  {
    name: 'keep',
    takes: 'text',
    arg: 'FILE',
    group: 'Output',
    help: 'where the result is kept (default .perfwright/duets/...)',
  },
  {
    name: 'format',
    takes: 'text',
    arg: 'FORMAT',
    group: 'Output',
    help: 'text (default) or md: a paragraph for the pull request',
  },
  { name: 'output', short: 'o', takes: 'text', arg: 'FILE', group: 'Output', help: 'write the answer there' },
  { name: 'json', takes: 'nothing', group: 'Output', help: 'the answer as JSON' },
  { name: 'help', short: 'h', takes: 'nothing', group: 'Output', help: 'this text' },
]

/** @throws PW_CLI_FLAG, PW_DUET_USAGE */
export function readDuetFlags(
  argv: readonly string[],
  more: readonly Flag[] = [],
): { flags: DuetFlags; parsed: ParsedFlags } {
  const own = new Set(more.map(({ name }) => name))
  const parsed = parseFlags([...DUET_FLAGS.filter(({ name }) => !own.has(name)), ...more], argv)
  const text = (name: string): string | undefined => parsed.values.get(name) as string | undefined
  const each = (name: string): readonly string[] => (parsed.values.get(name) as readonly string[] | undefined) ?? []
  const format = text('format') ?? 'text'
  if (format !== 'text' && format !== 'md') throw usage(`--format takes text or md, not "${format}".`, '--format md')
  const duets = whole(text('duets'), 8, '--duets')
  return {
    parsed,
    flags: {
      help: parsed.values.get('help') === true,
      json: parsed.values.get('json') === true,
      format,
      output: text('output'),
      script: parsed.args[0],
      a: text('a'),
      b: text('b'),
      aUrl: text('a-url'),
      bUrl: text('b-url'),
      urls: each('url'),
      requestsFile: text('requests'),
      saveRequests: text('save-requests'),
      env: Object.fromEntries(each('env').map(pairOf)),
      baseEnv: text('base-env') ?? 'BASE_URL',
      duets,
      most: Math.max(duets, whole(text('max'), duets, '--max')),
      measuredMs: time(text('each') ?? '1s', '--each'),
      warmUpMs: time(text('warm-up') ?? '500ms', '--warm-up'),
      lanes: whole(text('in-flight'), 1, '--in-flight'),
      interleaved: parsed.values.get('interleave') === true,
      margin: percent(text('margin') ?? '5', '--margin'),
      level: percent(text('level') ?? '2', '--level'),
      seed: whole(text('seed'), 1, '--seed', 0),
      keep: text('keep'),
    },
  }
}

function pairOf(word: string): [string, string] {
  const at = word.indexOf('=')
  if (at < 1) throw usage(`-e takes NAME=VALUE, not "${word}".`, '-e TOKEN=abc', '-e')
  return [word.slice(0, at), word.slice(at + 1)]
}

function whole(text: string | undefined, otherwise: number, flag: string, least = 1): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > 100_000)
    throw usage(`${flag} takes a whole number of at least ${least}, not "${text}".`, `${flag} ${otherwise}`, flag)
  return value
}

function time(text: string, flag: string): number {
  const read = parseDuration(text)
  if ('error' in read || read.ns < 1e6 || read.ns > 3600e9)
    throw usage(`${flag} takes a time up to an hour, not "${text}".`, `${flag} 2s`, flag)
  return read.ns / 1e6
}

function percent(text: string, flag: string): number {
  const value = Number(text.replace(/\s*%$/, ''))
  if (!(value > 0 && value < 100)) throw usage(`${flag} takes a percentage, not "${text}".`, `${flag} 5`, flag)
  return value / 100
}

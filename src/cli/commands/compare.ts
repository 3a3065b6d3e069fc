/** `perfwright compare A B`: what differed between runs, with intervals, and what that cannot tell. */
import { join } from 'node:path'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import {
  baselineDir,
  baselineNames,
  compareRuns,
  comparisonMarkdown,
  comparisonText,
  type RunComparison,
  type RunFacts,
  readBaseline,
  runFacts,
} from '#gate/index.js'
import { nodeDisk, readRecord } from '#record/index.js'
import type { Command, CommandIo } from '../command.js'
import { type Flag, flagHelp, parseFlags } from '../flag-table.js'
import { recordDirOf } from '../record-dir.js'

const FLAGS: readonly Flag[] = [
  { name: 'margin', takes: 'text', arg: 'PERCENT', group: 'Flags', help: 'smallest change that matters (default 5)' },
  { name: 'level', takes: 'text', arg: 'PERCENT', group: 'Flags', help: 'false alarms put up with (default 2)' },
  { name: 'format', takes: 'text', arg: 'FORMAT', group: 'Flags', help: 'text (default) or md' },
  { name: 'json', takes: 'nothing', group: 'Flags', help: 'the answer as JSON' },
  {
    name: 'gate',
    takes: 'nothing',
    group: 'Flags',
    help: 'exit 30 on a regression, 32 when it cannot tell, 33 when not comparable',
  },
  { name: 'help', short: 'h', takes: 'nothing', group: 'Flags', help: 'this text' },
]

export const compareCommand: Command = {
  name: 'compare',
  summary: 'say what changed between runs, with intervals, and what they cannot tell',
  async run(argv, io) {
    const { values, args } = parseFlags(FLAGS, argv)
    if (values.get('help') === true) {
      io.stdout.write(help(io.stdout.columns))
      return ExitCode.ok
    }
    const [before, after] = args
    if (before === undefined || after === undefined || args.length > 2)
      throw compareUsage(`compare takes two sides, not ${args.length}.`)
    const comparison = compareRuns(await sideOf(before, io), await sideOf(after, io), {
      margin: percentOf(values.get('margin'), 5, '--margin'),
      level: percentOf(values.get('level'), 2, '--level'),
    })
    if (values.get('json') === true) io.stdout.write(`${JSON.stringify(comparison, null, 2)}\n`)
    else io.stdout.write(values.get('format') === 'md' ? comparisonMarkdown(comparison) : comparisonText(comparison))
    return values.get('gate') === true ? exitOfComparison(comparison) : ExitCode.ok
  },
}

export function exitOfComparison({ verdict }: RunComparison): ExitCode {
  if (verdict === 'regression') return ExitCode.regression
  if (verdict === 'inconclusive') return ExitCode.inconclusive
  return verdict === 'invalid' ? ExitCode.notTrustworthy : ExitCode.ok
}

/** Records by commas, or the name of a baseline. */
async function sideOf(words: string, io: CommandIo): Promise<readonly RunFacts[]> {
  const dir = join(io.cwd, baselineDir)
  if ((await baselineNames(nodeDisk, dir)).includes(words)) return (await readBaseline(nodeDisk, dir, words)).runs
  return await factsOf(
    words.split(',').filter((word) => word !== ''),
    io,
  )
}

/** @throws PW_COMPARE_USAGE, and what reading a record throws */
export async function factsOf(records: readonly string[], io: CommandIo): Promise<readonly RunFacts[]> {
  const facts: RunFacts[] = []
  for (const word of records) {
    const dir = recordDirOf(word, io.cwd)
    if (dir === undefined) throw compareUsage('There is no record yet.')
    facts.push(await runFacts(await readRecord(dir)))
  }
  return facts
}

export function percentOf(given: unknown, otherwise: number, flag: string): number {
  const value = Number(String(given ?? otherwise).replace(/\s*%$/, ''))
  if (!(value > 0 && value < 100)) throw compareUsage(`${flag} takes a percentage, not "${String(given)}".`)
  return value / 100
}

function compareUsage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_COMPARE_USAGE',
    message,
    fix: 'perfwright compare .perfwright/runs/ONE .perfwright/runs/OTHER',
    exitCode: ExitCode.usage,
  })
}

function help(width: number | undefined): string {
  return `Says what changed between runs, with 95 % intervals where there are enough runs for one, and what they cannot tell.

Usage: perfwright compare BEFORE AFTER [flags]

Each side is a record, several records joined by commas, "latest", or the name of a baseline. One run against one shows
what differed and decides nothing; 4 a side, or 8 against one, give intervals. A duet decides better and sooner.

Examples:
  perfwright compare .perfwright/runs/20261122T120000Z-load latest
  perfwright compare main latest --gate
  perfwright compare a1,a2,a3,a4 b1,b2,b3,b4 --json
${flagHelp(FLAGS, width)}

Exit codes: 0; with --gate 30 regression, 32 cannot tell, 33 not comparable; 2 when a record cannot be read.
`
}

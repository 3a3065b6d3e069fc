/** `perfwright history`: where the level of a value changed over many runs, with the commit that fits. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import {
  addToHistory,
  defaultHistory,
  historyFile,
  historyPage,
  historyText,
  lineagesOf,
  readHistory,
} from '#history/index.js'
import { nodeDisk } from '#record/index.js'
import type { Command } from '../command.js'
import { type Flag, flagHelp, parseFlags } from '../flag-table.js'
import { recordNames } from '../record-dir.js'
import { factsOf, percentOf } from './compare.js'

const FLAGS: readonly Flag[] = [
  { name: 'all', takes: 'nothing', group: 'Flags', help: 'add: every record below .perfwright/runs' },
  { name: 'file', takes: 'text', arg: 'FILE', group: 'Flags', help: `the history (default ${historyFile})` },
  { name: 'html', takes: 'text', arg: 'FILE', group: 'Flags', help: 'write it as one page' },
  { name: 'margin', takes: 'text', arg: 'PERCENT', group: 'Flags', help: 'smallest change that is told (default 5)' },
  { name: 'json', takes: 'nothing', group: 'Flags', help: 'the answer as JSON' },
  { name: 'help', short: 'h', takes: 'nothing', group: 'Flags', help: 'this text' },
]

export const historyCommand: Command = {
  name: 'history',
  summary: 'say where the level of a metric changed over many runs, and with which commit',
  async run(argv, io) {
    const { values, args } = parseFlags(FLAGS, argv)
    if (values.get('help') === true) {
      io.stdout.write(help(io.stdout.columns))
      return ExitCode.ok
    }
    const path = resolve(io.cwd, (values.get('file') as string | undefined) ?? historyFile)
    const [verb, ...records] = args
    if (verb === 'add') {
      const known = new Set((await readHistory(nodeDisk, path)).runs.map(({ id }) => id))
      const all = values.get('all') === true
      const words = all
        ? recordNames(io.cwd).filter((name) => !known.has(name))
        : records.length === 0
          ? ['latest']
          : records
      const added = []
      for (const word of words) {
        try {
          added.push(...(await factsOf([word], io)))
        } catch (error) {
          if (!all || !(error instanceof PerfwrightError)) throw error
          io.stderr.write(`left out: ${word}: ${error.message}\n`)
        }
      }
      mkdirSync(dirname(path), { recursive: true })
      await addToHistory(nodeDisk, path, added)
      io.stdout.write(`${added.length} runs added to ${path}\n`)
      return ExitCode.ok
    }
    if (verb !== undefined) throw usage(`history knows add, or no word at all, not "${verb}".`)
    const { runs, damaged } = await readHistory(nodeDisk, path)
    const margin = percentOf(values.get('margin'), 100 * defaultHistory.margin, '--margin')
    const lineages = lineagesOf(runs, { ...defaultHistory, margin })
    const page = values.get('html') as string | undefined
    if (page !== undefined) {
      const file = resolve(io.cwd, page)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, historyPage(lineages))
      io.stderr.write(`${join(file)}\n`)
    }
    if (values.get('json') === true) io.stdout.write(`${JSON.stringify({ damaged, lineages }, null, 2)}\n`)
    else if (page === undefined) io.stdout.write(historyText(lineages, damaged))
    return ExitCode.ok
  },
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_HISTORY_USAGE',
    message,
    fix: 'perfwright history --help',
    exitCode: ExitCode.usage,
  })
}

function help(width: number | undefined): string {
  return `Says where the level of a metric changed over many runs of one test on one machine, and between which commits.

Usage: perfwright history add [RECORD...] [--all]    ("latest" when no record is named)
       perfwright history [--html FILE] [--json]

Change points by E-divisive means in windows of ${defaultHistory.window} runs. The history is one line of JSON a run: commit it, or keep it as
an artifact of CI.

Examples:
  perfwright history add latest
  perfwright history --html history.html
${flagHelp(FLAGS, width)}
`
}

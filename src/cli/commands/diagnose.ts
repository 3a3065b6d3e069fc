/** `perfwright diagnose RECORD`: what held it back, with the evidence, from a record of today or of last year. */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { diagnose, type Diagnosis } from '#diagnose/diagnose.js'
import { rules } from '#diagnose/rules/index.js'
import { diagnosisText } from '#diagnose/text.js'
import { nodeDisk, readRecord, writeFindings } from '#record/index.js'
import type { Command, CommandIo } from '../command.js'

export const diagnoseCommand: Command = {
  name: 'diagnose',
  summary: 'say what held a run back: findings with evidence, confidence and a fix',
  async run(argv, io) {
    const flags = parse(argv)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (flags.explain && flags.record === undefined) {
      io.stdout.write(explanations(flags.rules))
      return ExitCode.ok
    }
    const record = await readRecord(recordDir(flags.record, io.cwd))
    const diagnosis = await diagnose(record, flags.rules === undefined ? {} : { only: flags.rules })
    // One rule alone is a question; only a whole diagnosis takes the place of the last one.
    if (flags.rules === undefined) await keep(record.dir, diagnosis, io)
    if (flags.json) io.stdout.write(`${JSON.stringify({ record: record.dir, ...diagnosis }, null, 2)}\n`)
    else {
      const color = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined
      io.stdout.write(diagnosisText(diagnosis, { color, width: Math.min(io.stdout.columns ?? 100, 140) }))
      if (flags.explain) io.stdout.write(`\n${explanations(flags.rules)}`)
    }
    for (const { what, why } of record.missing) io.stderr.write(`missing in the record: ${what} (${why})\n`)
    return exitCodeOf(diagnosis, flags.failOn)
  },
}

const HELP = `Says what held a run back: application code, event loop, garbage, locks, pool, database (which statement), network,
another service, or the load generator itself. Writes findings.json and analysis.json into the record.

Usage: perfwright diagnose [RECORD] [flags]

RECORD is the folder of a run, which holds run.json; left out, or "latest", the newest below .perfwright/runs.

Flags:
      --json             findings, analysis and what was looked at as JSON
      --rule LIST        only these rules, and the record stays as it is: ${rules.map(({ name }) => name).join(', ')}
      --explain          what each rule looks at and when it speaks (without RECORD: that alone)
      --fail-on LEVEL    exit with 31 when there is a finding of this severity or worse: warning, critical
  -h, --help             this text

Exit codes: 0 whatever was found, unless --fail-on asks for 31; 2 when there is no readable record.

Examples:
  perfwright diagnose
  perfwright diagnose .perfwright/runs/20261122T120000Z-checkout --json
  perfwright diagnose latest --rule pool-exhausted --fail-on warning
`

interface Flags {
  readonly help: boolean
  readonly json: boolean
  readonly explain: boolean
  readonly record: string | undefined
  readonly rules: readonly string[] | undefined
  readonly failOn: 'warning' | 'critical' | undefined
}

function parse(argv: readonly string[]): Flags {
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(argv)
  } catch (error) {
    throw usage((error as Error).message)
  }
  const { values, positionals } = parsed
  if (positionals.length > 1) throw usage(`one record at a time, not ${positionals.length}`)
  const names = values.rule?.flatMap((list) => list.split(',')).map((name) => name.trim())
  for (const name of names ?? []) {
    if (!rules.some((rule) => rule.name === name))
      throw usage(`there is no rule "${name}"; there are ${rules.map((rule) => rule.name).join(', ')}`)
  }
  const failOn = values['fail-on']
  if (failOn !== undefined && failOn !== 'warning' && failOn !== 'critical')
    throw usage(`--fail-on takes warning or critical, not "${failOn}"`)
  return {
    help: values.help === true,
    json: values.json === true,
    explain: values.explain === true,
    record: positionals[0],
    rules: names,
    failOn,
  }
}

// The result's type is long and says nothing that the options do not.
function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      rule: { type: 'string', multiple: true },
      explain: { type: 'boolean' },
      'fail-on': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

function explanations(names: readonly string[] | undefined): string {
  return rules
    .filter(({ name }) => names === undefined || names.includes(name))
    .map(({ name, explains }) => `${name}\n  ${explains}\n`)
    .join('\n')
}

async function keep(dir: string, { findings, analysis }: Diagnosis, io: CommandIo): Promise<void> {
  try {
    await writeFindings(nodeDisk, dir, { findings, analysis })
  } catch (error) {
    // A record on a read-only disk can be diagnosed all the same.
    io.stderr.write(`the record keeps its former findings: ${(error as Error).message}\n`)
  }
}

function exitCodeOf({ findings }: Diagnosis, failOn: Flags['failOn']): ExitCode {
  if (failOn === undefined) return ExitCode.ok
  const bad = findings.some(
    ({ severity }) => severity === 'critical' || (failOn === 'warning' && severity === 'warning'),
  )
  return bad ? ExitCode.sloMissed : ExitCode.ok
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_DIAGNOSE_USAGE',
    message,
    fix: 'perfwright diagnose --help lists the flags',
    exitCode: ExitCode.usage,
  })
}

/** Folder names begin with the time, so the last one is the newest. */
function recordDir(given: string | undefined, cwd: string): string {
  if (given !== undefined && given !== 'latest') return resolve(cwd, given)
  const runs = join(cwd, '.perfwright', 'runs')
  let names: string[] = []
  try {
    names = readdirSync(runs, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch {
    // No folder is no record.
  }
  const newest = names.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1)
  if (newest === undefined) throw usage(`there is no record below ${runs}`)
  return join(runs, newest)
}

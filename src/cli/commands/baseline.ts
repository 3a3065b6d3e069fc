/** `perfwright baseline`: which runs others are compared with. */
import { join } from 'node:path'
import { systemClock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { baselineDir, baselineNames, enoughBaseline, readBaseline, writeBaseline } from '#gate/index.js'
import { nodeDisk } from '#record/index.js'
import type { Command } from '../command.js'
import { type Flag, parseFlags } from '../flag-table.js'
import { factsOf } from './compare.js'

const FLAGS: readonly Flag[] = [
  { name: 'add', takes: 'nothing', group: 'Flags', help: 'keep the runs that it has' },
  { name: 'json', takes: 'nothing', group: 'Flags', help: 'the answer as JSON' },
  { name: 'help', short: 'h', takes: 'nothing', group: 'Flags', help: 'this text' },
]

export const baselineCommand: Command = {
  name: 'baseline',
  summary: 'set, list and show the runs that others are compared with',
  async run(argv, io) {
    const { values, args } = parseFlags(FLAGS, argv)
    const [verb, name, ...records] = args
    if (values.get('help') === true || verb === undefined) {
      io.stdout.write(HELP)
      return verb === undefined && values.get('help') !== true ? ExitCode.usage : ExitCode.ok
    }
    const dir = join(io.cwd, baselineDir)
    const asJson = values.get('json') === true
    if (verb === 'list') {
      const all = await Promise.all((await baselineNames(nodeDisk, dir)).map((one) => readBaseline(nodeDisk, dir, one)))
      if (asJson)
        io.stdout.write(
          `${JSON.stringify(
            all.map(({ runs, ...rest }) => ({ ...rest, runs: runs.length })),
            null,
            2,
          )}\n`,
        )
      else if (all.length === 0) io.stdout.write('There is no baseline yet: perfwright baseline set NAME RECORD...\n')
      else for (const one of all) io.stdout.write(`${one.name}  ${one.runs.length} runs  ${one.runs[0]!.script}\n`)
      return ExitCode.ok
    }
    if (name === undefined) throw usage(`baseline ${verb} takes the name of a baseline.`)
    if (verb === 'show') {
      const baseline = await readBaseline(nodeDisk, dir, name)
      if (asJson) io.stdout.write(`${JSON.stringify(baseline, null, 2)}\n`)
      else {
        io.stdout.write(`${baseline.name}: ${baseline.runs[0]!.script} on ${baseline.runs[0]!.machineText}\n`)
        for (const run of baseline.runs) {
          const p95 = run.values.find((value) => value.name === 'http_req_duration p95')
          io.stdout.write(
            `  ${run.id}  ${run.commit?.slice(0, 10) ?? 'no commit'}  ${p95 === undefined ? 'no p95' : `p95 ${p95.value.toFixed(2)} ms`}\n`,
          )
        }
      }
      return ExitCode.ok
    }
    if (verb !== 'set') throw usage(`baseline knows set, list and show, not "${verb}".`)
    const fresh = await factsOf(records.length === 0 ? ['latest'] : records, io)
    const kept = values.get('add') === true ? (await readBaseline(nodeDisk, dir, name)).runs : []
    const ids = new Set(fresh.map(({ id }) => id))
    const runs = [...kept.filter(({ id }) => !ids.has(id)), ...fresh]
    const odd = runs.find(({ test, machine }) => test !== runs[0]!.test || machine !== runs[0]!.machine)
    if (odd !== undefined)
      throw usage(
        `${odd.id} ran another test, or on another machine, than ${runs[0]!.id}: a baseline is one test on one machine.`,
      )
    const bad = runs.find(({ trust, finished }) => trust === 'not-trustworthy' || !finished)
    if (bad !== undefined) throw usage(`${bad.id} is not trustworthy, or did not run to its end.`)
    await writeBaseline(nodeDisk, dir, { formatVersion: 1, name, setUnixMs: systemClock.unixMs(), runs })
    const more = enoughBaseline - runs.length
    io.stdout.write(
      `${name}: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}${more > 0 ? `; ${more} more and one new run can be judged against it (perfwright baseline set ${name} --add RECORD)` : ''}\n`,
    )
    return ExitCode.ok
  },
}

function usage(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_BASELINE_USAGE',
    message,
    fix: 'perfwright baseline --help',
    exitCode: ExitCode.usage,
  })
}

const HELP = `The runs that others are compared with, kept by name in .perfwright/baselines.

Usage: perfwright baseline set NAME [RECORD...] [--add]   ("latest" when no record is named)
       perfwright baseline list
       perfwright baseline show NAME

Flags:
  --add         keep the runs that it has and add these
  --json        the answer as JSON
  -h, --help    this text

One new run can be judged against ${enoughBaseline} runs of the same test on the same machine: run --baseline NAME, compare NAME latest --gate.

Examples:
  perfwright baseline set main latest
  perfwright baseline set main --add latest
`

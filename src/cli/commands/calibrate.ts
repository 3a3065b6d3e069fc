/** `perfwright calibrate`: the false alarms and the smallest detectable change of this machine, by A/A duets. */
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { calibrationOf, falseAlarms, runDuets, usage } from '#duet/index.js'
import type { Command } from '../command.js'
import { thisMachine, writeCalibration } from '../duet/calibration-file.js'
import { DUET_FLAGS, readDuetFlags } from '../duet/flags.js'
import { duetting } from '../duet/plan-of.js'
import { untilStopped } from '../duet/stopping.js'
import { flagHelp } from '../flag-table.js'

const calibrated = 20
const gateSize = 8

export const calibrateCommand: Command = {
  name: 'calibrate',
  summary: 'measure how often this machine cries wolf and the smallest change that it can see',
  async run(argv, io) {
    const { flags: given, parsed } = readDuetFlags(argv)
    if (given.help) {
      io.stdout.write(help(io.stdout.columns))
      return ExitCode.ok
    }
    if (given.a === undefined || given.b !== undefined)
      throw usage(
        'calibrate takes one command, which is both sides.',
        "perfwright calibrate --a 'node server.js' --url /items",
      )
    const duets = parsed.values.has('duets') ? given.duets : calibrated
    const flags = { ...given, b: given.a, duets, most: duets }
    return await untilStopped(async (signal) => {
      const { plan } = await duetting(flags, io, signal)
      const progress = (text: string): void => void (flags.json || io.stderr.write(`${text}\n`))
      const { duets: measured, stopped } = await runDuets(plan, { clock: systemClock, signal, progress })
      if (stopped || plan.judge === undefined) return ExitCode.interrupted
      const about = { machine: thisMachine(), measuredUnixMs: systemClock.unixMs(), measuredMs: flags.measuredMs }
      const calibration = calibrationOf(measured, about, plan.judge)
      const size = Math.min(gateSize, measured.length)
      const alarms = falseAlarms(measured, size, plan.judge)
      const file = writeCalibration(io.cwd, calibration)
      if (flags.json) {
        io.stdout.write(`${JSON.stringify({ ...calibration, falseAlarms: { size, ...alarms }, file }, null, 2)}\n`)
        return ExitCode.ok
      }
      io.stdout.write(`${measured.length} A/A duets; both sides are the same, so every change is a false alarm\n\n`)
      const sizes = ['4', '8', '12', '16']
      io.stdout.write(`  ${'metric'.padEnd(34)}noise    finds, with ${sizes.map((n) => n.padEnd(8)).join('')}duets\n`)
      for (const { metric, endpoint, sd, detectable } of calibration.rows) {
        const name = `${metric === 'cpu' ? 'CPU per request' : metric} ${endpoint}`.slice(0, 32)
        const shown = sizes.map((n) => `${(100 * (detectable[n] ?? 0)).toFixed(1)} %`.padEnd(8)).join('')
        io.stdout.write(`  ${name.padEnd(34)}${(100 * sd).toFixed(1).padStart(4)} %                ${shown}\n`)
      }
      io.stdout.write(
        `\nfalse alarms of gates of ${size} duets drawn from these: ${(100 * alarms.alarms).toFixed(1)} % (${alarms.gates} independent gates: between ${(100 * alarms.low).toFixed(0)} and ${(100 * alarms.high).toFixed(0)} %)\nkept in ${file}; perfwright gate promises no more than that\n`,
      )
      return ExitCode.ok
    })
  },
}

function help(width: number | undefined): string {
  return `Measures, by duets of a program with itself, how often a gate on this machine would cry wolf, and the smallest change
that it can see. Kept in .perfwright/calibration.json; perfwright gate refuses to promise more.

Usage: perfwright calibrate --a CMD [flags] [SCRIPT]

Examples:
  perfwright calibrate --a 'node server.js' --url /items
  perfwright calibrate --a 'npm start' load.js -n 40
${flagHelp(
  DUET_FLAGS.filter(({ name }) => !['b', 'b-url', 'max', 'format', 'keep', 'output'].includes(name)),
  width,
)}

${calibrated} duets by default. Exit codes: 0; 34 the program could not be used; 105 interrupted, nothing is kept.
`
}

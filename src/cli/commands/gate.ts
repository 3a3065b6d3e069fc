/** `perfwright gate`: may this change go in? By duets, by interleaved runs, or against a baseline. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { systemClock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { brokenPromise, runDuets, usage } from '#duet/index.js'
import { baselineDir, compareRuns, comparisonMarkdown, comparisonText, readBaseline } from '#gate/index.js'
import { nodeDisk } from '#record/index.js'
import type { Command, CommandIo } from '../command.js'
import { readCalibration } from '../duet/calibration-file.js'
import { DUET_FLAGS, type DuetFlags, readDuetFlags } from '../duet/flags.js'
import { answer, duetting, textOf } from '../duet/plan-of.js'
import { untilStopped } from '../duet/stopping.js'
import { type Flag, flagHelp } from '../flag-table.js'
import { exitOfComparison, factsOf } from './compare.js'
import { exitCodeOf } from './duet.js'

const FLAGS: readonly Flag[] = [
  {
    name: 'baseline',
    takes: 'text',
    arg: 'NAME',
    group: 'Verdict',
    help: 'judge RECORD ("latest") against this baseline instead',
  },
  {
    name: 'on-inconclusive',
    takes: 'text',
    arg: 'WHAT',
    group: 'Verdict',
    help: 'fail (exit 32), warn or pass when it cannot tell (default warn)',
  },
  {
    name: 'allow-noisy',
    takes: 'nothing',
    group: 'Verdict',
    help: 'judge though the calibration says that this machine cannot',
  },
  {
    name: 'config',
    short: 'c',
    takes: 'text',
    arg: 'FILE',
    group: 'Verdict',
    help: 'flags as YAML (default perfwright.gate.yaml, if there is one)',
  },
]
const configName = 'perfwright.gate.yaml'

export const gateCommand: Command = {
  name: 'gate',
  summary: 'let a change pass or not: by duets, or against a baseline, promising no more than this machine can see',
  async run(argv, io) {
    const words = [...configured(argv, io), ...argv]
    const { flags, parsed } = readDuetFlags(words, FLAGS)
    if (flags.help) {
      io.stdout.write(help(io.stdout.columns))
      return ExitCode.ok
    }
    const onOpen = parsed.values.get('on-inconclusive') ?? 'warn'
    if (onOpen !== 'fail' && onOpen !== 'warn' && onOpen !== 'pass')
      throw usage(`--on-inconclusive takes fail, warn or pass, not "${String(onOpen)}".`, '--on-inconclusive warn')
    const settle = (code: ExitCode): ExitCode => {
      if (code !== ExitCode.inconclusive || onOpen === 'fail') return code
      if (onOpen === 'warn')
        io.stderr.write('The gate lets it pass with a warning: it cannot tell (--on-inconclusive fail stops it).\n')
      return ExitCode.ok
    }
    const name = parsed.values.get('baseline') as string | undefined
    if (name !== undefined) return settle(await againstBaseline(name, flags, io))
    refuseEmptyPromise(flags, parsed.values.get('allow-noisy') === true, io)
    return await untilStopped(async (signal) => {
      const what = await duetting(flags, io, signal)
      const progress = (text: string): void => void (flags.json || io.stderr.write(`${text}\n`))
      const result = await runDuets(what.plan, { clock: systemClock, signal, progress })
      answer(what, result, flags, io)
      return result.stopped ? ExitCode.interrupted : settle(exitCodeOf(result.verdict))
    })
  },
}

async function againstBaseline(name: string, flags: DuetFlags, io: CommandIo): Promise<ExitCode> {
  const { runs } = await readBaseline(nodeDisk, join(io.cwd, baselineDir), name)
  const after = await factsOf([flags.script ?? 'latest'], io)
  const comparison = compareRuns(runs, after, { margin: flags.margin, level: flags.level })
  if (flags.json) io.stdout.write(`${JSON.stringify(comparison, null, 2)}\n`)
  else io.stdout.write(flags.format === 'md' ? comparisonMarkdown(comparison) : comparisonText(comparison))
  return exitOfComparison(comparison)
}

/** @throws PW_GATE_PROMISE */
function refuseEmptyPromise(flags: DuetFlags, isAllowed: boolean, io: CommandIo): void {
  const calibration = readCalibration(io.cwd)
  if (calibration === undefined) {
    if (!flags.json)
      io.stderr.write('This machine is not calibrated (perfwright calibrate): the gate goes by this run alone.\n')
    return
  }
  const broken = brokenPromise(calibration, flags.most, { margin: flags.margin, level: flags.level })
  if (broken === undefined) return
  if (!isAllowed) throw promise(broken)
  io.stderr.write(`${broken}; judged all the same (--allow-noisy)\n`)
}

const configSchema = z
  .object({
    a: z.string(),
    b: z.string(),
    aUrl: z.string(),
    bUrl: z.string(),
    url: z.union([z.string(), z.array(z.string())]),
    requests: z.string(),
    baseEnv: z.string(),
    duets: z.number(),
    max: z.number(),
    each: z.string(),
    warmUp: z.string(),
    inFlight: z.number(),
    interleave: z.boolean(),
    margin: z.number(),
    level: z.number(),
    onInconclusive: z.string(),
    allowNoisy: z.boolean(),
    script: z.string(),
  })
  .partial()
  .strict()

/** The file's keys as flags, before those of the command line, which win. */
function configured(argv: readonly string[], io: CommandIo): string[] {
  const at = argv.findIndex((word) => word === '--config' || word === '-c')
  const named = at < 0 ? argv.find((word) => word.startsWith('--config='))?.slice(9) : argv[at + 1]
  const path = resolve(io.cwd, named ?? configName)
  if (named === undefined && !existsSync(path)) return []
  const checked = configSchema.safeParse(parseYaml(textOf(path)) ?? {})
  if (!checked.success)
    throw usage(`${path}: ${z.prettifyError(checked.error)}`, 'perfwright gate --help lists the keys')
  const { script, ...rest } = checked.data
  const hasRequests = argv.some((word) => /^--(url|requests)(=|$)/.test(word))
  const words = Object.entries(rest).flatMap(([key, value]) => {
    if (hasRequests && (key === 'url' || key === 'requests')) return []
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    if (typeof value === 'boolean') return value ? [flag] : []
    return (Array.isArray(value) ? value : [value]).flatMap((one) => [flag, String(one)])
  })
  return script === undefined || hasRequests ? words : [...words, script]
}

function promise(message: string): Error {
  return new PerfwrightError({
    code: 'PW_GATE_PROMISE',
    message,
    fix: 'follow the message, or --allow-noisy; after a change of the machine: perfwright calibrate',
    exitCode: ExitCode.notTrustworthy,
  })
}

function help(width: number | undefined): string {
  return `Lets a change pass or not. By duets of both versions (perfwright duet), by interleaved runs where they cannot run at once,
or by a record against a stored baseline of the same machine and enough runs. Promises no more than the calibration allows.

Usage: perfwright gate --a CMD --b CMD [flags] [SCRIPT]
       perfwright gate --baseline NAME [RECORD]

Examples:
  perfwright gate --a 'cd ../main && npm start' --b 'npm start' load.js
  perfwright gate --a 'node old.js' --b 'node new.js' --url /items --margin 10 --max 32
  perfwright gate --baseline main latest
${flagHelp([...DUET_FLAGS, ...FLAGS], width)}

perfwright.gate.yaml holds the same in camel case: a, b, script, url, duets, max, each, margin, onInconclusive, ...

Exit codes: 0 passed; 30 regression; 32 cannot tell, with --on-inconclusive fail; 33 not comparable, or the calibration says
that this machine cannot see such a change; 34 a side could not be used; 105 interrupted.
`
}

/** `perfwright advise`: what to change in database, cache and API, each with its text, its gain and how that was tried. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { advise, type AdviseResult } from '#advise/advise.js'
import { advisors } from '#advise/index.js'
import { adviceMarkdown, adviceText } from '#advise/text.js'
import { detectTarget, type SourceFiles } from '#advise/target/detect.js'
import type { AdviseInput } from '#advise/types.js'
import { systemClock } from '#base/clock.js'
import { ExitCode } from '#base/errors.js'
import { seededRandom } from '#base/random.js'
import { type Finding, nodeDisk, readFindings, readRecord, type RunRecord, writeFindings } from '#record/index.js'
import type { Command, CommandIo } from '../command.js'
import { captureTarget } from './advise/capture.js'
import { type AdviseFlags, HELP, parseAdviseFlags } from './advise/flags.js'

export const adviseCommand: Command = {
  name: 'advise',
  summary: 'what to change in database, cache and API, with the text of the change and how it was tried',
  async run(argv, io) {
    const flags = parseAdviseFlags(argv, io)
    if (flags.help) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (flags.explain) {
      for (const { load } of advisors) {
        const { name, explains } = await load()
        io.stdout.write(`${name}\n  ${explains}\n\n`)
      }
      return ExitCode.ok
    }
    const stop = new AbortController()
    const onInterrupt = (): void => stop.abort()
    process.once('SIGINT', onInterrupt)
    process.once('SIGTERM', onInterrupt)
    try {
      const record = flags.record === undefined ? undefined : await readRecord(resolve(io.cwd, flags.record))
      const result = await advise(await inputOf(flags, record, stop.signal, io), flags.only)
      if (record !== undefined) await keep(record, result, flags, io)
      show(result, flags, record, io)
      return stop.signal.aborted ? ExitCode.interrupted : exitCodeOf(result, flags)
    } catch (error) {
      // What is under way when somebody interrupts fails in its own way.
      if (!stop.signal.aborted) throw error
      io.stderr.write('interrupted: proxies and target are ended, nothing was changed\n')
      return ExitCode.interrupted
    } finally {
      process.removeListener('SIGINT', onInterrupt)
      process.removeListener('SIGTERM', onInterrupt)
    }
  },
}

async function inputOf(
  flags: AdviseFlags,
  record: RunRecord | undefined,
  signal: AbortSignal,
  io: CommandIo,
): Promise<AdviseInput> {
  return {
    record,
    databases: flags.databases,
    capture: await captureTarget(flags, signal, io),
    target: detectTarget(flags.targetCommand, resolve(io.cwd, flags.source ?? '.'), sourceFiles),
    sources: sourceFiles,
    scratch: flags.scratch,
    stalenessS: flags.stalenessS,
    clock: systemClock,
    random: seededRandom(flags.seed),
    signal,
    progress: (text) => void (flags.json || io.stderr.write(`${text}\n`)),
  }
}

const MAX_SOURCE_BYTES = 1_000_000

const sourceFiles: SourceFiles = {
  list(dir) {
    try {
      return readdirSync(dir)
    } catch {
      return undefined
    }
  },
  read(path) {
    try {
      return statSync(path).size > MAX_SOURCE_BYTES ? undefined : readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
}

/** What a diagnosis found stays, but for what an adviser says of the same place. */
async function keep(record: RunRecord, { advice }: AdviseResult, flags: AdviseFlags, io: CommandIo): Promise<void> {
  try {
    const ids = new Set(advice.map(({ id }) => id))
    const asked = (rule: string): boolean =>
      flags.only === undefined || flags.only.includes(rule.slice('advise/'.length))
    const others = ((await readFindings(nodeDisk, record.dir)) ?? []).filter(
      (one) =>
        !ids.has(one.id) &&
        !advice.some((other) => isSamePlace(one, other)) &&
        !(one.rule.startsWith('advise/') && asked(one.rule)),
    )
    await writeFindings(nodeDisk, record.dir, { findings: [...others, ...advice] })
  } catch (error) {
    io.stderr.write(`the record keeps its former findings: ${(error as Error).message}\n`)
  }
}

/** An adviser adds file and function to the place that a diagnosis knew by its statement. */
function isSamePlace(one: Finding, other: Finding): boolean {
  return (
    one.kind === other.kind &&
    one.where.sql !== undefined &&
    one.where.sql === other.where.sql &&
    one.where.endpoint === other.where.endpoint
  )
}

function show(result: AdviseResult, flags: AdviseFlags, record: RunRecord | undefined, io: CommandIo): void {
  if (flags.json) io.stdout.write(`${JSON.stringify({ record: record?.dir ?? null, ...result }, null, 2)}\n`)
  else if (flags.format === 'md') io.stdout.write(adviceMarkdown(result))
  else {
    const color = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined
    io.stdout.write(adviceText(result, { color, width: Math.min(io.stdout.columns ?? 100, 140) }))
  }
}

function exitCodeOf({ advice }: AdviseResult, { failOn }: AdviseFlags): ExitCode {
  if (failOn === undefined) return ExitCode.ok
  const isBad = advice.some(
    ({ severity }) => severity === 'critical' || (failOn === 'warning' && severity === 'warning'),
  )
  return isBad ? ExitCode.sloMissed : ExitCode.ok
}

/**
 * `perfwright run SCRIPT`: k6's flags and exit codes, a live view, k6's summary, a record.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { codeOfFailure } from '#api/exit.js'
import { loadScript } from '#api/load-script.js'
import { type RunResult, TestRun } from '#api/run-test.js'
import { RunTargets } from '#api/targets.js'
import { type CompanionAnswer, Companions, type RunCompanion } from '#api/companion.js'
import { RunFiles } from '#api/run-files.js'
import { readConfigFile } from '#config/index.js'
import { runK6 } from '#engine/k6/run-k6.js'
import type { StartEngine } from '#engine/load-engine.js'
import { ScriptFailure } from '#engine/native/engine.js'
import type { BreakdownBy } from '#metrics/index.js'
import { refusedHosts } from '#plan/known-services.js'
import type { ProfileKind } from '#profile/take/types.js'
import { k6SummaryData, k6SummaryExport, machineReadableSummary } from '#report/summary/index.js'
import type { Command, CommandIo } from '../command.js'
import { parseRunFlags, type RunCommand, runHelp, withoutEffect, withoutOwnFlags } from '../run-flags.js'
import { ControlHost } from '../control-host.js'
import type { PlannedRun } from '../plan-run.js'
import { DashboardHost } from '../run-companions/dashboard.js'
import { RunTerminal } from '../run-terminal.js'
import { compile, proxyEnv, scriptEnv, secretSources } from '../script-host.js'
import { version } from '../version.js'

export const runCommand: Command = {
  name: 'run',
  summary: 'run a k6 script on the native engine, with a verdict, a summary and a record',
  async run(argv, io) {
    let flags: RunCommand
    try {
      flags = parseRunFlags(argv, io.env)
    } catch (error) {
      return refuse(error, io)
    }
    if (flags.help) {
      io.stdout.write(`${runHelp(io.stdout.columns)}\n`)
      return ExitCode.ok
    }
    let planned: PlannedRun | undefined
    try {
      // Its code comes with two libraries, which a run of a script does not need.
      if (/\.ya?ml$/i.test(flags.script)) planned = (await import('../plan-run.js')).withPlan(flags, io.cwd)
    } catch (error) {
      return refuse(error, io)
    }
    if (flags.runtime.engine === 'k6' && flags.runtime.cluster === undefined) {
      return planned === undefined
        ? await runK6(withoutOwnFlags(argv), io)
        : await planOnK6(withoutOwnFlags(argv), flags.script, planned, io)
    }
    flags = planned?.flags ?? flags
    return (await runScript(flags, io)).exitCode
  },
}

export interface RunAnswer {
  readonly exitCode: number
  readonly recordDir: string | undefined
}

/** The run itself, for commands that bring their own script (`demo`). */
export async function runScript(flags: RunCommand, io: CommandIo): Promise<RunAnswer> {
  const { runtime } = flags
  const terminal = new RunTerminal(io, runtime, systemClock)
  const files = new RunFiles({
    clock: systemClock,
    cwd: io.cwd,
    env: io.env,
    outputs: runtime.outputs,
    features: runtime.features,
    recordDir: runtime.record,
    testType: runtime.testType,
    scalingFactor: flags.plan?.scalingFactor,
    commandLine: process.argv.slice(2),
    stdout: io.stdout,
    version: version(),
    warn: (message) => terminal.warn(message),
  })
  const api = new ControlHost()
  const companions = new Companions(await companionsOf(flags, io), (name, error) => {
    const why = error instanceof Error ? error.message : String(error)
    terminal.warn(`${name} gave up, the run goes on: ${why}`)
    files.event('companion', { name, failed: why })
  })
  try {
    await terminal.open()
    for (const flag of withoutEffect(flags))
      terminal.warn(`${flag} has no effect on the native engine yet; --engine k6 runs the script on the real k6`)
    const configFile = readConfigFile(runtime.configFile, io.env)
    files.addOutputs(runtime.outputs.length === 0 ? configFile.out : [])
    const source = await loadScript(flags.script, io.cwd, io.stdin)
    const run = new TestRun(
      {
        compiled: compile(source, io.env),
        entryUrl: source.url,
        tiers: {
          configFile: configFile.options,
          env: io.env,
          flags: {
            ...flags.options,
            ...(runtime.traceRequests ? { traceRequests: true } : {}),
            refusedHosts: refusedHosts(runtime.allowHosts),
            onlyHosts: runtime.onlyHosts,
          },
          mergeRunTags: runtime.features.includes('merge-run-tags'),
          defaults: { userAgent: `perfwright/${version()}` },
        },
        env: scriptEnv(io.env, runtime),
        proxyEnv: proxyEnv(io.env),
        secrets: secretSources(runtime.secretSources, io),
        summaryBy: runtime.summaryBy as readonly BreakdownBy[],
        failOnCheck: runtime.failOnCheck,
        failOnError: runtime.failOnError,
        strict: runtime.strict,
        workers: runtime.workers,
        clock: systemClock,
        engine: await engineOf(flags, io, (message) =>
          terminal.log({ level: 'info', message, fields: {}, unixMs: systemClock.unixMs() }),
        ),
      },
      {
        rawSamples: files.wantsSamples,
        log: (line) => terminal.log(line),
        planned: async (plan) => {
          await files.open(plan, { script: flags.script, name: runtime.name, source })
          terminal.planned(plan, flags.script, files)
          api.planned(plan)
          const record = files.writer
          if (record === undefined) return
          const warn = (message: string): void => terminal.warn(message)
          const targets = new RunTargets()
          const note = (message: string): void =>
            terminal.log({ level: 'info', message, fields: {}, unixMs: systemClock.unixMs() })
          await companions.planned({ plan, script: flags.script, record, control: run.control, targets, warn, note })
        },
        live: (state) => {
          api.live(state)
          terminal.live(state)
          companions.tell((companion) => companion.live?.(state))
        },
        window: (window, time) => {
          files.window(window, time)
          companions.tell((companion) => companion.window?.(window, time))
        },
        injector: (values, span) => files.injector(values, span),
        samples: (batch) => files.samples(batch),
        event: (type, detail) => {
          files.event(type, detail)
          companions.tell((companion) => companion.event?.(type, detail))
        },
        missing: () => files.missing,
      },
    )
    let isOver = false
    let wantsOut = false
    const stopListening = onSignals((signal) => {
      // Who presses Ctrl-C while reports are written does not want to wait for pages either.
      if (isOver) wantsOut = true
      else run.interrupt(signal)
    })
    try {
      await api.open(runtime.address, run.control)
      const result = await run.run((measured) => summaryInput(measured, flags, io))
      isOver = true
      await companions.ask((companion) => companion.loadEnded?.(result))
      const exitCode = await finish(result, flags, io, terminal, files, companions)
      const keepsPage = runtime.dashboard !== undefined && runtime.dashboardKeep
      const linger = runtime.linger === true || (keepsPage && result.end.code !== ExitCode.interrupted)
      if (linger && !wantsOut) await untilSignal(terminal, keepsPage ? '--dashboard-keep' : '--linger')
      return { exitCode, recordDir: files.dir }
    } finally {
      stopListening()
    }
  } catch (error) {
    terminal.end()
    if (error instanceof PerfwrightError) {
      terminal.log({ level: 'error', message: error.describe(), fields: {}, unixMs: systemClock.unixMs() })
      await files.abandon(error)
      return { exitCode: error.exitCode, recordDir: files.dir }
    }
    await files.abandon(error)
    if (!(error instanceof ScriptFailure)) throw error
    terminal.scriptFailure(error.failure)
    return { exitCode: codeOfFailure(error.failure), recordDir: files.dir }
  } finally {
    await companions.ask((companion) => companion.close?.())
    await api.close()
    await terminal.close()
  }
}

/** Undefined: threads of this process. */
async function engineOf(
  flags: RunCommand,
  io: CommandIo,
  say: (message: string) => void,
): Promise<StartEngine | undefined> {
  const { cluster, engine } = flags.runtime
  if (cluster === undefined) return undefined
  const { clusterEngine } = await import('../cluster-run.js')
  const archive =
    engine === 'k6'
      ? (await import('#cluster/k6-archive.js')).archiveOf(flags.script, io, flags.runtime.env)
      : undefined
  return clusterEngine(flags, cluster, say, archive)
}

/** k6 reads options from a file; it is gone when the run is over. */
async function planOnK6(argv: readonly string[], file: string, planned: PlannedRun, io: CommandIo): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'perfwright-plan-'))
  const config = join(dir, 'options.json')
  try {
    writeFileSync(config, JSON.stringify(planned.read.k6Options))
    const { k6Arguments } = await import('../plan-run.js')
    return await runK6(k6Arguments(argv, file, planned, config), io)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** In the order in which they are told. */
async function companionsOf({ runtime, plan }: RunCommand, io: CommandIo): Promise<readonly RunCompanion[]> {
  const { profile, observe, dashboard, report, slo } = runtime
  const pySpy = { program: io.env['PW_PYSPY'] ?? 'py-spy', native: false }
  const companions: RunCompanion[] = []
  // Told before all others, because it shows what they say from the start on.
  if (dashboard !== undefined) companions.push(new DashboardHost(runtime, io))
  // The profiler goes before the observers: it leaves the target before the target is ended.
  if (profile !== undefined) {
    const { ProfileCompanion } = await import('../run-companions/profile.js')
    const kinds = profile.includes('auto') ? undefined : (profile as readonly ProfileKind[])
    companions.push(new ProfileCompanion(systemClock, kinds, pySpy))
  }
  if (observe !== undefined) {
    const { ObserveCompanion } = await import('../run-companions/observe.js')
    const env = scriptEnv(io.env, runtime)
    companions.push(new ObserveCompanion(systemClock, { ...observe, pySpy, cwd: io.cwd, env }))
  }
  const { CheckpointWatch } = await import('../run-companions/checkpoints.js')
  companions.push(
    new CheckpointWatch({
      plan,
      allowed: runtime.allowHosts,
      uris: observe?.uris ?? [],
      observes: observe !== undefined,
    }),
  )
  const { RunReading } = await import('../run-companions/run-reading.js')
  const reading = new RunReading()
  const { DiagnoseCompanion } = await import('../run-companions/diagnose.js')
  const color = io.stdout.isTTY === true && !runtime.noColor
  companions.push(
    new DiagnoseCompanion(reading, { color, width: Math.min(io.stdout.columns ?? 120, 160), quiet: runtime.quiet }),
  )
  if (slo !== undefined) {
    const { SloCompanion } = await import('../run-companions/slo.js')
    companions.push(new SloCompanion(slo, io.cwd))
  }
  if (runtime.baseline !== undefined) {
    const { BaselineCompanion } = await import('../run-companions/baseline.js')
    companions.push(new BaselineCompanion(runtime.baseline, io.cwd))
  }
  // The last one: it shows what the others found.
  if (report !== undefined) {
    const { ReportCompanion } = await import('../run-companions/report.js')
    companions.push(new ReportCompanion(reading, report))
  }
  return companions
}

/** handleSummary's argument as JSON; undefined when no summary is wanted. */
function summaryInput(result: RunResult, flags: RunCommand, io: CommandIo): string | undefined {
  if (result.plan.options.noSummary || result.plan.options.summaryMode === 'disabled') return undefined
  return JSON.stringify(summaryData(result, flags, io))
}

function summaryData(result: RunResult, flags: RunCommand, io: CommandIo): object {
  if (flags.runtime.newMachineReadableSummary) {
    return machineReadableSummary(result.summary, {
      script: flags.script,
      version: version(),
      generatedAt: new Date(systemClock.unixMs()),
      mode: result.plan.options.summaryMode,
    })
  }
  return k6SummaryData(result.summary, {
    summaryTimeUnit: result.plan.options.summaryTimeUnit,
    noColor: flags.runtime.noColor,
    isStdOutTTY: io.stdout.isTTY === true,
    isStdErrTTY: io.stderr.isTTY === true,
    ...(result.setupData === undefined ? {} : { setupData: JSON.parse(result.setupData) as unknown }),
  })
}

async function finish(
  result: RunResult,
  flags: RunCommand,
  io: CommandIo,
  terminal: RunTerminal,
  files: RunFiles,
  companions: Companions,
): Promise<number> {
  terminal.end()
  const { runtime } = flags
  const wanted = !result.plan.options.noSummary && result.plan.options.summaryMode !== 'disabled'
  await files.finish(result)
  if (runtime.summaryExport !== undefined) {
    const data = summaryData(result, flags, io)
    const text = runtime.newMachineReadableSummary ? JSON.stringify(data, null, 2) : k6SummaryExport(data as never)
    writeOutput(resolve(io.cwd, runtime.summaryExport), text, terminal)
  }
  if (result.summaryOutputs !== undefined && wanted) {
    for (const [path, content] of Object.entries(result.summaryOutputs)) {
      if (path === 'stdout') io.stdout.write(content)
      else if (path === 'stderr') io.stderr.write(content)
      else writeOutput(resolve(io.cwd, path), content, terminal)
    }
  } else if (wanted && !runtime.json) terminal.summary(result)
  const { dir } = files
  const answers: CompanionAnswer[] =
    dir === undefined
      ? []
      : (await companions.ask((companion) => companion.recordClosed?.(dir, result))).filter((one) => one !== undefined)
  for (const { text } of answers) if (text !== undefined && !runtime.json) io.stdout.write(`${text}\n`)
  terminal.verdict(result, files)
  const exitCode =
    result.end.code === ExitCode.ok
      ? (answers.find(({ exitCode }) => exitCode !== undefined)?.exitCode ?? ExitCode.ok)
      : result.end.code
  if (runtime.json) {
    const { end, trust } = result
    const answer = {
      exit: { code: exitCode, reason: end.text ?? null },
      trust,
      record: files.dir ?? null,
      summary: summaryData(result, flags, io),
      ...Object.assign({}, ...answers.map(({ json }) => json)),
    }
    io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  }
  return exitCode
}

/** The process stays until it is told to go. @param flag  that asked for it */
async function untilSignal(terminal: RunTerminal, flag: string): Promise<void> {
  terminal.warn(`The run is over; Ctrl-C ends the process (${flag}).`)
  await new Promise<void>((resolve) => {
    // A signal handler alone does not keep the process alive.
    const alive = setInterval(() => {}, 60_000)
    const end = (): void => {
      clearInterval(alive)
      resolve()
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
  })
}

function writeOutput(path: string, content: string | Uint8Array, terminal: RunTerminal): void {
  try {
    writeFileSync(path, content)
  } catch (error) {
    terminal.log({
      level: 'error',
      message: 'failed to handle the end-of-test summary',
      fields: {
        error: `Could not save some summary information:\n\t- could not open '${path}': ${reasonOf(error, path)}`,
      },
      unixMs: systemClock.unixMs(),
    })
  }
}

function reasonOf(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? `open ${path}: no such file or directory` : message
}

/** SIGINT and SIGTERM by k6's names of them. */
function onSignals(handle: (signal: string) => void): () => void {
  const int = (): void => handle('interrupt')
  const term = (): void => handle('terminated')
  process.on('SIGINT', int)
  process.on('SIGTERM', term)
  return () => {
    process.off('SIGINT', int)
    process.off('SIGTERM', term)
  }
}

function refuse(error: unknown, io: CommandIo): number {
  if (!(error instanceof PerfwrightError)) throw error
  io.stderr.write(`${error.describe()}\n`)
  return error.exitCode
}
